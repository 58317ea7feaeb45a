//! The program: a server with a console, a server without one, or bots that visit a server.

use std::process::ExitCode;

use vrlobby::Server;
use vrlobby::config::{self, Invocation, ServeOptions};
use vrlobby::logging::{self, LogTarget};

fn main() -> ExitCode {
    let invocation = match config::parse(std::env::args_os(), |name| std::env::var_os(name)) {
        Ok(invocation) => invocation,
        Err(error) => {
            // Nothing can be done about a closed stderr.
            let _ = error.print();
            return ExitCode::from(error.exit_code());
        }
    };
    let outcome = match invocation {
        Invocation::Serve(options) => serve(&options),
        Invocation::Bots(_) => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vrlobby: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &ServeOptions) -> Result<(), Box<dyn std::error::Error>> {
    let (log, _flushed_at_the_end) =
        logging::init(LogTarget::Stderr, options.settings.log_level, options.log_file.as_deref())?;
    let server = Server::builder().settings(options.settings.clone()).log_control(log).start()?;
    tracing::info!("listening on {}", server.local_addr());
    for url in &server.info().urls {
        tracing::info!("headsets connect to {url}");
    }
    server.run_until_signalled()?;
    tracing::info!("stopped");
    Ok(())
}
