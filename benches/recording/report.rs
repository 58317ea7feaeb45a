//! Figures, and what is asked of them.

/// What is asked of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints figures, and remembers which asks are not met.
#[derive(Default)]
pub(crate) struct Report {
    asked: usize,
    missed: Vec<String>,
}

impl Report {
    /// Prints a heading.
    pub(crate) fn heading(text: &str) {
        println!("\n{text}");
    }

    /// Prints a figure.
    pub(crate) fn figure(&mut self, name: &str, value: f64, unit: &str, ask: Option<Ask>) {
        let shown =
            if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        print!("  {name:<34}{shown:>10} {unit:<14}");
        let Some(ask) = ask else { return println!() };
        let (is_met, words) = match ask {
            Ask::AtMost(most) => (value <= most, format!("<= {most}")),
            Ask::AtLeast(least) => (value >= least, format!(">= {least}")),
        };
        println!("{words}: {}", if is_met { "met" } else { "NOT MET" });
        self.asked += 1;
        if !is_met {
            self.missed.push(format!("{name} {shown} {unit} ({words})"));
        }
    }

    /// Prints how many asks are met, and which are not.
    pub(crate) fn print_summary(&self) {
        println!("\n{} of {} asks met", self.asked - self.missed.len(), self.asked);
        for missed in &self.missed {
            println!("  not met: {missed}");
        }
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
