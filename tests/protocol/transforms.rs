//! Poses: what is accepted, what is refused as a whole, and that numbers keep their value.

use crate::support::client::{Client, x_of};
use crate::support::hall::Hall;
use crate::support::said::Pose;
use crate::support::{request, stand};

const NOWHERE: Pose = Pose { pos: [0.0; 3], rot: [0.0; 3] };

/// Sends a transform with `data` and returns the pose that comes out of it.
async fn pose_of(data: &str) -> Pose {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&request("lobby", "transform", data)).await;
    ada.tick("lobby").await["ada"]
}

#[tokio::test]
async fn a_whole_pose_comes_out() {
    let data = r#"{"pos":{"x":1,"y":2.5,"z":-3},"rot":{"x":10,"y":-20.25,"z":30e1}}"#;
    let due = Pose { pos: [1.0, 2.5, -3.0], rot: [10.0, -20.25, 300.0] };
    assert_eq!(pose_of(data).await, due);
}

#[tokio::test]
async fn the_order_of_keys_does_not_matter() {
    let data = r#"{"rot":{"z":6,"y":5,"x":4},"pos":{"y":2,"z":3,"x":1}}"#;
    assert_eq!(pose_of(data).await, Pose { pos: [1.0, 2.0, 3.0], rot: [4.0, 5.0, 6.0] });
}

#[tokio::test]
async fn what_is_missing_is_0() {
    assert_eq!(pose_of("{}").await, NOWHERE);
    assert_eq!(pose_of(r#"{"pos":{},"rot":{}}"#).await, NOWHERE);
    assert_eq!(pose_of(r#"{"pos":{"y":7}}"#).await, Pose { pos: [0.0, 7.0, 0.0], ..NOWHERE });
    assert_eq!(pose_of(r#"{"rot":{"z":8}}"#).await, Pose { rot: [0.0, 0.0, 8.0], ..NOWHERE });
}

#[tokio::test]
async fn what_is_missing_is_0_and_not_what_it_was() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&request("lobby", "transform", r#"{"pos":{"x":1,"y":2},"rot":{"x":3}}"#)).await;
    ada.tick_with("lobby", |poses| x_of(poses, "ada") == Some(1.0)).await;
    ada.send(&request("lobby", "transform", r#"{"pos":{"x":4}}"#)).await;
    let poses = ada.tick_with("lobby", |poses| x_of(poses, "ada") == Some(4.0)).await;
    assert_eq!(poses["ada"], Pose { pos: [4.0, 0.0, 0.0], ..NOWHERE });
}

#[tokio::test]
async fn other_keys_are_dropped() {
    let data = r#"{"pos":{"x":1,"w":2},"rot":{"y":3,"order":4},"scale":{"x":5},"text":"payload"}"#;
    // That the tick holds pos and rot with x, y and z and nothing else is seen at every tick.
    assert_eq!(pose_of(data).await, Pose { pos: [1.0, 0.0, 0.0], rot: [0.0, 3.0, 0.0] });
}

#[tokio::test]
async fn of_duplicate_keys_the_last_wins() {
    let data = r#"{"pos":{"x":1,"x":2},"rot":{"x":9},"rot":{"y":3,"\u0079":4}}"#;
    assert_eq!(pose_of(data).await, Pose { pos: [2.0, 0.0, 0.0], rot: [0.0, 4.0, 0.0] });
}

#[tokio::test]
async fn keys_may_be_escaped_and_spaced() {
    let data = "\n{ \"p\\u006fs\" : { \"\\u0078\" : 1 } , \"rot\" :\t{ } }";
    assert_eq!(pose_of(data).await, Pose { pos: [1.0, 0.0, 0.0], ..NOWHERE });
}

#[tokio::test]
async fn numbers_keep_their_value() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for digits in [
        "0.1",
        "0.30000000000000004",
        "123456789.12345678",
        "-999999999.9999999",
        "1e9",
        "-1e9",
        "1000000000",
        "1E-300",
        "5e-324",
        "2.2250738585072011e-308",
        "-0.0",
        "100e-2",
        "0.000000000000000000000000000000000001e36",
        "3.14159265358979323846264338327950288",
        "9007199254740993e-10",
    ] {
        let value: f64 = digits.parse().expect("a number");
        let data = format!(r#"{{"pos":{{"x":{digits},"y":1}},"rot":{{"z":{digits}}}}}"#);
        ada.send(&request("lobby", "transform", &data)).await;
        let pose = ada.tick("lobby").await["ada"];
        assert_eq!((pose.pos[0], pose.rot[2]), (value, value), "{digits}");
    }
}

#[tokio::test]
async fn a_bad_transform_is_406_and_changes_nothing() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&stand("lobby", 7.0)).await;
    ada.tick("lobby").await;
    for data in ["null", "5", "true", "[]", r#""""#, r#""{}""#] {
        ada.asks(&request("lobby", "transform", data), 406).await;
        for part in ["pos", "rot"] {
            // An object may be empty.
            let data = format!(r#"{{"pos":{{"x":1}},"{part}":{data}}}"#);
            ada.asks(&request("lobby", "transform", &data), 406).await;
        }
    }
    for value in [
        "null",
        "true",
        r#""1""#,
        r#""""#,
        "[]",
        "[1]",
        "{}",
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "1000000001",
        "-1000000000.1",
        "1000000000.0000002",
        "1e10",
    ] {
        for axis in ["x", "y", "z"] {
            let data = format!(r#"{{"pos":{{"x":1,"{axis}":{value}}},"rot":{{"y":2}}}}"#);
            ada.asks(&request("lobby", "transform", &data), 406).await;
            let data = format!(r#"{{"pos":{{"x":1}},"rot":{{"{axis}":{value}}}}}"#);
            ada.asks(&request("lobby", "transform", &data), 406).await;
        }
    }
    // None of that has caused a tick, and the pose is still the first one.
    let mut bob = Client::login(&hall, "bob").await;
    assert_eq!(x_of(&bob.tick("lobby").await, "ada"), Some(7.0));
    bob.quiet().await;
}

#[tokio::test]
async fn a_transform_is_not_answered() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.send(&stand("lobby", 1.0)).await;
    assert_eq!(ada.tick("lobby").await.len(), 1);
    ada.quiet().await;
}
