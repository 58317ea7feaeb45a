//! The benchmark of the server's way out: what a delivery costs, compared with what the kernel
//! alone asks for it. Linux only.
//!
//! ```text
//! cargo bench --bench fanout                                   # everything, some 25 minutes
//! cargo bench --bench fanout -- --load room200-72,chat         # some loads
//! cargo bench --bench fanout -- --runs 3 --seconds 2 --server ours,floor
//! ```
//!
//! Three servers run in turn, each as a fresh process pinned to one core (`--server-core`, 0),
//! under the same load from another core (`--load-core`, 1), over loopback:
//!
//! - **ours**: `vrlobby --headless --limits none`;
//! - **floor** ([`floor`]): one epoll loop that throws its input away and write()s prepared bytes
//!   of the same size to all sockets: what the kernel asks for the traffic alone;
//! - **sink** ([`sink`]): tokio-tungstenite used as its documentation shows it.
//!
//! # How to read it
//!
//! Each figure is the median over the rounds; a ratio is the median of the rounds' ratios, so
//! that a slow minute of the machine touches both of its sides. What issue 2 asks of ours stands
//! beside it. Figures that are not met do not fail the benchmark; errors do.
//!
//! - *CPU µs a tick*, *a delivery*: user and system time of the server process over the measured
//!   window (from /proc/PID/task/*/schedstat), divided by the frames that the members received in
//!   it. On loopback the receiving side's share of TCP is done in the sender's time: it is in
//!   all three alike.
//! - *ticks delivered*: of users x fps x seconds.
//! - *pose age*: from sending a pose to having it, in a whole tick, at one of 16 readers. The
//!   sender's time travels in `pos.x`. The floor's poses are dead; it stamps its ticks with the
//!   time of its last look for input, and is counted as if it had had every pose sent until then.
//! - *latency*: from sending a chat message to each of its deliveries. *lost*: deliveries that
//!   had not come 3 s after the last message.
//! - *RSS a connection*: growth of the process from listening to all logged in.
//! - *stolen from server core*: what the host of a virtual machine gave to others meanwhile. It is
//!   in nobody's CPU time, but in everybody's age and latency; more than a few per cent, and the
//!   larger loads can't deliver all ticks whatever the server.
//! - *load core*: how busy the load generator was. Near 100 % it is the generator that is measured;
//!   then a note says so.
//!
//! Members log in, join a room, and send their poses evenly spread over the period. Where only
//! ticks count, the generator looks for them every 0.5 ms instead of waiting in the kernel,
//! because a waiting reader on the same machine is woken at the writer's expense. Ticks that
//! nobody looks into are thrown away in the kernel, uncopied.
//!
//! # What to mind
//!
//! Keep the machine quiet: anything else that runs on the two cores shows.
//!
//! The benchmark starts itself in a network namespace of its own with Reno as congestion control
//! (it takes `unshare` and `ip`, and root or user namespaces; without them it says so and uses the
//! machine's loopback, as it does with `--network host`). The first line tells what is in force.
//! On a machine whose default is BBR, single runs of 500 users at 72 Hz (2 to 4 s, the same kernel,
//! noisy) put the floor at 28 to 49 µs a tick with 52 to 90 % of them delivered under BBR, and once
//! at 155 µs and 13 %; under Reno four of five came to 24 to 26 µs and 99 to 101 %, the fifth
//! to 32 µs and 66 %. Why was not looked into further.
//!
//! Shares above 100 % are ticks that were under way when the window opened.
//!
//! `idle` needs 10,000 open files in each of the two processes (`ulimit -Hn`).

mod clock;
mod conn;
mod floor;
mod generator;
mod loads;
mod measure;
mod network;
mod report;
mod servers;
mod sink;
mod tally;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, getrlimit, setrlimit};

use loads::{LOADS, Load};
use network::Network;
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
    /// Where the traffic goes.
    #[arg(long, default_value = "own", overrides_with = "network")]
    network: Network,
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
        return servers::serve(server, loads[0], options.port, options.server_core);
    }
    let contenders =
        if options.server.is_empty() { Contender::ALL.to_vec() } else { options.server };
    let cores = Cores { server: options.server_core, load: options.load_core };
    if options.network == Network::Own {
        let error = network::enter_own();
        println!("on the machine's own loopback, since no other network can be had: {error}");
    }
    servers::pin(cores.load)?;
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
