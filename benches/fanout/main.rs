//! The benchmark: what a delivery costs, compared with what the kernel alone asks for it, and what
//! one client costs another. Linux only.
//!
//! ```text
//! cargo bench --bench fanout                            # everything, some 40 minutes
//! cargo bench --bench fanout -- --quick                 # a smoke run of everything, 10 minutes
//! cargo bench --bench fanout -- --load room200,chat     # some loads, by the start of their names
//! cargo bench --bench fanout -- --pinning none --threads 1,2 --server ours,floor
//! ```
//!
//! Three servers take turns, each as a fresh process, under the same load over loopback:
//!
//! - **ours**: `vrlobby --headless`, with `--limits none` where delivery is measured. With
//!   `--threads 1,2` it gets a column for each setting, else it runs with its default;
//! - **floor** ([`floor`]): one epoll loop that throws its input away and write()s prepared bytes
//!   of the same size to all sockets: what the kernel asks for the traffic alone;
//! - **sink** ([`sink`]): tokio-tungstenite used as its documentation shows it.
//!
//! Every load runs twice, unless `--pinning` says otherwise:
//!
//! - **pinned** (`--pinning cores`): the server on one core (`--server-core`, 0) that it has to
//!   itself;
//! - **as installed** (`--pinning none`): the server on any core, with its default number of
//!   threads.
//!
//! The load generator has a core of its own (`--load-core`, 1). On two cores, a server as
//! installed shares that one with it.
//!
//! # How to read it
//!
//! Each figure is the median over the rounds; a ratio is the median of the rounds' ratios, so
//! that a slow minute of the machine affects both sides. Counts of what must not happen (lost
//! deliveries, clients closed) show the worst round instead. What is asked of ours stands beside
//! the figure. An ask that is not met does not fail the benchmark; errors do. At the end, a table
//! in Markdown has a row for each load and pinning: its first figure, and the asks not met.
//!
//! - *CPU µs a tick*, *a delivery*: user and system time of the server process over the measured
//!   window (from /proc/PID/task/*/schedstat), divided by the frames that the members received in
//!   it. On loopback the receiving side's share of TCP is done in the sender's time: it is in
//!   all three alike.
//! - *ticks delivered*: of users x fps x seconds. Shares above 100 % are ticks that were on their
//!   way when the window opened.
//! - *pose age*: from sending a pose to having it, in a whole tick, at one of 16 readers. The
//!   sender's time travels in `pos.x`. The floor's poses are dead; it stamps its ticks with the
//!   time of its last poll, and is counted as if it had had every pose sent until then.
//! - *jitter*: by how much the time between two ticks at a reader misses the period; a tick that
//!   is skipped counts as one that is a period late. The generator polls every 0.5 ms, which is
//!   in everybody's jitter.
//! - *latency*: from sending a chat message to each of its deliveries. *lost*: deliveries that
//!   had not arrived 3 s after the last message.
//! - *RSS a connection*: growth of the process from listening to all logged in.
//! - *ping* (in the loads below): from sending a `ping` to its answer, at a bystander that sends 50
//!   a second; one that has no answer in the end counts as long as it has waited. *before*:
//!   without the load.
//! - *stolen from server core*: what the host of a virtual machine gave to others meanwhile. It is
//!   in nobody's CPU time, but in everybody's age and latency; more than a few per cent, and the
//!   larger loads can't deliver all ticks whatever the server.
//! - *load core*: how busy the load generator was. Near 100 % it is the generator that is measured;
//!   then a note says so.
//!
//! Members log in, join a room, and send their poses evenly spread over the period. Where only
//! ticks count, the generator polls every 0.5 ms instead of waiting in the kernel, because a
//! waiting reader on the same machine is woken at the writer's expense. Ticks that are only
//! counted are discarded in the kernel, uncopied.
//!
//! # What one client may cost another
//!
//! Three loads run against ours alone, with the limits of an installed server ([`cost`]):
//!
//! - *rooms-flood*: 4 clients list 1,000 rooms 20 or 100 times a second each (`lab`);
//! - *big-buttons*: 3 clients send 1 MiB buttons as fast as `lab` allows; one member of the room
//!   reads 50 Mbit/s, and must not be closed for it. Its own answers wait behind what it is owed;
//! - *refusals*: one client sends 20,000 pings a second, of which `open` allows 100. CPU time a
//!   refusal is compared with that of the same pings carried out by a server without limits, and
//!   the client has to be closed for going on.
//!
//! # What to mind
//!
//! Keep the machine quiet: anything else that runs on the two cores shows.
//!
//! The benchmark restarts itself in a network namespace of its own with Reno as congestion control
//! (it takes `unshare` and `ip`, and root or user namespaces; without them it says so and uses the
//! machine's loopback, as it does with `--network host`). The first line tells what is in force.
//! On a machine whose default is BBR, single runs of 500 users at 72 Hz (2 to 4 s, the same kernel,
//! noisy) put the floor at 28 to 49 µs a tick with 52 to 90 % of them delivered under BBR, and once
//! at 155 µs and 13 %; under Reno four of five came to 24 to 26 µs and 99 to 101 %, the fifth
//! to 32 µs and 66 %. The cause was not investigated.
//!
//! `idle` needs 10,000 open files in each of the two processes (`ulimit -Hn`).

