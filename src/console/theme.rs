//! Colours that colour-blind people can tell apart, in as many colours as the terminal has.

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// No colours: only bold, dim, underlined and reversed text.
    None,
    /// The sixteen that the operator's terminal defines.
    Sixteen,
    /// The fixed palette of 256.
    Palette,
    /// 24 bits.
    True,
}

/// How each kind of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    depth: Depth,
}

// Okabe and Ito's palette (jfly.uni-koeln.de/color): vermillion, orange, bluish green, sky blue;
// each with the nearest colour of the smaller palettes.
const VERMILLION: [Color; 3] = [Color::LightRed, Color::Indexed(202), Color::Rgb(0xe8, 0x6a, 0x17)];
const ORANGE: [Color; 3] = [Color::Yellow, Color::Indexed(214), Color::Rgb(0xe6, 0x9f, 0x00)];
const GREEN: [Color; 3] = [Color::Green, Color::Indexed(36), Color::Rgb(0x00, 0x9e, 0x73)];
const SKY: [Color; 3] = [Color::Cyan, Color::Indexed(74), Color::Rgb(0x56, 0xb4, 0xe9)];
const GREY: [Color; 3] = [Color::DarkGray, Color::Indexed(245), Color::Rgb(0x8a, 0x90, 0x99)];
const FAINT: [Color; 3] = [Color::DarkGray, Color::Indexed(240), Color::Rgb(0x54, 0x5b, 0x66)];
const PALE: [Color; 3] = [Color::White, Color::Indexed(253), Color::Rgb(0xd8, 0xde, 0xe9)];
const SLATE: [Color; 3] = [Color::Gray, Color::Indexed(247), Color::Rgb(0x8d, 0x96, 0xa5)];
const INK: [Color; 3] = [Color::Black, Color::Indexed(234), Color::Rgb(0x11, 0x16, 0x1d)];

impl Theme {
    #[cfg(test)]
    pub(crate) const fn new(depth: Depth) -> Self {
        Self { depth }
    }

    /// The theme for this terminal, judging by NO_COLOR, COLORTERM and TERM.
    pub(crate) fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let depth = if set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb") {
            Depth::None
        } else if set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") {
            Depth::True
        } else if set("TERM").is_some_and(|term| term.contains("256color")) {
            Depth::Palette
        } else {
            Depth::Sixteen
        };
        Self { depth }
    }

    /// Returns whether no colour at all may reach the terminal.
    pub(crate) fn is_plain(self) -> bool {
        self.depth == Depth::None
    }

    fn pick(self, colours: [Color; 3]) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => colours[0],
            Depth::Palette => colours[1],
            Depth::True => colours[2],
        }
    }

    fn coloured(self, colours: [Color; 3], plain: Modifier) -> Style {
        if self.is_plain() {
            Style::new().add_modifier(plain)
        } else {
            Style::new().fg(self.pick(colours))
        }
    }

    fn filled(self, colours: [Color; 3]) -> Style {
        if self.is_plain() {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new().fg(self.pick(INK)).bg(self.pick(colours))
        }
    }

    pub(crate) fn text(self) -> Style {
        Style::new()
    }

    /// Labels and secondary values.
    pub(crate) fn dim(self) -> Style {
        self.coloured(GREY, Modifier::DIM)
    }

    /// Grids and rules.
    pub(crate) fn faint(self) -> Style {
        self.coloured(FAINT, Modifier::DIM)
    }

    /// Whatever has the focus.
    pub(crate) fn accent(self) -> Style {
        self.coloured(SKY, Modifier::BOLD)
    }

    pub(crate) fn good(self) -> Style {
        self.coloured(GREEN, Modifier::empty())
    }

    pub(crate) fn warn(self) -> Style {
        self.coloured(ORANGE, Modifier::UNDERLINED)
    }

    pub(crate) fn bad(self) -> Style {
        self.coloured(VERMILLION, Modifier::UNDERLINED).add_modifier(Modifier::BOLD)
    }

    /// The selected row in the focused pane.
    pub(crate) fn selected(self) -> Style {
        self.filled(PALE)
    }

    /// The selected row in any other pane.
    pub(crate) fn selected_elsewhere(self) -> Style {
        if self.is_plain() {
            Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
        } else {
            self.filled(SLATE)
        }
    }

    /// A key that can be pressed.
    pub(crate) fn key(self) -> Style {
        self.filled(PALE)
    }

    pub(crate) fn badge(self) -> Style {
        self.filled(SKY).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn live(self) -> Style {
        self.filled(GREEN).add_modifier(Modifier::BOLD)
    }

    /// That something is being recorded, and what goes wrong with it.
    pub(crate) fn recording(self) -> Style {
        self.filled(VERMILLION).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn frozen(self) -> Style {
        self.filled(ORANGE).add_modifier(Modifier::BOLD)
    }

    /// A toast: what came of an action.
    pub(crate) fn toast(self, failed: bool) -> Style {
        self.filled(if failed { VERMILLION } else { GREEN })
    }

    pub(crate) fn heading(self) -> Style {
        self.dim().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn border(self, focused: bool) -> Style {
        if focused { self.accent() } else { self.faint() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &[(&str, &str)]) -> Depth {
        let value = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Theme::detect(value).depth
    }

    #[test]
    fn takes_the_colours_that_the_terminal_has() {
        assert_eq!(detected(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(detected(&[("TERM", "xterm-256color")]), Depth::Palette);
        assert_eq!(
            detected(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]),
            Depth::True
        );
        assert_eq!(detected(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(detected(&[("NO_COLOR", ""), ("TERM", "screen")]), Depth::Sixteen);
    }
}
