//! Offsets of clients' clocks, in the manner of the lab streaming layer: measurements for the
//! reader to fit, not a fit.

use std::collections::BTreeMap;

use crate::archive::{ProbeRow, RoundTripRow};

/// A measurement: at `client` on the client's clock, `value` has to be added to get the
/// recording's time. In seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Offset {
    pub(super) client: f64,
    pub(super) value: f64,
}

/// One measurement for so many microseconds, as the lab streaming layer takes them.
const EVERY: i64 = 5_000_000;

/// The measurements of each person, in the order of time.
///
/// Of the probes within 5 s the one that took least long to arrive counts: delays only ever add.
/// What is left of its delay is taken as half the least round trip, as on a symmetric path.
pub(super) fn offsets(
    probes: &[ProbeRow],
    round_trips: &[RoundTripRow],
) -> BTreeMap<i64, Vec<Offset>> {
    let mut least: BTreeMap<i64, i64> = BTreeMap::new();
    for row in round_trips {
        least
            .entry(row.person)
            .and_modify(|least| *least = row.micros.min(*least))
            .or_insert(row.micros);
    }
    let mut offsets: BTreeMap<i64, Vec<(i64, Offset)>> = BTreeMap::new();
    for probe in probes {
        let delay = least.get(&probe.person).copied().unwrap_or_default() as f64 / 2e6;
        let value = probe.received as f64 / 1e6 - probe.client - delay;
        let (window, offset) = (probe.received / EVERY, Offset { client: probe.client, value });
        let known = offsets.entry(probe.person).or_default();
        match known.last_mut() {
            Some((last, best)) if *last == window => {
                if value < best.value {
                    *best = offset;
                }
            }
            _ => known.push((window, offset)),
        }
    }
    let each = offsets.into_iter();
    each.map(|(person, known)| (person, known.into_iter().map(|(_, offset)| offset).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_probe_of_five_seconds_counts() {
        // A clock that shows 100 s at the start, and a path that takes 1 ms each way at best.
        let probe = |time: i64, delay: i64| ProbeRow {
            person: 3,
            client: 100.0 + time as f64 / 1e6,
            received: time + delay,
            sent: time + delay + 50,
        };
        let probes = [
            probe(0, 9000),
            probe(100_000, 1000),
            probe(200_000, 4000),
            probe(7_000_000, 3000),
            probe(8_000_000, 1000),
            ProbeRow { person: 4, client: 5.0, received: 8_000_000, sent: 8_000_000 },
        ];
        let round_trip = |time, micros| RoundTripRow { time, person: 3, micros };
        let round_trips = [round_trip(0, 5000), round_trip(1000, 2000), round_trip(2000, 3000)];
        let offsets = offsets(&probes, &round_trips);
        let clients: Vec<f64> = offsets[&3].iter().map(|offset| offset.client).collect();
        assert_eq!(clients, [100.1, 108.0]);
        for offset in &offsets[&3] {
            assert!((offset.value + 100.0).abs() < 1e-9, "{offset:?}");
        }
        // Nothing is known of this one's path.
        assert_eq!(offsets[&4], [Offset { client: 5.0, value: 3.0 }]);
    }
}
