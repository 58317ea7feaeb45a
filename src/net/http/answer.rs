//! An HTTP answer, after which the connection is closed.

/// An HTTP answer with a line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::net) struct Answer {
    pub(super) status: &'static str,
    /// More header lines, each with its line end.
    headers: &'static str,
    text: String,
}

impl Answer {
    /// `status` is a code with its phrase, `text` a sentence for a person.
    pub(in crate::net) fn new(status: &'static str, text: impl Into<String>) -> Self {
        Self { status, headers: "", text: text.into() }
    }

    /// Adds header lines, each with its line end.
    pub(super) fn with(mut self, headers: &'static str) -> Self {
        self.headers = headers;
        self
    }

    pub(super) fn encode(&self) -> String {
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}\n",
            self.status,
            self.text.len() + 1,
            self.headers,
            self.text
        )
    }
}