mod asks;
mod clock;
mod conn;
mod cost;
mod figures;
mod floor;
mod generator;
mod loads;
mod measure;
mod network;
mod report;
mod servers;
mod setup;
mod sink;
mod tally;
mod window;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, getrlimit, setrlimit};

use loads::{LOADS, Load};
use network::Network;
use report::Table;
use servers::{Contender, Orders};
use setup::{Cores, Entrant, Pinning, Setup};

/// Measures vrlobby against the floor and against tungstenite's sink.
#[derive(Parser)]
struct Options {
    /// Loads to run, by name or the start of it; all if none is named.
    #[arg(long, value_delimiter = ',', value_parser = loads_named)]
    load: Vec<Loads>,
    /// Rounds; in each, the servers take turns.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Seconds that each run is measured, after one second of warm-up [default: 4; idle: 30;
    /// big-buttons: 6].
    #[arg(long)]
    seconds: Option<f64>,
    /// One round of 2 s each, to see that all of it works.
    #[arg(long, conflicts_with_all = ["runs", "seconds"])]
    quick: bool,
    /// Servers to run; all if none is named.
    #[arg(long, value_delimiter = ',')]
    server: Vec<Contender>,
    /// On which cores the servers may run: one (cores), all as installed (none), or both in turn.
    #[arg(long, value_delimiter = ',')]
    pinning: Vec<Pinning>,
    /// Worker threads of ours, several for a column each [default: what it takes by itself].
    #[arg(long, value_delimiter = ',')]
    threads: Vec<usize>,
    /// The core on which a pinned server runs.
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
    /// The server's ready set of limits.
    #[arg(long, hide = true, default_value = "none")]
    limits: String,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

type Loads = Vec<&'static Load>;

fn loads_named(name: &str) -> Result<Loads, String> {
    let known = || LOADS.each_ref().map(|load| load.name).join(", ");
    let found = Load::named(name);
    if found.is_empty() { Err(format!("the loads are {}", known())) } else { Ok(found) }
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
    let loads = or_all(options.load.concat(), &LOADS.each_ref());
    if let Some(contender) = options.serve {
        let pinned = options.pinning != [Pinning::None];
        return servers::serve(&Orders {
            contender,
            load: loads[0],
            port: options.port,
            core: pinned.then_some(options.server_core),
            limits: &options.limits,
            threads: options.threads.first().copied(),
        });
    }
    let entrants = Entrant::list(&or_all(options.server, &Contender::ALL), &options.threads);
    let ways = or_all(options.pinning, &Pinning::ALL);
    let rounds = if options.quick { 1 } else { options.runs };
    let wanted = if options.quick { Some(2.0) } else { options.seconds };
    if options.network == Network::Own {
        let error = network::enter_own();
        println!("on the machine's own loopback, since no other network can be had: {error}");
    }
    let cores = Cores::share_out(options.server_core, options.load_core)?;
    let congestion = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control")?;
    println!(
        "pinned servers on core {}, load generator on core {}, TCP congestion control {}",
        cores.server,
        cores.load,
        congestion.trim()
    );
    let mut tables = Vec::new();
    for load in loads {
        let seconds = wanted.unwrap_or(load.seconds);
        let fresh =
            || entrants.iter().filter(|e| load.suits(e.contender)).map(|&e| (e, Vec::new()));
        let mut measured: Vec<_> = ways
            .iter()
            .map(|&pinning| Table { load, pinning, seconds, runs: fresh().collect() })
            .collect();
        for _ in 0..rounds {
            for table in &mut measured {
                for (entrant, runs) in &mut table.runs {
                    let setup = Setup { entrant: *entrant, pinning: table.pinning, cores: &cores };
                    runs.push(measure::run(load, seconds, &setup)?);
                }
            }
        }
        measured.iter().for_each(Table::print);
        tables.append(&mut measured);
    }
    report::summarize(&tables);
    Ok(())
}

/// What was asked for, or all there is if nothing was.
fn or_all<T: Clone>(asked: Vec<T>, all: &[T]) -> Vec<T> {
    if asked.is_empty() { all.to_vec() } else { asked }
}

/// The load of idle connections needs more open files than a shell allows.
fn raise_open_files() -> std::io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
