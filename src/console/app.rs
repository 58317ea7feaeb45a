//! The console's state: everything that a frame is drawn from.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::command_line::CommandLine;
use super::line_input::LineInput;
use super::lists::{Rooms, Users};
use super::log::LogView;
use super::map::Map;
use super::quality::{Concerns, concerns};
use super::theme::Theme;
use super::view::Drawn;
use crate::model::{LogLevel, SessionId, Timestamp};
use crate::operator::{ChatLine, Focus, RoomRow, ServerInfo, Snapshot, UserDetail, UserRow};

/// How long after its last skipped tick a user counts as skipping.
const SKIPPING_FOR: Duration = Duration::from_secs(5);

/// How long a toast stays; one that says why something failed stays twice as long.
const TOAST_FOR: Duration = Duration::from_secs(4);

/// Toasts at once; the oldest goes first.
const TOASTS: usize = 3;

/// A part of the main screen that can have the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    #[default]
    Rooms,
    Users,
    Map,
    Chat,
    Log,
}

impl Pane {
    pub(super) const ALL: [Self; 5] = [Self::Rooms, Self::Users, Self::Map, Self::Chat, Self::Log];

    pub(super) const fn number(self) -> usize {
        self as usize + 1
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Users => "users",
            Self::Map => "map",
            Self::Chat => "chat",
            Self::Log => "log",
        }
    }
}

/// What fills the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Screen {
    #[default]
    Main,
    Detail,
    Help,
}

/// Something that has to be answered before anything else.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Overlay {
    Confirm(Confirm),
    Prompt(Prompt, LineInput),
    /// What is typed filters at once; the string is what was there before, for Esc.
    Filter(Pane, LineInput, String),
    Command(CommandLine),
}

/// A destructive action that waits for `y`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Confirm {
    Kick { session: SessionId, user: Arc<str>, reason: Option<String> },
    Close { room: Arc<str> },
    Quit,
}

/// What a line is typed for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Prompt {
    /// To one room, or all.
    Announce(Option<Arc<str>>),
    Title(Arc<str>),
    /// For one room, or all.
    Fps(Option<Arc<str>>),
    /// Why the user of this confirmation is kicked.
    Reason(Confirm),
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Waiting,
    Done,
    Failed,
}

/// A line that says what came of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Toast {
    pub(super) tone: Tone,
    pub(super) text: String,
    pub(super) until: Instant,
    pub(super) ticket: Option<Ticket>,
}

/// Counts the commands sent, from 1.
pub(super) type Ticket = u64;

/// Stands for what the console did on its own, of which only the last is worth a toast.
pub(super) const LOCAL: Ticket = 0;

/// A user looked at closely; kept when it leaves, so that its last values can be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Detail {
    pub(super) row: UserRow,
    pub(super) more: UserDetail,
    pub(super) gone: bool,
    pub(super) scroll: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Skips {
    total: u64,
    grew: Option<Timestamp>,
}

/// The console's state.
#[derive(Debug)]
pub(super) struct App {
    pub(super) info: ServerInfo,
    pub(super) theme: Theme,
    pub(super) zone: TimeZone,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) frozen: bool,
    pub(super) pane: Pane,
    /// Which of map, chat and log is in front where there is room for one.
    pub(super) front: Pane,
    pub(super) maximised: bool,
    pub(super) screen: Screen,
    pub(super) overlay: Option<Overlay>,
    pub(super) rooms: Rooms,
    pub(super) users: Users,
    /// Whether the operator has chosen a room; until then the console goes where life is.
    pub(super) chosen: bool,
    /// Users of all rooms instead of the selected one's.
    pub(super) all_users: bool,
    pub(super) map: Map,
    /// Lines that the chat is scrolled back.
    pub(super) chat_back: usize,
    pub(super) log: LogView,
    pub(super) detail: Detail,
    pub(super) help_scroll: usize,
    pub(super) toasts: Vec<Toast>,
    pub(super) history: Vec<String>,
    pub(super) tickets: Ticket,
    /// The rate asked for last and when, until a snapshot shows it.
    pub(super) asked_fps: Option<(Option<Arc<str>>, f64, Instant)>,
    pub(super) sent_focus: Focus,
    /// What the last frame put where.
    pub(super) drawn: Drawn,
    skips: HashMap<SessionId, Skips>,
}

impl App {
    pub(super) fn new(info: ServerInfo, theme: Theme, zone: TimeZone) -> Self {
        Self {
            info,
            theme,
            zone,
            snapshot: Arc::default(),
            frozen: false,
            pane: Pane::Rooms,
            front: Pane::Log,
            maximised: false,
            screen: Screen::Main,
            overlay: None,
            rooms: Rooms::default(),
            users: Users::default(),
            chosen: false,
            all_users: false,
            map: Map::default(),
            chat_back: 0,
            log: LogView::new(LogLevel::Info),
            detail: Detail::default(),
            help_scroll: 0,
            toasts: Vec::new(),
            history: Vec::new(),
            tickets: 0,
            asked_fps: None,
            sent_focus: Focus::default(),
            drawn: Drawn::default(),
            skips: HashMap::new(),
        }
    }

    /// The rooms as the table shows them.
    pub(super) fn shown_rooms(&self) -> Vec<&RoomRow> {
        self.rooms.arrange(&self.snapshot.rooms)
    }

    /// The users as the table shows them.
    pub(super) fn shown_users(&self) -> Vec<&UserRow> {
        let room = self.rooms.selected.as_deref();
        let here = self.snapshot.users.iter().filter(|user| {
            self.all_users || user.rooms.iter().any(|presence| Some(&*presence.room) == room)
        });
        self.users.arrange(here, |user| self.is_skipping(user))
    }

