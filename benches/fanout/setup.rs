//! How the servers run: on which cores, and ours with how many threads.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::servers::Contender;

/// On which cores a server may run.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pinning {
    /// On one core, which the load generator leaves alone.
    Cores,
    /// On all cores, with as many threads as it takes by default: as installed.
    None,
}

impl Pinning {
    /// Both, in the order in which they take turns.
    pub(crate) const ALL: [Self; 2] = [Self::Cores, Self::None];

    /// What `--pinning` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::None => "none",
        }
    }

    /// What the tables call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Cores => "pinned",
            Self::None => "as installed",
        }
    }
}

/// A server with its settings: a column of the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entrant {
    pub(crate) contender: Contender,
    /// Worker threads; `None` for the server's default. Only ours takes the setting.
    pub(crate) threads: Option<usize>,
}

impl Entrant {
    /// The floor, which all others are compared with.
    pub(crate) const FLOOR: Self = Self { contender: Contender::Floor, threads: None };

    /// Each contender once, and ours once for each number of threads.
    pub(crate) fn list(contenders: &[Contender], threads: &[usize]) -> Vec<Self> {
        let mut list = Vec::new();
        for &contender in contenders {
            if contender == Contender::Ours && !threads.is_empty() {
                list.extend(threads.iter().map(|&n| Self { contender, threads: Some(n) }));
            } else {
                list.push(Self { contender, threads: None });
            }
        }
        list
    }

    /// What the tables call it, as `ours` or `ours 2t`.
    pub(crate) fn title(self) -> String {
        let name = self.contender.name();
        self.threads.map_or_else(|| name.to_owned(), |threads| format!("{name} {threads}t"))
    }

    /// Whether it is the server of this crate, of which things are asked.
    pub(crate) fn is_ours(self) -> bool {
        self.contender == Contender::Ours
    }
}

/// The cores of the machine, as they are shared out.
#[derive(Clone)]
pub(crate) struct Cores {
    /// Where a pinned server runs.
    pub(crate) server: usize,
    /// Where the load generator runs.
    pub(crate) load: usize,
    /// Where the benchmark was allowed to run when it started: a server that is not pinned
    /// inherits this.
    all: CpuSet,
}

impl Cores {
    /// Pins the load generator, which is the calling thread, to its core.
    pub(crate) fn share_out(server: usize, load: usize) -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        pin(load)?;
        Ok(Self { server, load, all })
    }

    /// Runs `spawn` where all cores are allowed, so that a child process may use them too.
    pub(crate) fn lend<T>(&self, spawn: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        sched_setaffinity(None, &self.all)?;
        let spawned = spawn();
        pin(self.load)?;
        spawned
    }
}

/// How one run's server is started.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) entrant: Entrant,
    pub(crate) pinning: Pinning,
    pub(crate) cores: &'a Cores,
}

impl Setup<'_> {
    /// The server's core; `None` if it may use all of them.
    pub(crate) fn server_core(&self) -> Option<usize> {
        (self.pinning == Pinning::Cores).then_some(self.cores.server)
    }
}

/// Lets this thread, and what it starts from now on, run on one core only.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)
        .map_err(|error| io::Error::new(error.kind(), format!("can't pin to core {core}: {error}")))
}
