//! The program: a server with a console, a server without one, or bots that visit a server.

use std::error::Error;
use std::process::ExitCode;
#[cfg(feature = "recording")]
use std::sync::{Arc, atomic::AtomicBool};

use vrlobby::bots::{self, BotOptions};
use vrlobby::config::{
    self, BotArgs, ExportArgs, InspectArgs, Invocation, RedactArgs, ReplayArgs, ServeOptions,
};
#[cfg(feature = "recording")]
use vrlobby::config::{ExportFormat, ExportLayout};
#[cfg(feature = "recording")]
use vrlobby::export::{self, ExportOptions, Format, Layout, Selection};
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

#[cfg(feature = "recording")]
fn export(args: ExportArgs) -> Result<(), Box<dyn Error>> {
    use std::ops::ControlFlow;
    use std::sync::atomic::Ordering;

    use indicatif::{ProgressBar, ProgressStyle};

    let options = ExportOptions {
        recording: args.file,
        format: match args.format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Parquet => Format::Parquet,
            ExportFormat::Mcap => Format::Mcap,
            ExportFormat::Xdf => Format::Xdf,
            ExportFormat::Bids => Format::Bids,
            ExportFormat::Jsonl => Format::Jsonl,
        },
        layout: match args.layout {
            ExportLayout::Tidy => Layout::Tidy,
            ExportLayout::Original => Layout::Original,
        },
        output: args.output,
        force: args.force,
        selection: Selection { room: args.room, user: args.user, from: args.from, until: args.to },
        rate: args.rate,
        float32: args.float32,
    };
    let is_stopped = stop_on_signal()?;
    // Drawn on stderr, and only if that is a terminal.
    let style = "{wide_bar} {percent:>3}% of {human_len} poses, {eta} left";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?);
    let exported = export::run(&options, &mut |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        if is_stopped.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    bar.finish_and_clear();
    println!("{}", exported?);
    Ok(())
}

/// Becomes true at a signal to end, so that what was begun can be removed. A second one ends the
/// program at once.
#[cfg(all(feature = "recording", unix))]
fn stop_on_signal() -> Result<Arc<AtomicBool>, Box<dyn Error>> {
    use signal_hook::consts::TERM_SIGNALS;
    use signal_hook::flag;

    let is_stopped = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        // In this order, or the first signal would end the program too.
        flag::register_conditional_default(*signal, is_stopped.clone())?;
        flag::register(*signal, is_stopped.clone())?;
    }
    Ok(is_stopped)
}

#[cfg(all(feature = "recording", not(unix)))]
fn stop_on_signal() -> Result<Arc<AtomicBool>, Box<dyn Error>> {
    Ok(Arc::new(AtomicBool::new(false)))
}

#[cfg(not(feature = "recording"))]
fn export(_args: ExportArgs) -> Result<(), Box<dyn Error>> {
    Err("this build has no recordings: build it with --features recording".into())
}

#[cfg(feature = "recording")]
fn inspect(args: InspectArgs) -> Result<(), Box<dyn Error>> {
    use std::io::{ErrorKind, Write, stdout};

    let inspection = vrlobby::inspect::Inspection::of(&args.file)?;
    let text = if args.json {
        format!("{}\n", serde_json::to_string(&inspection)?)
    } else {
        inspection.to_string()
    };
    match stdout().write_all(text.as_bytes()) {
        // As with `| head`: whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[cfg(not(feature = "recording"))]
fn inspect(_args: InspectArgs) -> Result<(), Box<dyn Error>> {
    Err("this build has no recordings: build it with --features recording".into())
}

#[cfg(feature = "recording")]
fn replay(args: ReplayArgs) -> Result<(), Box<dyn Error>> {
    let options = vrlobby::replay::ReplayOptions {
        file: args.file,
        url: args.url,
        into: args.into,
        speed: args.speed,
        from: args.from,
        until: args.until,
        looping: args.r#loop,
        start_paused: args.start_paused,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(vrlobby::replay::run(options, end_signal()))?)
}

#[cfg(not(feature = "recording"))]
fn replay(_args: ReplayArgs) -> Result<(), Box<dyn Error>> {
    Err("this program was built without replay (the Cargo feature \"recording\")".into())
}

/// Resolves when SIGINT, SIGTERM or SIGHUP comes (Ctrl-C on Windows).
#[cfg(feature = "recording")]
async fn end_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        if let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
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
    Err("this build has no recordings: build it with --features recording".into())
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
