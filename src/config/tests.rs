use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::slot::Slot;
use super::table::{SETTINGS, Setting, variable};
use super::*;
use crate::model::{Consent, Limits, LogLevel};

fn parse_all(args: &[&str], env: &[(&str, &str)]) -> Result<Invocation, clap::Error> {
    let args = std::iter::once("vrlobby").chain(args.iter().copied()).map(OsString::from);
    let env: HashMap<_, _> = env.iter().copied().collect();
    parse(args, |name| env.get(name).map(OsString::from))
}

fn serve(args: &[&str], env: &[(&str, &str)]) -> ServeOptions {
    match parse_all(args, env) {
        Ok(Invocation::Serve(options)) => options,
        other => panic!("{args:?} {env:?}: {other:?}"),
    }
}

fn error(args: &[&str], env: &[(&str, &str)]) -> String {
    let error = parse_all(args, env).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string().trim_end().to_owned()
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// A value of each setting that differs from its default, and what it is shown as.
const OTHERS: &[(&str, &str)] = &[
    ("ip", "127.0.0.1"),
    ("port", "0"),
    ("fps", "29.97"),
    ("threads", "1"),
    ("log-level", "trace"),
    ("log-file", "/tmp/log"),
    ("headless", "true"),
    ("no-mouse", "true"),
    ("on-hangup", "keep"),
    ("record", "/tmp/session.db"),
    ("study", "Presence"),
    ("session", "pilot 1"),
    ("condition", "mirror on"),
    ("record-field", "light=dim,room=2"),
    ("subject", "ada=P07,bea=P08"),
    ("consent", "ada,bea"),
    ("names", "true"),
    ("no-chat", "true"),
    ("length-unit", "cm"),
    ("angle-unit", "rad"),
    ("axes", "forward-left-up"),
    ("euler-order", "x-y-z"),
    ("limits", "open"),
    ("max-message-bytes", "512KiB"),
    ("max-connections", "7"),
    ("max-connections-per-address", "3"),
    ("handshake-timeout", "2.5"),
    ("handshake-bytes", "8KiB"),
    ("login-timeout", "0.1"),
    ("idle-timeout", "86400"),
    ("max-rooms-per-user", "none"),
    ("max-rooms", "5"),
    ("messages-per-s", "none"),
    ("messages-burst", "9"),
    ("bytes-per-s", "none"),
    ("bytes-burst", "1MiB"),
    ("queue-bytes", "2MiB"),
    ("memory-bytes", "2GiB"),
    ("history-messages", "0"),
    ("history-bytes", "1KiB"),
    ("origin", "https://a.example,null"),
];

fn shown(options: &ServeOptions, name: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
    (setting.slot)(&mut options.clone()).show()
}

#[test]
fn nothing_given_means_the_defaults() {
    assert_eq!(serve(&[], &[]), ServeOptions::default());
    assert_eq!(serve(&[], &[("VRLOBBY_PORT", "")]), ServeOptions::default());
}

#[test]
fn defaults_and_ready_sets_pass_their_own_checks() {
    Settings::default().check().unwrap();
    for (name, limits) in
        [("lab", Limits::lab()), ("open", Limits::open()), ("none", Limits::none())]
    {
        limits.check().unwrap();
        assert_eq!(serve(&["--limits", name], &[]).settings.limits, limits);
    }
}

#[test]
fn every_setting_can_be_given_in_every_layer() {
    assert!(SETTINGS.iter().map(|setting| setting.name).eq(OTHERS.iter().map(|(name, _)| *name)));
    for (name, value) in OTHERS {
        assert_ne!(shown(&ServeOptions::default(), name), *value, "{name}");
        let flag = serve(&[&format!("--{name}={value}")], &[]);
        assert_eq!(shown(&flag, name), *value);
        let env = serve(&[], &[(&variable(name), value)]);
        let file = file(&format!("{name} = {value:?}\n"));
        let from_file = serve(&["--config", path(&file)], &[]);
        assert_eq!((&env, &from_file), (&flag, &flag), "{name}");
        let by_variable = serve(&[], &[("VRLOBBY_CONFIG", path(&file))]);
        assert_eq!(by_variable, flag);
    }
}

#[test]
fn a_flag_is_stronger_than_the_environment_and_that_than_the_file() {
    let file = file("port = 1\nfps = 2\nmax-rooms = 3\n");
    let options = serve(
        &["--config", path(&file), "--port", "11"],
        &[("VRLOBBY_PORT", "21"), ("VRLOBBY_FPS", "22")],
    );
    let Settings { port, fps, limits, .. } = options.settings;
    assert_eq!((port, fps, limits.max_rooms), (11, 22.0, 3));
}

#[test]
fn a_ready_set_is_weaker_than_any_single_setting() {
    let file = file("max-rooms = 3\nlimits = \"open\"\n");
    let limits = serve(&["--config", path(&file), "--messages-burst", "5"], &[]).settings.limits;
    assert_eq!(limits, Limits { max_rooms: 3, messages_burst: 5, ..Limits::open() });
    let limits = serve(&["--config", path(&file), "--limits", "none"], &[]).settings.limits;
    assert_eq!(limits, Limits { max_rooms: 3, ..Limits::none() });
}

#[test]
fn a_file_takes_numbers_truth_values_and_lists() {
    let file = file(
        "ip = \"::\"\nport = 80\nfps = 0.5\nheadless = true\nno-mouse = false\nlog-level = 1\n\
         idle-timeout = 2\nmax-message-bytes = 2048\nmax-connections-per-address = \"none\"\n\
         origin = [\"https://a.example\", \"HTTP://B.example:80\"]\n",
    );
    let options = serve(&["--config", path(&file)], &[]);
    assert!(options.headless && options.mouse);
    assert_eq!(options.settings.log_level, LogLevel::Warn);
    assert_eq!(options.settings.limits.idle_timeout, Duration::from_secs(2));
    assert_eq!(options.settings.limits.max_message_bytes, 2048);
    assert_eq!(shown(&options, "origin"), "https://a.example,http://b.example");
}

#[test]
fn a_flag_can_switch_off_again() {
    let env = [("VRLOBBY_HEADLESS", "yes"), ("VRLOBBY_ORIGIN", "null")];
    assert!(serve(&[], &env).headless);
    assert!(serve(&["--headless"], &[]).headless);
    assert!(!serve(&["--headless=false"], &env).headless);
    assert_eq!(serve(&["--origin", "any"], &env).settings.limits.origins, None);
    assert_eq!(
        shown(&serve(&["--origin=http://a", "--origin=http://b,null"], &env), "origin"),
        "http://a,http://b,null"
    );
}

#[test]
fn what_to_record_can_be_listed() {
    let file = file(
        "record-field = [\"light=dim\", \"room = 2\"]\nconsent = [\"ada\", \"Bea C\"]\n\
         names = true\n",
    );
    let options = serve(&["--config", path(&file), "--subject=ada=1", "--subject=bea=2,cy=3"], &[]);
    let fields = options.settings.recording.fields;
    assert_eq!(fields.other, [("light".into(), "dim".into()), ("room".into(), "2".into())].into());
    assert_eq!(fields.privacy.consent, Consent::Given(vec!["ada".into(), "Bea C".into()]));
    assert_eq!(fields.privacy.subjects.len(), 3);
    assert!(fields.privacy.names && fields.privacy.chat);
    let nobody = serve(&["--consent", "none", "--record-field=none", "--study=none"], &[]);
    let fields = nobody.settings.recording.fields;
    assert_eq!(fields.privacy.consent, Consent::Given(Vec::new()));
    assert_eq!((fields.study.as_str(), fields.other.len()), ("", 0));
}

#[test]
fn what_is_overridden_may_be_wrong() {
    let env = [("VRLOBBY_PORT", "tcp://10.0.0.1:42069")];
    assert_eq!(serve(&["--port", "5"], &env).settings.port, 5);
    assert!(error(&[], &env).contains("VRLOBBY_PORT"));
}

#[test]
fn a_wrong_value_names_setting_source_value_and_what_is_allowed() {
    assert_eq!(
        error(&["--fps", "0"], &[]),
        "error: wrong value \"0\" for fps (from the flag --fps): allowed is a number from 0.1 to 240"
    );
    assert_eq!(
        error(&[], &[("VRLOBBY_MAX_ROOMS", "many")]),
        "error: wrong value \"many\" for max-rooms (from the environment variable \
         VRLOBBY_MAX_ROOMS): allowed is a whole number from 1 to 1000000"
    );
    let file = file("queue-bytes = \"1KiB\"");
    assert_eq!(
        error(&["--config", path(&file)], &[]),
        format!(
            "error: wrong value \"1KiB\" for queue-bytes (from the file {:?}): allowed is a size \
             from 64KiB to 1GiB, in bytes or with KiB, MiB, GiB or TiB",
            file.path()
        )
    );
}

#[test]
fn every_setting_refuses_what_it_can_not_be() {
    let wrong: &[(&str, &[&str])] = &[
        ("ip", &["localhost", "1.2.3", "", "[::1]"]),
        ("port", &["-1", "65536", "1.0", "+5", "x", "none", "0x10"]),
        ("fps", &["0.09", "240.1", "NaN", "inf", "-1", "1e999", "none", "1,5"]),
        ("threads", &["0", "1025", "-1", "1.5", "none", "all"]),
        ("log-level", &["5", "-1", "loud"]),
        ("log-file", &[""]),
        ("headless", &["maybe", ""]),
        ("on-hangup", &["restart"]),
        ("record", &[""]),
        ("study", &["", "a\u{7}"]),
        ("record-field", &["", "light", "=dim", "a=1,a=2", "a=1,b", "none,a=1"]),
        ("subject", &["", "ada", "ada=", "ada=1,bea=1", "ada=1,ADA=2", "\u{200b}=1"]),
        ("consent", &["", "ada,,bea", "\u{200b}"]),
        ("names", &["maybe"]),
        ("length-unit", &["metres", "M", ""]),
        ("angle-unit", &["degrees"]),
        ("axes", &["right-up", "right-up-left", "x-y-z"]),
        ("euler-order", &["zxy", "z-x-x"]),
        ("limits", &["lan", "Lab "]),
        (
            "max-message-bytes",
            &["1023", "65MiB", "none", "1.5MiB", "1GB", "-1", "18446744073709551615MiB"],
        ),
        ("max-connections", &["0", "1000001", "none"]),
        ("max-connections-per-address", &["0", "nothing"]),
        ("handshake-timeout", &["0.09", "86401", "none", "10s"]),
        ("handshake-bytes", &["1", "2MiB"]),
        ("max-rooms-per-user", &["0", "18446744073709551615"]),
        ("messages-per-s", &["0", "-5", "nan"]),
        ("messages-burst", &["0", "4294967296"]),
        ("bytes-per-s", &["1", "2048MiB"]),
        ("bytes-burst", &["4096MiB"]),
        ("queue-bytes", &["63KiB"]),
        ("memory-bytes", &["0", "16383KiB", "1025GiB", "2TiB", "2GB", "none"]),
        ("history-messages", &["10001"]),
        ("origin", &["", "*", "https://a/", "https://a,,https://b", "any,null"]),
    ];
    for (name, values) in wrong {
        for value in *values {
            let message = error(&[&format!("--{name}={value}")], &[]);
            for part in [&format!("wrong value {value:?} for {name} "), "--", "allowed is"] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}

#[test]
fn a_single_setting_takes_no_list() {
    let file = file("port = [1, 2]");
    assert!(error(&["--config", path(&file)], &[]).contains("wrong value \"1,2\" for port"));
}

#[test]
fn unknown_keys_are_named_with_the_nearest() {
    let file_of = file("max_rooms = 5");
    let message = error(&["--config", path(&file_of)], &[]);
    assert!(message.contains("\"max_rooms\"") && message.contains("did you mean max-rooms?"));
    let file_of = file("[server]\nport = 5");
    let message = error(&["--config", path(&file_of)], &[]);
    assert!(message.contains("\"server\", which is no setting"), "{message}");
}

#[test]
fn a_file_that_can_not_be_read_is_an_error() {
    let missing = Path::new("/nonexistent/vrlobby.toml");
    let message = error(&[], &[("VRLOBBY_CONFIG", missing.to_str().unwrap())]);
    assert!(message.contains("VRLOBBY_CONFIG") && message.contains("/nonexistent/vrlobby.toml"));
    let broken = file("port = = 5");
    let message = error(&["--config", path(&broken)], &[]);
    assert!(message.contains("it is not TOML") && message.contains("line 1"), "{message}");
}

#[test]
fn contradictions_name_both_sides() {
    let message = error(&["--history-bytes", "2MiB"], &[]);
    assert!(message.contains("history-bytes is 2097152 (from the flag --history-bytes)"));
    assert!(message.contains("queue-bytes is 1048576:"), "{message}");
    let message = error(&["--max-message-bytes", "3MiB"], &[("VRLOBBY_LIMITS", "open")]);
    assert!(
        message.contains("bytes-burst is 2097152 (from the environment variable VRLOBBY_LIMITS)")
    );
    serve(&["--max-message-bytes", "3MiB", "--limits", "open", "--bytes-per-s", "none"], &[]);
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_text_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff]);
    let result = parse(["vrlobby".into()], |name| (name == "VRLOBBY_PORT").then(|| value.clone()));
    assert!(result.unwrap_err().to_string().contains("VRLOBBY_PORT"));
}

#[test]
fn help_and_version_are_no_failure() {
    for flag in ["--help", "-h", "--version", "-V"] {
        let early = parse_all(&[flag], &[]).unwrap_err();
        assert_eq!(early.exit_code(), 0, "{flag}");
    }
    let version = parse_all(&["--version"], &[]).unwrap_err().to_string();
    assert_eq!(version.trim(), concat!("vrlobby ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_flags_are_wrong_usage() {
    for args in [
        &["--nonsense"][..],
        &["--port"],
        &["--port", "1", "--port", "2"],
        &["x"],
        &["--port", "1", "bots"],
    ] {
        error(args, &[]);
    }
}

#[test]
fn bots_have_defaults_and_ranges() {
    let defaults = BotArgs {
        users: 20,
        rooms: 2,
        hz: 30.0,
        url: "ws://127.0.0.1:42069".into(),
        chat: false,
        seconds: None,
    };
    assert_eq!(parse_all(&["bots"], &[]).unwrap(), Invocation::Bots(defaults));
    let args = [
        "bots",
        "--users=3",
        "--rooms=1",
        "--hz=0.5",
        "--url=ws://[::1]:5/x",
        "--chat",
        "--seconds=2.5",
    ];
    let given = BotArgs {
        users: 3,
        rooms: 1,
        hz: 0.5,
        url: "ws://[::1]:5/x".into(),
        chat: true,
        seconds: Some(2.5),
    };
    assert_eq!(parse_all(&args, &[]).unwrap(), Invocation::Bots(given));
    for (flag, value) in [
        ("--users", "0"),
        ("--users", "10001"),
        ("--rooms", "-1"),
        ("--hz", "nan"),
        ("--hz", "241"),
        ("--url", "http://x"),
        ("--url", "ws://"),
        ("--url", "ws:// x"),
        ("--seconds", "0"),
    ] {
        let message = error(&["bots", flag, value], &[]);
        assert!(message.contains(flag) && message.contains(value), "{message}");
    }
}

#[test]
fn programs_get_the_same_checks() {
    let settings = Settings { fps: 0.0, ..Settings::default() };
    assert_eq!(
        settings.check().unwrap_err().to_string(),
        "wrong value \"0\" for fps: allowed is a number from 0.1 to 240"
    );
    for threads in [0, 1025] {
        assert!(Settings { threads: Some(threads), ..Settings::default() }.check().is_err());
    }
    let wrong = [
        Limits { max_connections: 0, ..Limits::lab() },
        Limits { max_message_bytes: usize::MAX, ..Limits::lab() },
        Limits { idle_timeout: Duration::ZERO, ..Limits::lab() },
        Limits { login_timeout: Duration::MAX, ..Limits::lab() },
        Limits { messages_per_s: Some(f64::NAN), ..Limits::lab() },
        Limits { messages_burst: 0, ..Limits::lab() },
        Limits { bytes_per_s: Some(f64::INFINITY), ..Limits::lab() },
        Limits { max_connections_per_address: Some(0), ..Limits::lab() },
        Limits { memory_bytes: Some(0), ..Limits::lab() },
        Limits { queue_bytes: 1, ..Limits::lab() },
        Limits { history_bytes: 2 << 20, ..Limits::lab() },
        Limits { origins: Some(vec![]), ..Limits::lab() },
        Limits { origins: Some(vec!["https://A.example".into()]), ..Limits::lab() },
        Limits { origins: Some(vec!["https://a.example/".into()]), ..Limits::lab() },
    ];
    for limits in wrong {
        let error = limits.check().unwrap_err();
        assert_eq!(Settings { limits, ..Settings::default() }.check().unwrap_err(), error);
    }
}

/// The tables of settings as Markdown: those of the server, and the limits.
fn markdown() -> [String; 2] {
    let mut server = "| setting | default | allowed | |\n|---|---|---|---|\n\
                      | `config` | | the path of a file | TOML file with settings |\n"
        .to_owned();
    let mut limits = "| setting | lab | open | none | |\n|---|---|---|---|---|\n".to_owned();
    for Setting { name, heading, help, slot, .. } in SETTINGS {
        let mut options = ServeOptions::default();
        if *heading == "Limits" && *name != "limits" {
            let values = [Limits::lab(), Limits::open(), Limits::none()].map(|limits| {
                options.settings.limits = limits;
                slot(&mut options).show()
            });
            limits += &format!("| `{name}` | {} | {help} |\n", values.join(" | "));
        } else {
            let slot = slot(&mut options);
            let default = match slot {
                Slot::Switch(..) => " ".to_owned(),
                _ => format!(" {} ", slot.show()),
            };
            server += &format!("| `{name}` |{default}| {} | {help} |\n", slot.allowed());
        }
    }
    [server, limits]
}

#[test]
fn the_readme_shows_the_table() {
    let readme = include_str!("../../README.md");
    for table in markdown() {
        assert!(readme.contains(&table), "put this into README.md, section Settings:\n\n{table}");
    }
}

#[test]
fn a_count_and_a_size_of_the_machine_are_auto_unless_set() {
    let options = serve(&["--threads", "1024", "--memory-bytes", "1 TiB"], &[]);
    assert_eq!(options.settings.threads, Some(1024));
    assert_eq!(options.settings.limits.memory_bytes, Some(1 << 40));
    let options = serve(&["--threads=auto", "--memory-bytes=auto"], &[("VRLOBBY_THREADS", "2")]);
    assert_eq!((options.settings.threads, options.settings.limits.memory_bytes), (None, None));
    let file = file("threads = 1\nmemory-bytes = 16777216\n");
    let options = serve(&["--config", path(&file)], &[]);
    assert_eq!(options.settings.threads, Some(1));
    assert_eq!(options.settings.limits.memory_bytes, Some(16 << 20));
    assert_eq!(
        error(&["--memory-bytes", "8MiB"], &[]),
        "error: wrong value \"8MiB\" for memory-bytes (from the flag --memory-bytes): allowed is a \
         size from 16MiB to 1TiB, in bytes or with KiB, MiB, GiB or TiB, or auto"
    );
    assert!(error(&["--threads=0"], &[]).ends_with("a whole number from 1 to 1024, or auto"));
}

proptest! {
    /// Whatever is read is allowed, and is the same again when it is shown and read back.
    #[test]
    fn what_is_read_is_allowed_and_reads_back(
        index in 0..SETTINGS.len(),
        text in prop_oneof![
            "[0-9]{1,7}(\\.[0-9]{1,3})?( ?([kK]|M|[gG]|T)iB)?",
            "none|any|true|false|keep|stop|null|assumed|cm|rad|x-y-z|left-up-back",
            "[a-z]{1,3}=[a-z ]{1,3}(,[a-z]{1,3}=[0-9]{0,3})?",
            "https?://[a-zA-Z0-9.]{1,8}(:[0-9]{1,5})?",
            "\\PC{0,12}",
        ],
    ) {
        let mut options = ServeOptions::default();
        let before = options.clone();
        let setting = &SETTINGS[index];
        let mut slot = (setting.slot)(&mut options);
        if slot.read(std::slice::from_ref(&text)).is_some() {
            prop_assert!(slot.is_allowed());
            let shown = slot.show();
            let mut again = ServeOptions::default();
            prop_assert!((setting.slot)(&mut again).read(&[shown]).is_some());
            prop_assert_eq!(again, options);
        } else {
            prop_assert_eq!(options, before);
        }
    }
}
