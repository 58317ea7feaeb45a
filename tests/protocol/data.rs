//! Data comes out as it went in, whatever JSON it is.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::json::json;
use crate::support::request;

async fn comes_out_equal(values: &[&str]) {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for value in values {
        ada.send(&request("lobby", "msg", value)).await;
        for client in [&mut ada, &mut bob] {
            client.expect("lobby", "ada", "msg", value).await;
        }
    }
    // The history has them as they were, too.
    let mut carl = Client::login(&hall, "carl").await;
    let history = carl.event().await.entries;
    assert_eq!(history.len(), values.len());
    for (entry, value) in history.iter().zip(values) {
        assert_eq!(entry.data, json(value));
    }
}

#[tokio::test]
async fn plain_values() {
    comes_out_equal(&["null", "true", "false", "0", "42", r#""""#, r#""text""#, "[]", "{}"]).await;
}

#[tokio::test]
async fn nested_values() {
    comes_out_equal(&[
        r#"[1,"two",[3,[],{}],{"four":[null,true]}]"#,
        r#"{"b":1,"a":{"y":[{"z":null}],"x":""},"":0}"#,
        r#"{"time":1,"user":"x","type":"y","data":{"info":"user"}}"#,
        r#"{"__proto__":1,"$serde_json::private::RawValue":"{}","$serde_json::private::Number":"x"}"#,
    ])
    .await;
}

#[tokio::test]
async fn numbers_that_no_float_holds() {
    comes_out_equal(&[
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890.123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
        "1e400",
        "-1e400",
        "1e-400",
        "1E+2",
        "-0",
        "-0.0",
        "5e-324",
        "[1.0,1.50,100e-2]",
    ])
    .await;
}

#[tokio::test]
async fn text_of_every_kind() {
    comes_out_equal(&[
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0000\u001b[31m\u007f\u0085""#,
        r#""\u00e9 é \ud83d\ude00 😀""#,
        r#""\u2028\u2029""#,
        "\"\u{2028}\u{2029}\u{feff}\u{202e}\u{200b}\"",
        "\"\u{7f}\u{85}\u{ffff}\u{10ffff}\"",
        r#""<script>&amp;'</script>""#,
        r#"{"\u0000":1,"\u00e9":2}"#,
    ])
    .await;
}

#[tokio::test]
async fn escaped_lone_surrogates() {
    comes_out_equal(&[
        r#""\ud800""#,
        r#""\udfff""#,
        r#""\ude00\ud83d""#,
        r#"["a\ud83db",{"\udc00":"\uDBFF"}]"#,
    ])
    .await;
}

#[tokio::test]
async fn white_space_in_data() {
    comes_out_equal(&["[ 1 ,\n2\t]", "{ \"a\" :\r\n 1 }", "  \"x\"  "]).await;
}

#[tokio::test]
async fn large_values() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let array = format!("[{}1]", "1,".repeat(50_000));
    let text = format!(r#""{}""#, "é😀".repeat(20_000));
    for value in [&array, &text] {
        ada.send(&request("lobby", "msg", value)).await;
        ada.expect("lobby", "ada", "msg", value).await;
    }
}
