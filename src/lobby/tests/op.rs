//! What may happen to a lobby, at random.

use proptest::prelude::*;
use proptest::sample::select;

use super::model::{NAMES, Name, ROOMS, quoted};

/// One thing that happens. Users are numbers into those who are connected.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Connect,
    Login(usize, Name, &'static str),
    Join(usize, &'static str),
    Leave(usize, &'static str),
    List(usize, &'static str),
    Say(usize, &'static str, &'static str, String),
    Transform(usize, &'static str),
    Ask(usize, &'static str),
    /// What is no request, and the codes that it gets after and before login.
    Nonsense(usize, (&'static str, u16, u16)),
    Disconnect(usize),
    /// The connection of someone who is gone makes itself heard.
    Ghost,
    Kick(Name),
    Close(&'static str),
    Announce(Option<&'static str>, &'static str),
    Pin(&'static str, bool),
    Title(&'static str, &'static str),
    Fps(Option<&'static str>, Option<f64>),
    Flush,
    Tick,
    /// Time passes, in microseconds; with ticks when they are due, or with none.
    Wait(u64, bool),
    Look(&'static str),
}

const NONSENSE: [(&str, u16, u16); 8] = [
    ("nope", 406, 406),
    ("[1]", 406, 406),
    (r#"{"room":"hall"}"#, 400, 403),
    (r#"{"system":"dance"}"#, 501, 403),
    (r#"{"room":"","type":"msg","data":1}"#, 400, 403),
    (r#"{"system":"login","options":{"user":"","pass":""}}"#, 400, 400),
    (r#"{"system":"login","options":{"user":"*SERVER*","pass":""}}"#, 403, 403),
    (r#"{"room":"lobby","type":"transform","data":{"pos":{"x":"1"}}}"#, 406, 403),
];

fn room() -> impl Strategy<Value = &'static str> {
    // Two rooms more often than the others, so that users meet.
    prop_oneof![2 => Just(ROOMS[0]), 2 => Just(ROOMS[1]), 3 => select(&ROOMS[..])]
}

fn data() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&["\"\"", "null", "[1, 2]", "{\"a\":{\"b\":1e3}}", "\"hé\\n\""][..])
            .prop_map(str::to_owned),
        2 => (20..200usize).prop_map(|len| quoted(&"m".repeat(len))),
        // Around what can be kept at all.
        1 => (780..880usize).prop_map(|len| quoted(&"l".repeat(len))),
    ]
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let who = 0..8usize;
    let somewhere = || proptest::option::of(room());
    prop_oneof![
        6 => Just(Op::Connect),
        12 => (who.clone(), select(&NAMES[..]), select(&["", "a", "a", "b"][..]))
            .prop_map(|(who, name, pass)| Op::Login(who, name, pass)),
        12 => (who.clone(), room()).prop_map(|(who, room)| Op::Join(who, room)),
        6 => (who.clone(), room()).prop_map(|(who, room)| Op::Leave(who, room)),
        2 => (who.clone(), room()).prop_map(|(who, room)| Op::List(who, room)),
        10 => (who.clone(), room(), select(&["msg", "msg", "wave", "button"][..]), data())
            .prop_map(|(who, room, kind, data)| Op::Say(who, room, kind, data)),
        // More than the lobby gathers before it sends.
        1 => (who.clone(), room(), 20_000..40_000usize).prop_map(|(who, room, len)| {
            Op::Say(who, room, "button", quoted(&"b".repeat(len)))
        }),
        20 => (who.clone(), room()).prop_map(|(who, room)| Op::Transform(who, room)),
        3 => (who.clone(), select(&["ping", "rooms", "help"][..]))
            .prop_map(|(who, what)| Op::Ask(who, what)),
        2 => (who.clone(), select(&NONSENSE[..])).prop_map(|(who, what)| Op::Nonsense(who, what)),
        4 => who.prop_map(Op::Disconnect),
        1 => Just(Op::Ghost),
        2 => select(&NAMES[..]).prop_map(Op::Kick),
        2 => room().prop_map(Op::Close),
        2 => (somewhere(), select(&["hear", "ye"][..]))
            .prop_map(|(room, text)| Op::Announce(room, text)),
        3 => (room(), any::<bool>()).prop_map(|(room, pinned)| Op::Pin(room, pinned)),
        1 => (room(), select(&["", "The \"Hall\""][..])).prop_map(|(room, text)| Op::Title(room, text)),
        3 => (
            somewhere(),
            select(&[Some(0.1), Some(5.0), Some(30.0), Some(72.0), Some(240.0), Some(241.0), None][..]),
        )
            .prop_map(|(room, fps)| Op::Fps(room, fps)),
        12 => Just(Op::Flush),
        8 => Just(Op::Tick),
        14 => (prop_oneof![6 => 0..40_000u64, 2 => 0..1_500_000u64, 1 => 0..12_000_000u64],
            proptest::bool::weighted(0.8))
            .prop_map(|(micros, ticking)| Op::Wait(micros, ticking)),
        2 => room().prop_map(Op::Look),
    ]
}
