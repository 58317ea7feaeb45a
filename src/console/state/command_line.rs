//! The `:` command line while it is open: the text, its completions and the history.

use super::line_input::LineInput;

/// What the last word of a line can be completed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completions {
    /// Where the word starts, in bytes.
    pub(crate) start: usize,
    pub(crate) words: Vec<String>,
}

/// The command line while it is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CommandLine {
    pub(crate) input: LineInput,
    /// How far back in the history, and what was typed before going there.
    recalled: Option<(usize, String)>,
    /// The completions that Tab cycles through, and the current one.
    cycle: Option<(Completions, usize)>,
}

impl CommandLine {
    pub(crate) fn with(text: impl Into<String>) -> Self {
        Self { input: LineInput::with(text), ..Self::default() }
    }

    /// Drops completions and history position, because the line was edited.
    pub(crate) fn edited(&mut self) {
        self.cycle = None;
        self.recalled = None;
    }

    /// Inserts the next completion of the last word. `completions` of the text are only asked
    /// for when none are being cycled through.
    pub(crate) fn complete(&mut self, completions: impl FnOnce(&str) -> Completions) {
        if let Some((Completions { start, words }, at)) = &mut self.cycle {
            *at = (*at + 1) % words.len();
            let text = format!("{}{}", &self.input.text()[..*start], words[*at]);
            self.input = LineInput::with(text);
            return;
        }
        let found = completions(self.input.text());
        let Some(first) = found.words.first() else { return };
        let mut text = format!("{}{first}", &self.input.text()[..found.start]);
        if found.words.len() == 1 {
            text.push(' ');
        }
        self.input = LineInput::with(text);
        if found.words.len() > 1 {
            self.cycle = Some((found, 0));
        }
    }

    /// The words that Tab is cycling through, and the index of the current one.
    pub(crate) fn cycle(&self) -> Option<(&[String], usize)> {
        self.cycle.as_ref().map(|(completions, at)| (&*completions.words, *at))
    }

    /// Steps through the history, to older or newer commands.
    pub(crate) fn recall(&mut self, history: &[String], older: bool) {
        let (back, draft) = match &self.recalled {
            Some((back, draft)) => (*back, draft.clone()),
            None => (0, self.input.text().to_owned()),
        };
        let back = if older { (back + 1).min(history.len()) } else { back.saturating_sub(1) };
        self.cycle = None;
        let text = match back {
            0 => draft.clone(),
            _ => history[history.len() - back].clone(),
        };
        self.input = LineInput::with(text);
        self.recalled = (back > 0).then_some((back, draft));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recalls_what_was_typed() {
        let history = ["fps 30".to_owned(), "freeze".to_owned()];
        let mut line = CommandLine::with("dra");
        line.recall(&history, true);
        line.recall(&history, true);
        line.recall(&history, true);
        assert_eq!(line.input.text(), "fps 30");
        line.recall(&history, false);
        line.recall(&history, false);
        assert_eq!(line.input.text(), "dra");
    }
}
