//! The program: a server with a console, a server without one, or bots that visit a server.

use std::error::Error;
use std::process::ExitCode;

use vrlobby::bots::{self, BotOptions};
use vrlobby::config::{
    self, BotArgs, ExportArgs, InspectArgs, Invocation, RedactArgs, ReplayArgs, ServeOptions,
};
use vrlobby::logging::{self, LogGuard, LogTarget};
use vrlobby::{EndSignals, Server, ServerHandle};

fn main() -> ExitCode {
    let outcome = match config::parse(std::env::args_os(), |name| std::env::var_os(name)) {
        Ok(Invocation::Serve(options)) => serve(&options),
        Ok(Invocation::Bots(args)) => visit(args),
        Ok(Invocation::Export(args)) => export(args),
        Ok(Invocation::Inspect(args)) => inspect(args),
        Ok(Invocation::Replay(args)) => replay(args),
        Ok(Invocation::Redact(args)) => redact(args),
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vrlobby: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    raise_file_limit();
    if !options.headless && has_terminal() {
        return with_console(options);
    }
    // Before anything else: once the port answers, a signal may come.
    let signals = EndSignals::listen()?;
    let (server, _flushed_at_the_end) = start(options, LogTarget::Stderr)?;
    if !options.headless {
        tracing::info!("no terminal for the console: running headless");
    }
    server.run_until(signals)?;
    tracing::info!("stopped");
    Ok(())
}

fn start(
    options: &ServeOptions,
    target: LogTarget,
) -> Result<(ServerHandle, LogGuard), Box<dyn Error>> {
    let level = options.settings.log_level;
    let (log, guard) = logging::init(target, level, options.log_file.as_deref())?;
    let server = Server::builder().settings(options.settings.clone()).log_control(log).start()?;
    Ok((server, guard))
}

#[cfg(unix)]
fn has_terminal() -> bool {
    vrlobby::console::has_terminal()
}

#[cfg(unix)]
fn with_console(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    use vrlobby::config::OnHangup;
    use vrlobby::console::{self, ConsoleExit, ConsoleOptions, Signals};

    let signals = Signals::listen()?;
    let (server, _flushed_at_the_end) = start(options, LogTarget::Pane)?;
    server.announce();
    let console = ConsoleOptions { mouse: options.mouse };
    let shown = console::run_with(server.operator(), console, signals);
    if matches!(shown, Ok(ConsoleExit::HungUp)) && options.on_hangup == OnHangup::Keep {
        tracing::info!("the terminal is gone: continuing without the console");
        server.run_until_signalled()?;
    } else {
        server.stop();
        server.wait()?;
        shown?;
    }
    tracing::info!("stopped");
    Ok(())
}

/// The console works on Unix terminals only.
#[cfg(not(unix))]
fn has_terminal() -> bool {
    false
}

#[cfg(not(unix))]
fn with_console(_options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    Err("the console works on Unix terminals only; start with --headless".into())
}

fn visit(args: BotArgs) -> Result<(), Box<dyn Error>> {
    let options = BotOptions {
        url: args.url,
        users: args.users as usize,
        rooms: args.rooms as usize,
        hz: args.hz,
        chat: args.chat,
        seconds: args.seconds,
        ..BotOptions::default()
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(bots::run(options, tokio::signal::ctrl_c()))?;
    println!("{report}");
    Ok(())
}

fn export(_args: ExportArgs) -> Result<(), Box<dyn Error>> {
    Err("to be built".into())
}

fn inspect(_args: InspectArgs) -> Result<(), Box<dyn Error>> {
    Err("to be built".into())
}

fn replay(_args: ReplayArgs) -> Result<(), Box<dyn Error>> {
    Err("to be built".into())
}

#[cfg(feature = "recording")]
fn redact(args: RedactArgs) -> Result<(), Box<dyn Error>> {
    let today = jiff::Timestamp::try_from(vrlobby::clock::wall())?;
    let today = today.to_zoned(jiff::tz::TimeZone::system()).date().to_string();
    let RedactArgs { file, subject } = args;
    let redaction = vrlobby::archive::redact(&file, &subject, &today)?;
    println!("{}: {redaction}", file.display());
    Ok(())
}

#[cfg(not(feature = "recording"))]
fn redact(_args: RedactArgs) -> Result<(), Box<dyn Error>> {
    Err("this program was built without recordings (the Cargo feature \"recording\")".into())
}

/// Raises the limit on open files as far as possible: each connection needs a descriptor, and the
/// usual 1024 is meant for programs that use select().
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If that fails, accepting pauses when descriptors run out, and the log says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(unix))]
fn raise_file_limit() {}
