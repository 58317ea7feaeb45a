//! The benchmark of the server's way out: what a delivery costs, compared with what the kernel
//! alone asks for it.

mod clock;
mod conn;
mod floor;
mod generator;
mod loads;
mod measure;
mod report;
mod servers;
mod sink;
mod tally;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, getrlimit, setrlimit};

use loads::{LOADS, Load};
use servers::{Contender, Cores};

/// Measures vrlobby against the floor and against tungstenite's sink.
#[derive(Parser)]
struct Options {
    /// Loads to run, all if none is named.
    #[arg(long, value_delimiter = ',', value_parser = load_named)]
    load: Vec<&'static Load>,
    /// Rounds; in each, the servers take turns.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds that each run is measured, after one second of warm-up [default: 4; idle: 30].
    #[arg(long)]
    seconds: Option<f64>,
    /// Servers to run; all if none is named.
    #[arg(long, value_delimiter = ',')]
    server: Vec<Contender>,
    /// The core on which the servers run.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core on which the load generator runs.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Be a server of the benchmark.
    #[arg(long, hide = true)]
    serve: Option<Contender>,
    /// Where the server listens.
    #[arg(long, hide = true, default_value_t = 0)]
    port: u16,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn load_named(name: &str) -> Result<&'static Load, String> {
    let known = || LOADS.each_ref().map(|load| load.name).join(", ");
    LOADS.iter().find(|load| load.name == name).ok_or_else(|| format!("the loads are {}", known()))
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fanout: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::io::Result<()> {
    raise_open_files()?;
    let loads = if options.load.is_empty() { LOADS.iter().collect() } else { options.load };
    if let Some(server) = options.serve {
        return match server {
            Contender::Sink => sink::serve(loads[0], options.port),
            _ => floor::serve(loads[0], options.port),
        };
    }
    let contenders =
        if options.server.is_empty() { Contender::ALL.to_vec() } else { options.server };
    let cores = Cores { server: options.server_core, load: options.load_core };
    let congestion = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control")?;
    println!(
        "servers on core {}, load generator on core {}, TCP congestion control {}",
        cores.server,
        cores.load,
        congestion.trim()
    );
    for load in loads {
        let seconds = options.seconds.unwrap_or(load.seconds);
        let mut runs: report::Runs = contenders.iter().map(|&c| (c, Vec::new())).collect();
        for _ in 0..options.runs {
            for (contender, runs) in &mut runs {
                runs.push(measure::run(*contender, load, seconds, cores)?);
            }
        }
        report::print(load, &runs, seconds);
    }
    Ok(())
}

/// The load of idle connections needs more open files than a shell allows.
fn raise_open_files() -> std::io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
