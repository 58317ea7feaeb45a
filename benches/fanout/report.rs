//! Medians, ratios and the tables that show them.

use crate::asks::Ask;
use crate::figures::Run;
use crate::loads::Load;
use crate::setup::{Entrant, Pinning};

/// Notes of one server that are printed; of more, the number is.
const NOTES: usize = 5;

/// What each server's runs under one load told, in the order of the rounds.
pub(crate) type Runs = Vec<(Entrant, Vec<Run>)>;

/// One load with servers that run in one way, measured.
pub(crate) struct Table<'a> {
    pub(crate) load: &'a Load,
    pub(crate) pinning: Pinning,
    pub(crate) seconds: f64,
    pub(crate) runs: Runs,
}

impl Table<'_> {
    /// Prints all figures.
    pub(crate) fn print(&self) {
        let Some((_, first)) = self.runs.first() else { return };
        let (load, rounds) = (self.load, first.len());
        let how = self.pinning.title();
        let seconds = self.seconds;
        println!("\n{} {how}: {} (median of {rounds} x {seconds} s)", load.name, load.title);
        print!("  {:<26}", "");
        for (entrant, _) in &self.runs {
            print!("{:>12}", entrant.title());
        }
        for entrant in self.compared() {
            print!("{:>14}", format!("{}/floor", entrant.title()));
        }
        println!("   ask of ours");
        let Some(model) = first.first() else { return };
        for (row, figure) in model.figures.iter().enumerate() {
            print!("  {:<26}", figure.name);
            for (entrant, _) in &self.runs {
                print!("{:>12}", number(self.value(*entrant, row), figure.decimals));
            }
            for entrant in self.compared() {
                print!("{:>14}", number(self.ratio(entrant, row), 2));
            }
            let asks: Vec<_> = self.asks(figure.name).map(|ask| self.judge(ask, row)).collect();
            println!("   {}", asks.join("; "));
        }
        self.print_notes();
    }

    /// Prints a row of the summary for each of ours: the first figure, and which asks are not met.
    pub(crate) fn print_summary(&self) {
        let Some(model) = self.runs.first().and_then(|(_, runs)| runs.first()) else { return };
        let Some(head) = model.figures.first() else { return };
        for entrant in self.ours() {
            let (mut asked, mut not_met) = (0, Vec::new());
            for (row, figure) in model.figures.iter().enumerate() {
                let (ours, floor, ratio) = self.compare(entrant, row);
                for ask in self.asks(figure.name) {
                    match ask.is_met(ours, floor, ratio) {
                        Some(true) => asked += 1,
                        Some(false) => {
                            asked += 1;
                            let found = ask.found(ours, floor, ratio);
                            not_met.push(format!("{} {found} ({})", figure.name, ask.words()));
                        }
                        None => {}
                    }
                }
            }
            let (ours, floor, ratio) = self.compare(entrant, 0);
            let how = match entrant.threads {
                Some(1) => format!("{}, 1 thread", self.pinning.title()),
                Some(threads) => format!("{}, {threads} threads", self.pinning.title()),
                None => self.pinning.title().to_owned(),
            };
            println!(
                "| {} | {how} | {} | {} | {} | {} | {} of {asked} | {} |",
                self.load.name,
                head.name,
                number(ours, head.decimals),
                number(floor, head.decimals),
                number(ratio, 2),
                asked - not_met.len(),
                not_met.join("; "),
            );
        }
    }

    fn print_notes(&self) {
        for (entrant, runs) in &self.runs {
            let mut notes: Vec<_> = runs.iter().flat_map(|run| &run.notes).collect();
            notes.dedup();
            for note in notes.iter().take(NOTES) {
                println!("  {}: {note}", entrant.title());
            }
            if notes.len() > NOTES {
                println!("  {}: and {} more of these", entrant.title(), notes.len() - NOTES);
            }
        }
    }

    fn asks(&self, figure: &str) -> impl Iterator<Item = &'static Ask> {
        let pinning = self.pinning;
        self.load.asks.iter().filter(move |ask| ask.figure == figure && ask.applies(pinning))
    }

    /// An ask in words, and whether each of ours meets it.
    fn judge(&self, ask: &Ask, row: usize) -> String {
        let verdict = |entrant| {
            let (ours, floor, ratio) = self.compare(entrant, row);
            ask.is_met(ours, floor, ratio).map(|met| if met { "met" } else { "NOT MET" })
        };
        let verdicts: Vec<_> = self.ours().filter_map(verdict).collect();
        if verdicts.is_empty() {
            ask.words()
        } else {
            format!("{}: {}", ask.words(), verdicts.join(", "))
        }
    }

    fn ours(&self) -> impl Iterator<Item = Entrant> {
        self.runs.iter().map(|(entrant, _)| *entrant).filter(|entrant| entrant.is_ours())
    }

    /// Those for which there is a ratio to the floor; nobody without a floor.
    fn compared(&self) -> impl Iterator<Item = Entrant> {
        let floor = self.runs.iter().any(|(entrant, _)| *entrant == Entrant::FLOOR);
        let all = self.runs.iter().map(|(entrant, _)| *entrant);
        all.filter(move |entrant| floor && *entrant != Entrant::FLOOR)
    }

    /// A server's figure, the floor's, and their ratio.
    fn compare(&self, entrant: Entrant, row: usize) -> (f64, f64, f64) {
        (self.value(entrant, row), self.value(Entrant::FLOOR, row), self.ratio(entrant, row))
    }

    fn value(&self, entrant: Entrant, row: usize) -> f64 {
        let worst = self.runs.iter().any(|(_, runs)| runs.iter().any(|run| run.figures[row].worst));
        let over_rounds = if worst { most } else { median };
        self.values(entrant, row).map_or(f64::NAN, |values| over_rounds(values.collect()))
    }

    /// The median over the rounds of a server's figure, divided by the floor's of the same round.
    fn ratio(&self, entrant: Entrant, row: usize) -> f64 {
        match (self.values(entrant, row), self.values(Entrant::FLOOR, row)) {
            (Some(some), Some(floor)) => median(some.zip(floor).map(|(a, b)| a / b).collect()),
            _ => f64::NAN,
        }
    }

    fn values(&self, entrant: Entrant, row: usize) -> Option<impl Iterator<Item = f64>> {
        let (_, runs) = self.runs.iter().find(|(found, _)| *found == entrant)?;
        Some(runs.iter().map(move |run| run.figures[row].value))
    }
}

/// Prints a summary of all tables in Markdown.
pub(crate) fn summarize(tables: &[Table<'_>]) {
    println!("\n| load | cores | figure | ours | floor | ours / floor | asks met | not met |");
    println!("|---|---|---|---|---|---|---|---|");
    tables.iter().for_each(Table::print_summary);
}

fn most(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::NAN, f64::max)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}

fn number(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}") } else { "-".into() }
}
