//! Medians, ratios and the tables that show them.

use crate::loads::{Bound, Load};
use crate::measure::Run;
use crate::servers::Contender;

/// What one contender's runs told, in the order of the rounds.
pub(crate) type Runs = Vec<(Contender, Vec<Run>)>;

/// Prints the table of one load.
pub(crate) fn print(load: &Load, runs: &Runs, seconds: f64) {
    let rounds = runs.first().map_or(0, |(_, runs)| runs.len());
    println!("\n{}: {} (median of {rounds} x {seconds} s)", load.name, load.title);
    print!("  {:<26}", "");
    for (contender, _) in runs {
        print!("{:>12}", contender.name());
    }
    println!("{:>12}{:>12}   ask of ours", "ours/floor", "sink/floor");
    let Some((_, first)) = runs.first() else { return };
    let Some(model) = first.first() else { return };
    for (row, figure) in model.figures.iter().enumerate() {
        print!("  {:<26}", figure.name);
        for (_, runs) in runs {
            print!("{:>12}", number(median(values(runs, row)), figure.decimals));
        }
        for contender in [Contender::Ours, Contender::Sink] {
            print!("{:>12}", number(ratio(runs, contender, row), 2));
        }
        let ask = load.asks.iter().find(|(name, _)| *name == figure.name);
        println!("   {}", ask.map_or(String::new(), |(_, bound)| judge(bound, runs, row)));
    }
    for (contender, runs) in runs {
        let mut notes: Vec<_> = runs.iter().flat_map(|run| &run.notes).collect();
        notes.dedup();
        for note in notes.iter().take(5) {
            println!("  {}: {note}", contender.name());
        }
        if notes.len() > 5 {
            println!("  {}: and {} more of these", contender.name(), notes.len() - 5);
        }
    }
}

/// The ask in words, and whether ours meets it.
fn judge(bound: &Bound, runs: &Runs, row: usize) -> String {
    let of = |contender| {
        let found = runs.iter().find(|(c, _)| *c == contender);
        found.map_or(f64::NAN, |(_, runs)| median(values(runs, row)))
    };
    let (ours, floor) = (of(Contender::Ours), of(Contender::Floor));
    let (words, met, known) = match *bound {
        Bound::Ratio(most) => {
            let ratio = ratio(runs, Contender::Ours, row);
            (format!("<= {most:.2} x floor"), ratio <= most, ratio)
        }
        Bound::Above(more) => (format!("<= floor + {more}"), ours <= floor + more, ours - floor),
        Bound::AtMost(most) => (format!("<= {most}"), ours <= most, ours),
        Bound::AtLeast(least) => (format!(">= {least}"), ours >= least, ours),
    };
    match (known.is_nan(), met) {
        (true, _) => words,
        (false, true) => format!("{words}: met"),
        (false, false) => format!("{words}: NOT MET"),
    }
}

/// The median over the rounds of a contender's figure, divided by the floor's of the same round.
fn ratio(runs: &Runs, contender: Contender, row: usize) -> f64 {
    let of = |wanted| runs.iter().find(|(c, _)| *c == wanted).map(|(_, runs)| values(runs, row));
    match (of(contender), of(Contender::Floor)) {
        (Some(ours), Some(floor)) => median(ours.zip(floor).map(|(a, b)| a / b)),
        _ => f64::NAN,
    }
}

fn values(runs: &[Run], row: usize) -> impl Iterator<Item = f64> {
    runs.iter().map(move |run| run.figures[row].value)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.filter(|value| !value.is_nan()).collect();
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
