//! The state as a whole, and the questions that views and updates ask of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::detail::Detail;
use super::drawn::Drawn;
use super::lists::{Rooms, Users};
use super::log_view::LogView;
use super::map_view::MapView;
use super::overlay::Overlay;
use super::pane::{Pane, Screen};
use super::quality::{Concerns, concerns};
use super::recording::{Recording, running};
use super::skipping::Skipping;
use super::toast::{self, Ticket, Toast, Tone};
use crate::console::theme::Theme;
use crate::model::{LogLevel, SessionId};
use crate::operator::{
    ChatLine, Focus, RecordedPerson, RecordingProgress, RoomRow, ServerInfo, Snapshot, UserRow,
};

/// The console's state.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) info: ServerInfo,
    pub(crate) theme: Theme,
    pub(crate) zone: TimeZone,
    pub(crate) snapshot: Arc<Snapshot>,
    /// When the snapshot was taken in.
    pub(crate) seen_at: Option<Instant>,
    pub(crate) frozen: bool,
    /// The pane that has the focus.
    pub(crate) pane: Pane,
    /// Which of map, chat and log is in front on screens where they share a place.
    pub(crate) front: Pane,
    pub(crate) maximised: bool,
    pub(crate) screen: Screen,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) rooms: Rooms,
    pub(crate) users: Users,
    /// Whether the operator has chosen a room; until then the liveliest is shown.
    pub(crate) chosen: bool,
    /// Whether users of all rooms are listed, or only those in the selected one.
    pub(crate) all_users: bool,
    pub(crate) map: MapView,
    /// Lines that the chat is scrolled back.
    pub(crate) chat_back: usize,
    pub(crate) log: LogView,
    pub(crate) detail: Detail,
    pub(crate) recording: Recording,
    pub(crate) help_scroll: usize,
    pub(crate) toasts: Vec<Toast>,
    /// Lines entered on the command line, oldest first.
    pub(crate) history: Vec<String>,
    /// The last ticket given out.
    pub(crate) tickets: Ticket,
    /// The rate last requested and when, until a snapshot shows it.
    pub(crate) asked_fps: Option<(Option<Arc<str>>, f64, Instant)>,
    pub(crate) sent_focus: Focus,
    /// Where the last frame put things.
    pub(crate) drawn: Drawn,
    skipping: Skipping,
}

impl App {
    pub(crate) fn new(info: ServerInfo, theme: Theme, zone: TimeZone) -> Self {
        Self {
            info,
            theme,
            zone,
            snapshot: Arc::default(),
            seen_at: None,
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
            map: MapView::default(),
            chat_back: 0,
            log: LogView::new(LogLevel::Info),
            detail: Detail::default(),
            recording: Recording::default(),
            help_scroll: 0,
            toasts: Vec::new(),
            history: Vec::new(),
            tickets: 0,
            asked_fps: None,
            sent_focus: Focus::default(),
            drawn: Drawn::default(),
            skipping: Skipping::default(),
        }
    }

    /// The rooms as listed.
    pub(crate) fn shown_rooms(&self) -> Vec<&RoomRow> {
        self.rooms.arrange(&self.snapshot.rooms)
    }

    /// The users as listed.
    pub(crate) fn shown_users(&self) -> Vec<&UserRow> {
        let room = self.rooms.selected.as_deref();
        let here = self.snapshot.users.iter().filter(|user| {
            self.all_users || user.rooms.iter().any(|presence| Some(&*presence.room) == room)
        });
        self.users.arrange(here, |user| self.is_skipping(user))
    }

    pub(crate) fn room_ids(&self) -> Vec<Arc<str>> {
        self.shown_rooms().iter().map(|room| room.name.clone()).collect()
    }

    pub(crate) fn user_ids(&self) -> Vec<SessionId> {
        self.shown_users().iter().map(|user| user.session).collect()
    }

    pub(crate) fn selected_room(&self) -> Option<&RoomRow> {
        let name = self.rooms.selected.as_ref()?;
        self.snapshot.rooms.iter().find(|room| room.name == *name)
    }

    pub(crate) fn selected_user(&self) -> Option<&UserRow> {
        self.user(self.users.selected?)
    }

    /// The user that an action applies to: the one shown in detail, or the selected one.
    pub(crate) fn subject(&self) -> Option<&UserRow> {
        match self.screen {
            Screen::Detail => self.user(self.detail.row.session),
            _ => self.selected_user(),
        }
    }

    pub(crate) fn user(&self, session: SessionId) -> Option<&UserRow> {
        self.snapshot.users.iter().find(|user| user.session == session)
    }

    /// The chat of the selected room; empty until a snapshot has it.
    pub(crate) fn chat(&self) -> &[ChatLine] {
        let built_for = self.snapshot.focus.room.as_deref();
        if built_for == self.rooms.selected.as_deref() { &self.snapshot.chat } else { &[] }
    }

    /// What is wrong with a user's data.
    pub(crate) fn concerns(&self, user: &UserRow) -> Concerns {
        concerns(user, self.is_skipping(user))
    }

    fn is_skipping(&self, user: &UserRow) -> bool {
        self.skipping.is_skipping(user.session, self.snapshot.taken_at)
    }