    pub(super) fn selected_room(&self) -> Option<&RoomRow> {
        let name = self.rooms.selected.as_ref()?;
        self.snapshot.rooms.iter().find(|room| room.name == *name)
    }

    pub(super) fn selected_user(&self) -> Option<&UserRow> {
        self.user(self.users.selected?)
    }

    /// The user that an action on a user means: the one of the detail view, or the selected one.
    pub(super) fn subject(&self) -> Option<&UserRow> {
        match self.screen {
            Screen::Detail => self.user(self.detail.row.session),
            _ => self.selected_user(),
        }
    }

    pub(super) fn user(&self, session: SessionId) -> Option<&UserRow> {
        self.snapshot.users.iter().find(|user| user.session == session)
    }

    /// The chat of the selected room; empty until a snapshot has it.
    pub(super) fn chat(&self) -> &[ChatLine] {
        let built_for = self.snapshot.focus.room.as_deref();
        if built_for == self.rooms.selected.as_deref() { &self.snapshot.chat } else { &[] }
    }

    /// What is wrong with a user's data.
    pub(super) fn concerns(&self, user: &UserRow) -> Concerns {
        concerns(user, self.is_skipping(user))
    }

    fn is_skipping(&self, user: &UserRow) -> bool {
        let grew = self.skips.get(&user.session).and_then(|skips| skips.grew);
        grew.is_some_and(|grew| self.snapshot.taken_at.since(grew) < SKIPPING_FOR)
    }

    /// Takes a new snapshot in.
    pub(super) fn take(&mut self, snapshot: Arc<Snapshot>) {
        let now = snapshot.taken_at;
        let mut skips = HashMap::with_capacity(snapshot.users.len());
        for user in &snapshot.users {
            let total = user.skipped_ticks;
            let before = self.skips.get(&user.session).copied().unwrap_or_default();
            let grew = if total > before.total { Some(now) } else { before.grew };
            skips.insert(user.session, Skips { total, grew });
        }
        self.skips = skips;
        self.snapshot = snapshot;
        self.settle();
        self.go_where_life_is();
        if self.screen == Screen::Detail {
            self.refresh_detail();
        }
        self.follow();
    }

    fn go_where_life_is(&mut self) {
        let is_quiet = |room: &RoomRow| room.transforms_per_s == 0.0;
        if self.chosen || !self.selected_room().is_none_or(is_quiet) {
            return;
        }
        let by_life =
            |a: &&RoomRow, b: &&RoomRow| a.transforms_per_s.total_cmp(&b.transforms_per_s);
        let liveliest = self.snapshot.rooms.iter().max_by(by_life);
        if let Some(room) = liveliest.filter(|room| !is_quiet(room)) {
            self.rooms.selected = Some(room.name.clone());
            self.settle();
            self.map.automatic();
        }
    }

    /// Puts the selections on rows that are there.
    pub(super) fn settle(&mut self) {
        let names: Vec<Arc<str>> = self.room_ids();
        self.rooms.settle(&names);
        let sessions = self.user_ids();
        self.users.settle(&sessions);
    }

    pub(super) fn room_ids(&self) -> Vec<Arc<str>> {
        self.shown_rooms().iter().map(|room| room.name.clone()).collect()
    }

    pub(super) fn user_ids(&self) -> Vec<SessionId> {
        self.shown_users().iter().map(|user| user.session).collect()
    }

    /// Keeps the map on the heads of the selected room.
    pub(super) fn follow(&mut self) {
        let Some(room) = self.rooms.selected.as_deref() else { return };
        let presences = self.snapshot.users.iter().flat_map(|user| &user.rooms);
        let here = presences.filter(|presence| &*presence.room == room);
        self.map.follow(here.filter_map(|presence| presence.pose.as_ref()));
    }

    pub(super) fn refresh_detail(&mut self) {
        let session = self.detail.row.session;
        let row = self.snapshot.users.iter().find(|user| user.session == session);
        self.detail.gone = row.is_none();
        if let Some(row) = row {
            self.detail.row = row.clone();
        }
        let more = self.snapshot.user.as_ref().filter(|detail| detail.session == session);
        if let Some(more) = more {
            self.detail.more = more.clone();
        }
    }

    /// What is wanted in full from the server.
    pub(super) fn focus(&self) -> Focus {
        let user = (self.screen == Screen::Detail).then_some(self.detail.row.session);
        Focus { room: self.rooms.selected.as_deref().map(str::to_owned), user }
    }

    /// Notes what a frame put where, and keeps scrolling within it.
    pub(super) fn set_drawn(&mut self, drawn: Drawn) {
        match self.screen {
            Screen::Help => self.help_scroll = self.help_scroll.min(drawn.scroll_limit),
            Screen::Detail => self.detail.scroll = self.detail.scroll.min(drawn.scroll_limit),
            Screen::Main => self.chat_back = self.chat_back.min(drawn.chat_limit),
        }
        self.drawn = drawn;
    }

    /// Says what came of something; replaces what was said about the same command before.
    pub(super) fn toast(
        &mut self,
        tone: Tone,
        text: impl Into<String>,
        ticket: Option<Ticket>,
        now: Instant,
    ) {
        if ticket.is_some() {
            self.toasts.retain(|toast| toast.ticket != ticket);
        }
        if self.toasts.len() >= TOASTS {
            self.toasts.remove(0);
        }
        let until = now + if tone == Tone::Failed { TOAST_FOR * 2 } else { TOAST_FOR };
        self.toasts.push(Toast { tone, text: text.into(), until, ticket });
    }
}
