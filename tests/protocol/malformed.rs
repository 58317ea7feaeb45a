//! 400 and 406: what is wrong, and that nothing of it ends the connection or has an effect.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::{quoted, request};

/// Nested `depth` deep, counted as a message's own braces are.
fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}0{}", open.repeat(depth), close.repeat(depth))
}

#[tokio::test]
async fn what_is_not_json_is_406_and_the_connection_stays() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    let [mut ada] = hall.people(["ada"]).await;
    for text in [
        "",
        " ",
        "hello",
        "{",
        "}",
        r#"{"system":"ping""#,
        r#"{"system":"ping"}x"#,
        r#"{"system":"ping"}{"system":"ping"}"#,
        r#"{"system":"ping",}"#,
        r#"{,"system":"ping"}"#,
        r#"{'system':'ping'}"#,
        r#"{system:"ping"}"#,
        r#"{"system" "ping"}"#,
        r#"{"system":"pi\x6eg"}"#,
        r#"{"system":"\u12"}"#,
        r#"{"system":"ping","n":01}"#,
        r#"{"system":"ping","n":+1}"#,
        r#"{"system":"ping","n":.5}"#,
        r#"{"system":"ping","n":1.}"#,
        r#"{"system":"ping","n":1e}"#,
        r#"{"system":"ping","n":NaN}"#,
        r#"{"system":"ping","n":Infinity}"#,
        r#"{"system":"ping","n":undefined}"#,
        r#"{"system":"ping","n":True}"#,
        r#"{"system":"ping"} // why"#,
        "{\"system\":\"ping\",\"n\":\"a\nb\"}",
        "{\"system\":\"ping\",\"n\":\"a\0b\"}",
        "{\"system\":\"ping\"\u{a0}}",
        "{\"system\":\"ping\"}\0",
    ] {
        nobody.asks(text, 406).await;
        ada.asks(text, 406).await;
    }
    nobody.quiet().await;
    ada.quiet().await;
}

#[tokio::test]
async fn what_is_not_an_object_is_406() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    let [mut ada] = hall.people(["ada"]).await;
    for text in ["[]", r#"["system","ping"]"#, "null", "true", "42", r#""ping""#] {
        nobody.asks(text, 406).await;
        ada.asks(text, 406).await;
    }
    ada.quiet().await;
}

#[tokio::test]
async fn bad_json_in_data_is_406_and_not_sent_on() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for data in
        ["", "nope", "[1,]", r#"{"a":}"#, r#""\q""#, "01", "-", "1e", "[1 2]", "tru", r#"{"a":1"#]
    {
        ada.asks(&request("lobby", "msg", data), 406).await;
    }
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn sixty_four_levels_are_fine_and_sixty_five_are_406() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    // The message itself is the first level.
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let step = open.matches(['[', '{']).count();
        let fine = nested(63 / step, open, close);
        // An odd number of levels needs one more where a step has two.
        let fine = if 63 % step == 0 { fine } else { format!("[{fine}]") };
        ada.send(&request("lobby", "msg", &fine)).await;
        ada.expect("lobby", "ada", "msg", &fine).await;
        ada.asks(&request("lobby", "msg", &format!("[{fine}]")), 406).await;
    }
    let unknown = |depth| format!(r#"{{"system":"ping","x":{}}}"#, nested(depth, "[", "]"));
    ada.asks(&unknown(63), 220).await;
    ada.asks(&unknown(64), 406).await;
    ada.asks(&nested(100_000, "[", "]"), 406).await;
    ada.asks(&r#"{"a":"#.repeat(100_000), 406).await;
    ada.quiet().await;
    let mut nobody = Client::connect(&hall).await;
    nobody.asks(&unknown(64), 406).await;
    nobody.asks(&nested(8000, "[", "]"), 406).await;
    nobody.asks(&r#"{"a":"#.repeat(3000), 406).await;
    nobody.quiet().await;
}

#[tokio::test]
async fn brackets_in_text_do_not_count_as_levels() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let data = quoted(&format!("\\\"{}", "[{".repeat(200)));
    ada.send(&request("lobby", "msg", &data)).await;
    ada.expect("lobby", "ada", "msg", &data).await;
}

#[tokio::test]
async fn a_misshapen_login_is_400() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    let [mut ada] = hall.people(["ada"]).await;
    for options in [
        "",
        r#","options":null"#,
        r#","options":5"#,
        r#","options":"ada""#,
        r#","options":[]"#,
        r#","options":{}"#,
        r#","options":{"user":"x"}"#,
        r#","options":{"pass":""}"#,
        r#","options":{"user":null,"pass":""}"#,
        r#","options":{"user":5,"pass":""}"#,
        r#","options":{"user":["x"],"pass":""}"#,
        r#","options":{"user":{},"pass":""}"#,
        r#","options":{"user":"x","pass":null}"#,
        r#","options":{"user":"x","pass":1}"#,
        r#","options":{"user":"x","pass":false}"#,
        r#","options":{"user":"x","pass":{}}"#,
    ] {
        let text = format!(r#"{{"system":"login"{options}}}"#);
        nobody.asks(&text, 400).await;
        ada.asks(&text, 400).await;
    }
    nobody.enter("x", "").await;
}

#[tokio::test]
async fn a_key_of_the_wrong_type_is_400() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for wrong in ["null", "5", "true", "[]", r#"["lobby"]"#, "{}"] {
        ada.asks(&format!(r#"{{"system":{wrong}}}"#), 400).await;
        ada.asks(&format!(r#"{{"system":{wrong},"room":"lobby","data":1}}"#), 400).await;
        ada.asks(&format!(r#"{{"room":{wrong},"type":"msg","data":1}}"#), 400).await;
        ada.asks(&format!(r#"{{"room":"lobby","type":{wrong},"data":1}}"#), 400).await;
    }
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_missing_key_is_400() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for text in [
        "{}",
        r#"{"x":1}"#,
        r#"{"type":"msg","data":"x"}"#,
        r#"{"data":"x"}"#,
        r#"{"options":{"user":"x","pass":""}}"#,
        r#"{"room":"lobby"}"#,
        r#"{"room":"lobby","type":"msg"}"#,
        r#"{"room":"lobby","type":"button"}"#,
        r#"{"room":"lobby","type":"transform"}"#,
        r#"{"room":"lobby","type":"list"}"#,
        r#"{"room":"lobby","type":"leave"}"#,
        r#"{"room":"elsewhere","type":"join"}"#,
        r#"{"room":"elsewhere","type":"msg"}"#,
    ] {
        ada.asks(text, 400).await;
    }
    ada.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_bad_type_is_400() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(&request("lobby", "", "1"), 400).await;
    ada.asks(&request("lobby", &"x".repeat(65), "1"), 400).await;
    ada.asks(&request("lobby", &"字".repeat(65), "1"), 400).await;
    ada.send(&request("lobby", &"😀".repeat(64), "1")).await;
    ada.expect("lobby", "ada", &"😀".repeat(64), "1").await;
}

#[tokio::test]
async fn a_malformed_request_is_refused_before_membership_is_checked() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(r#"{"room":"elsewhere","type":"msg"}"#, 400).await;
    ada.asks(&request("elsewhere", "", "1"), 400).await;
    ada.asks(&request("elsewhere", "transform", r#"{"pos":null}"#), 406).await;
    ada.asks(&request("elsewhere", "transform", "{}"), 401).await;
}