    /// The recording that runs, as the snapshot has it.
    pub(crate) fn running(&self) -> Option<&RecordingProgress> {
        running(&self.snapshot)
    }

    /// A recording that ended before it was stopped, and why, until the operator takes note.
    pub(crate) fn ended_early(&self) -> Option<(&RecordingProgress, &str)> {
        self.recording.ended_early(&self.snapshot)
    }

    /// How the recording that runs knows a user.
    pub(crate) fn person(&self, user: &UserRow) -> Option<&RecordedPerson> {
        self.recording.person(&self.snapshot, user.session)
    }

    /// Whether a user's data is kept, so far as that is in question.
    pub(crate) fn is_kept(&self, user: &UserRow) -> bool {
        self.person(user).is_none_or(|person| person.consent)
    }

    /// Whether it matters who sends a clock: something is recorded, or at least one user sends one.
    pub(crate) fn has_clocks(&self) -> bool {
        self.running().is_some() || self.snapshot.users.iter().any(|user| user.clock.is_some())
    }

    /// How long the recording had been running when the snapshot was taken.
    pub(crate) fn recorded(&self) -> Option<Duration> {
        self.running().map(|progress| self.snapshot.taken_at.since(progress.since))
    }

    /// How long the recording has been running by now, which a frozen snapshot does not show.
    pub(crate) fn recorded_by(&self, now: Instant) -> Option<Duration> {
        let age = self.seen_at.map_or(Duration::ZERO, |seen| now.saturating_duration_since(seen));
        self.recorded().map(|recorded| recorded + age)
    }

    /// The intervals that are open.
    pub(crate) fn open_intervals(&self) -> Vec<String> {
        self.recording.open_intervals(&self.snapshot, self.seen_at)
    }

    /// Whether marks would be kept, as far as can be known.
    pub(crate) fn may_mark(&self) -> bool {
        self.running().is_some() || self.recording.starting.is_some() || self.frozen
    }

    /// What the server should put into its snapshots in full.
    pub(crate) fn focus(&self) -> Focus {
        let user = (self.screen == Screen::Detail).then_some(self.detail.row.session);
        Focus { room: self.rooms.selected.as_deref().map(str::to_owned), user }
    }

    /// Shows a new snapshot.
    pub(crate) fn take(&mut self, snapshot: Arc<Snapshot>) {
        self.skipping.take(&snapshot);
        self.recording.take(&snapshot);
        self.snapshot = snapshot;
        if let Some(Overlay::Record(form)) = &mut self.overlay {
            form.meet(self.snapshot.users.iter().map(|user| &user.name));
        }
        self.settle();
        self.show_liveliest_room();
        if self.screen == Screen::Detail {
            self.detail.refresh(&self.snapshot);
        }
        self.follow();
    }

    /// Goes where people move, unless the operator has chosen a room or its people move.
    fn show_liveliest_room(&mut self) {
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

    /// Keeps both selections on rows that exist.
    pub(crate) fn settle(&mut self) {
        let names = self.room_ids();
        self.rooms.settle(&names);
        let sessions = self.user_ids();
        self.users.settle(&sessions);
    }

    /// Shows users, chat and floor of the room that the operator has just selected.
    pub(crate) fn room_chosen(&mut self) {
        self.chosen = true;
        self.settle();
        self.chat_back = 0;
        self.map.automatic();
        self.follow();
    }

    /// Shows one user in detail.
    pub(crate) fn show_detail(&mut self, session: SessionId) {
        let Some(row) = self.user(session).cloned() else { return };
        self.detail = Detail::of(row);
        self.users.selected = Some(session);
        self.screen = Screen::Detail;
        self.detail.refresh(&self.snapshot);
    }

    /// Keeps the map on the heads in the selected room.
    pub(crate) fn follow(&mut self) {
        let Some(room) = self.rooms.selected.as_deref() else { return };
        let presences = self.snapshot.users.iter().flat_map(|user| &user.rooms);
        let here = presences.filter(|presence| &*presence.room == room);
        self.map.follow(here.filter_map(|presence| presence.pose.as_ref()));
    }

    /// Keeps where a frame put things, and scrolling within its limits.
    pub(crate) fn set_drawn(&mut self, drawn: Drawn) {
        match self.screen {
            Screen::Help => self.help_scroll = self.help_scroll.min(drawn.scroll_limit),
            Screen::Detail => self.detail.scroll = self.detail.scroll.min(drawn.scroll_limit),
            Screen::Main => self.chat_back = self.chat_back.min(drawn.chat_limit),
        }
        self.drawn = drawn;
    }

    /// Reports what came of an action, replacing what was reported for the same ticket.
    pub(crate) fn toast(
        &mut self,
        tone: Tone,
        text: impl Into<String>,
        ticket: Option<Ticket>,
        now: Instant,
    ) {
        toast::add(&mut self.toasts, tone, text.into(), ticket, now);
    }

    /// Reports why an action could not be done.
    pub(crate) fn fail(&mut self, reason: impl Into<String>, now: Instant) {
        self.toast(Tone::Failed, reason, None, now);
    }
}
