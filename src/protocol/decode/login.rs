//! The options of a login.

use serde_json::value::RawValue;

use super::wrong::{bad_request, text_of, wrong_kind};
use crate::model::UserName;
use crate::protocol::json::Object;
use crate::protocol::{Code, Password, Refusal, Request, SERVER_USER};

pub(super) fn login(options: Option<&RawValue>) -> Result<Request, Refusal> {
    let Some(options) = options else {
        return Err(bad_request("login needs \"options\":{\"user\":…,\"pass\":…}"));
    };
    if !options.get().starts_with('{') {
        return Err(wrong_kind("options", "an object", options));
    }
    let object = Object::parse(options.get())
        .map_err(|error| bad_request(format!("\"options\": {error}")))?;
    let [mut user, mut pass] = [None, None];
    for (key, value) in &object.entries {
        match key.as_deref() {
            Some("user") => user = Some(value),
            Some("pass") => pass = Some(value),
            _ => {}
        }
    }
    let (Some(user), Some(pass)) = (user, pass) else {
        return Err(bad_request("login needs \"user\" and \"pass\" in its options, both text"));
    };
    let name = text_of("user", user)?;
    let user = UserName::new(&name).map_err(|error| bad_request(format!("\"user\": {error}")))?;
    let password = Password::new(&text_of("pass", pass)?);
    if &**user.folded() == SERVER_USER {
        return Err(Refusal::new(Code::AccessDenied, "that name is the server's own"));
    }
    Ok(Request::Login { user, password })
}
