//! Sparklines: a row of bars for a history.

/// The values of the last `seconds` as `count` bars, each the mean of its share; the newest is on
/// the right.
pub(crate) fn sparkline(values: &[u32], seconds: usize, count: usize) -> String {
    // Not the full block, which would touch the row above.
    const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    let ceiling = f64::from(values.iter().copied().max().unwrap_or(0).max(1));
    let known = values.len().min(seconds);
    let values = &values[values.len() - known..];
    let missing = seconds - known;
    let bar = |column: usize| {
        let from = (column * seconds / count.max(1)).saturating_sub(missing);
        let to = ((column + 1) * seconds / count.max(1)).saturating_sub(missing);
        let share = values.get(from..to).unwrap_or_default();
        if share.is_empty() {
            return ' ';
        }
        let mean = share.iter().map(|value| f64::from(*value)).sum::<f64>() / share.len() as f64;
        BARS[((mean / ceiling * 6.0).round() as usize).min(6)]
    };
    (0..count).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_ends_with_the_newest() {
        assert_eq!(sparkline(&[0, 0, 4, 8], 4, 4), "▁▁▄▇");
        assert_eq!(sparkline(&[8], 4, 4), "   ▇");
        assert_eq!(sparkline(&[], 60, 5), "     ");
        assert_eq!(sparkline(&[8; 60], 60, 7), "▇▇▇▇▇▇▇");
    }
}
