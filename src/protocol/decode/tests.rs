//! Decoding: what is refused with which code, and that nothing panics.

use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> u16 {
    decode(text, &mut RoomCache::default()).unwrap_err().code.number()
}

fn accepted(text: &str) -> Request {
    decode(text, &mut RoomCache::default()).unwrap_or_else(|r| panic!("{text}: {r:?}"))
}

#[test]
fn only_json_objects_are_messages() {
    for text in
        ["", "hi", "1", "[]", "null", "{", "{}x", "{\"a\":NaN}", "\u{feff}{}", "{\"a\u{1}\":1}"]
    {
        assert_eq!(refused(text), 406, "{text:?}");
    }
    assert_eq!(refused("{}"), 400);
}

#[test]
fn depth_is_bounded_outside_of_strings() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"room\":\"r\",\"data\":{open}{close}}}")
    };
    accepted(&nested(63));
    assert_eq!(refused(&nested(64)), 406);
    assert_eq!(refused(&nested(100_000)), 406);
    let quoted = format!("{{\"room\":\"r\",\"data\":\"{}\\\"[\"}}", "[".repeat(500));
    accepted(&quoted);
}

#[test]
fn system_wins_and_the_last_key_wins() {
    let ping = Request::Ping { time: None };
    assert_eq!(accepted(r#"{"room":1,"system":"rooms","system":"ping"}"#), ping);
    let Request::Join(room) = accepted(r#"{"room":"a","type":"join","data":"","room":"b"}"#) else {
        panic!("not a join")
    };
    assert_eq!(room.as_str(), "b");
}

#[test]
fn a_ping_has_a_time_or_none_and_is_never_refused() {
    for (options, time) in [
        (r#"{"time":1.5}"#, Some(1.5)),
        (r#"{"time" : -2e3, "more":{}}"#, Some(-2000.0)),
        (r#"{"time":1,"time":2}"#, Some(2.0)),
        (r#"{"time":2,"t\u0069me":3}"#, Some(3.0)),
        (r#"{"time":2,"time":null}"#, None),
        (r#"{"time":1e16}"#, None),
        (r#"{"time":1e999}"#, None),
        (r#"{"time":"1"}"#, None),
        ("{}", None),
        ("null", None),
        ("[1]", None),
        ("1", None),
    ] {
        let text = format!(r#"{{"system":"ping","options":{options}}}"#);
        assert_eq!(accepted(&text), Request::Ping { time }, "{text}");
    }
}

#[test]
fn wrong_types_are_bad_requests() {
    for text in [
        r#"{"system":1}"#,
        r#"{"system":null}"#,
        r#"{"room":null,"data":1}"#,
        r#"{"room":"r","type":null,"data":1}"#,
        r#"{"room":"r","type":"","data":1}"#,
        r#"{"room":"r","type":"msg"}"#,
        r#"{"room":"","data":1}"#,
        r#"{"room":"\ud800","data":1}"#,
        r#"{"system":"login"}"#,
        r#"{"system":"login","options":[]}"#,
        r#"{"system":"login","options":{"user":"a"}}"#,
        r#"{"system":"login","options":{"user":"a","pass":1}}"#,
        r#"{"system":"login","options":{"user":"","pass":""}}"#,
    ] {
        assert_eq!(refused(text), 400, "{text}");
    }
    assert_eq!(refused(r#"{"system":"nope"}"#), 501);
    assert_eq!(refused(r#"{"system":"login","options":{"user":"*SERVER*","pass":""}}"#), 403);
}

#[test]
fn data_passes_as_it_came() {
    for data in [
        r#""\ud800""#,
        "1e400",
        "-0",
        "[ 1 , {\"a\" : null} ]",
        "\"\u{2028}\"",
        "12345678901234567890123",
    ] {
        let text = format!("{{\"\\ud800\":1,\"room\":\"r\",\"type\":\"t\\\"\",\"data\":{data}}}");
        let Request::Say { event, .. } = accepted(&text) else { panic!("not said") };
        assert_eq!(event.parts(), ("t\"".into(), data));
    }
}

/// Messages of every kind, in the forms that clients send.
const MESSAGES: [&str; 14] = [
    r#"{"system":"login","options":{"user":"ada","pass":"secret"}}"#,
    r#"{ "system" : "login", "options" : { "pass" : "", "user" : "\u674e\ud83d\ude42" } }"#,
    r#"{"system":"ping"}"#,
    r#"{"system":"ping","options":{"time":12.5}}"#,
    r#"{"room":"hall","type":"transform","data":{"time":1763000000.000042,"pos":{"x":1,"y":1.7,"z":-3}}}"#,
    r#"{"system":"rooms","room":"x"}"#,
    r#"{"room":"hall","type":"join","data":""}"#,
    r#"{"room":"李雷","type":"leave","data":null}"#,
    r#"{"room":"hall","type":"list","data":""}"#,
    r#"{"room":"hall","data":{"a":[1,-2.5e-3,true,null,"\ud800"]}}"#,
    r#"{"room":"hall","type":"button","data":[[[]],{}]}"#,
    r#"{"room":"hall","type":"transform","data":{"pos":{"x":1.5,"y":1.7,"z":-3},"rot":{"x":0,"y":90,"z":0}}}"#,
    r#"{"data":{"rot":{"y":-0.25},"pos":{}},"type":"transform","room":"hall"}"#,
    r#"{"room":"hall","type":"transform","data":{"pos":{"x":1e3,"y":999999999.9999999}}}"#,
];

/// A change of a few bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(usize, u8),
    Insert(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    /// A part of another message.
    Splice(usize, usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let telling =
        prop_oneof![any::<u8>(), proptest::sample::select(&br#"{}[]":,\-+.0123456789eE ntu"#[..])];
    let at = 0usize..200;
    prop_oneof![
        (at.clone(), telling.clone()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (at.clone(), telling).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        (at.clone(), 1usize..20).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (at.clone(), 1usize..40).prop_map(|(at, len)| Mutation::Repeat(at, len)),
        (at.clone(), 0..MESSAGES.len(), at)
            .prop_map(|(at, of, from)| Mutation::Splice(at, of, from)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let len = bytes.len();
    let part = |at: usize, count: usize| at % (len + 1)..(at % (len + 1) + count).min(len);
    match *mutation {
        Mutation::Replace(at, byte) if len > 0 => bytes[at % len] = byte,
        Mutation::Replace(_, byte) => bytes.push(byte),
        Mutation::Insert(at, byte) => bytes.insert(at % (len + 1), byte),
        Mutation::Remove(at, count) => drop(bytes.drain(part(at, count))),
        Mutation::Repeat(at, count) => {
            let again = bytes[part(at, count)].to_vec();
            bytes.splice(at % (len + 1)..at % (len + 1), again);
        }
        Mutation::Splice(at, of, from) => {
            let other = MESSAGES[of].as_bytes();
            let part = other[from % other.len()..].iter().copied().take(24);
            bytes.splice(at % (len + 1)..at % (len + 1), part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_near_real_messages_get_the_answer_that_is_due(
        message in proptest::sample::select(&MESSAGES[..]),
        mutations in proptest::collection::vec(mutation(), 0..4),
    ) {
        let mut bytes = message.as_bytes().to_vec();
        for change in &mutations {
            mutate(&mut bytes, change);
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        let decoded = decode(text, &mut RoomCache::default());
        prop_assert_eq!(&decoded, &decode_fully(text, &mut RoomCache::default()));
        let json: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
        match decoded {
            Ok(_) => {
 let is_object = text.trim_start().starts_with('{');
 prop_assert!(json.is_ok() && is_object);
 }
            Err(refusal) if json.is_err() => {
                prop_assert_eq!(refusal.code, Code::InvalidStructure);
                prop_assert!(refusal.before_login);
            }
            Err(refusal) => {
                prop_assert!(matches!(refusal.code.number(), 400 | 403 | 406 | 501), "{:?}", refusal);
                prop_assert!(!refusal.reason.is_empty());
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = decode(text, &mut RoomCache::default());
        }
    }

    #[test]
    fn arbitrary_text_gets_an_answer(text in "[\\{\\[\"a-z:,\\\\ue0-9\\.\\-\\]\\} ]{0,80}") {
        let _ = decode(&text, &mut RoomCache::default());
    }

    #[test]
    fn nearly_right_messages_get_an_answer(
        key in prop_oneof![Just("room"), Just("system"), Just("type"), Just("data"), Just("options")],
        value in "(\"[^\"\\\\]{0,5}\"|[0-9eE\\.\\-+]{1,12}|null|\\[\\]|\\{\"pos\":\\{\"x\":[0-9eE\\.]{1,6}\\}\\})",
        rest in "(,\"(type|data|room)\":(\"(transform|join|msg)\"|\\{\\}|1))?",
    ) {
        let _ = decode(&format!("{{\"{key}\":{value}{rest}}}"), &mut RoomCache::default());
    }
}
