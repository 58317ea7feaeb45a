//! What the screen is divided into.

/// A part of the main screen that can have the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    #[default]
    Rooms,
    Users,
    Map,
    Chat,
    Log,
}

impl Pane {
    pub(crate) const ALL: [Self; 5] = [Self::Rooms, Self::Users, Self::Map, Self::Chat, Self::Log];

    /// The digit that selects it.
    pub(crate) const fn number(self) -> usize {
        self as usize + 1
    }

    pub(crate) const fn name(self) -> &'static str {
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
pub(crate) enum Screen {
    #[default]
    Main,
    Detail,
    Help,
}
