//! What a request is for: a route by its path, or an upgrade to WebSocket on any other path.

use super::answer::Answer;
use super::head::not_http;
use super::upgrade;
use crate::model::Limits;

/// Headers in one request; browsers send about 15.
const MAX_HEADERS: usize = 64;

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Routed {
    /// The connection speaks WebSocket from here on. `accept` proves that the request was read.
    Upgrade { accept: String },
    /// The connection is closed after this answer.
    Answer(Answer),
}

/// A path that is served.
struct Route {
    path: &'static str,
    answer: fn() -> Answer,
}

/// The paths that are served. Any other path may be upgraded.
const ROUTES: [Route; 1] =
    [Route { path: "/healthz", answer: || Answer::new("200 OK", "the server is up") }];

/// Decides what becomes of a request, given its whole head.
pub(super) fn route(head: &[u8], limits: &Limits) -> Routed {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => {
            return Routed::Answer(Answer::new(
                "431 Request Header Fields Too Large",
                format!("a handshake has at most {MAX_HEADERS} header lines"),
            ));
        }
        Ok(httparse::Status::Partial) | Err(_) => return Routed::Answer(not_http()),
    }
    if request.method != Some("GET") {
        let reason = "vrlobby speaks WebSocket: send GET with Upgrade: websocket";
        return Routed::Answer(
            Answer::new("405 Method Not Allowed", reason).with("Allow: GET\r\n"),
        );
    }
    let path = request.path.unwrap_or_default().split('?').next();
    if !upgrade::is_asked(&request)
        && let Some(route) = ROUTES.iter().find(|route| path == Some(route.path))
    {
        return Routed::Answer((route.answer)());
    }
    match upgrade::check(&request, limits) {
        Ok(accept) => Routed::Upgrade { accept },
        Err(answer) => Routed::Answer(answer),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    fn status(request: &str) -> &'static str {
        match route(request.as_bytes(), &Limits::lab()) {
            Routed::Upgrade { .. } => "101",
            Routed::Answer(answer) => answer.status,
        }
    }

    #[test]
    fn a_good_request_upgrades_on_any_path() {
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(route(GOOD.as_bytes(), &Limits::lab()), Routed::Upgrade { accept });
        assert_eq!(status(&GOOD.replace("/chat", "/healthz")), "101");
    }

    #[test]
    fn a_route_is_answered() {
        assert_eq!(status("GET /healthz HTTP/1.1\r\n\r\n"), "200 OK");
        assert_eq!(status("GET /healthz?x=1 HTTP/1.0\r\n\r\n"), "200 OK");
        assert_eq!(status("GET /healthz/ HTTP/1.1\r\n\r\n"), "426 Upgrade Required");
    }

    #[test]
    fn others_are_told_why_not() {
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), "426 Upgrade Required");
        assert_eq!(status(&GOOD.replace("GET", "POST")), "405 Method Not Allowed");
        assert_eq!(status(&GOOD.replace("13", "8")), "426 Upgrade Required");
        assert_eq!(status(&GOOD.replace("==", "")), "400 Bad Request");
        assert_eq!(status(&GOOD.replace(", Upgrade", "")), "400 Bad Request");
        assert_eq!(status("\u{16}\u{3}\u{1}\r\n\r\n"), "400 Bad Request");
        let many = "X: y\r\n".repeat(100);
        assert_eq!(
            status(&format!("GET / HTTP/1.1\r\n{many}\r\n")),
            "431 Request Header Fields Too Large"
        );
    }

    #[test]
    fn a_list_of_origins_refuses_others_but_not_native_clients() {
        let limits = Limits { origins: Some(vec!["https://lab.example".into()]), ..Limits::lab() };
        let from = |origin: &str| {
            let request = GOOD.replace("Host: h", &format!("Host: h\r\nOrigin: {origin}"));
            match route(request.as_bytes(), &limits) {
                Routed::Upgrade { .. } => "101",
                Routed::Answer(answer) => answer.status,
            }
        };
        assert_eq!(from("https://lab.example"), "101");
        assert_eq!(from("https://evil.example"), "403 Forbidden");
        assert!(matches!(route(GOOD.as_bytes(), &limits), Routed::Upgrade { .. }));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            route(&bytes, &Limits::lab());
        }

        /// A good request with some bytes changed is upgraded or answered, and never upgraded by mistake.
        #[test]
        fn nearly_good_requests_get_an_answer(
            changes in proptest::collection::vec((0..GOOD.len(), any::<u8>()), 1..6),
        ) {
            let mut bytes = GOOD.as_bytes().to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            if let Routed::Upgrade { accept } = route(&bytes, &Limits::lab()) {
                prop_assert_eq!(accept.len(), 28);
            }
        }
    }
}
