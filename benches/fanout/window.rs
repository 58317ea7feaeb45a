//! CPU time over a window of time: the server's, the load generator's, and what others took.

use std::io;

use crate::clock;
use crate::figures::{MIB, Run};
use crate::servers::{Server, stolen};
use crate::setup::Setup;

/// Above this share of its core, the load generator is what is measured.
const SATURATED: f64 = 0.95;

/// A window that is open.
pub(crate) struct Window<'a> {
    server: &'a Server,
    core: Option<usize>,
    begun: u64,
    cpu: u64,
    own_cpu: u64,
    stolen: f64,
}

/// What was used while a window was open, in seconds.
pub(crate) struct Used {
    /// How long it was open.
    pub(crate) seconds: f64,
    /// CPU time of the server.
    pub(crate) server: f64,
    /// CPU time of the load generator.
    pub(crate) load: f64,
    /// Time that the host of a virtual machine took from the server's cores.
    pub(crate) stolen: f64,
}

impl<'a> Window<'a> {
    pub(crate) fn open(server: &'a Server, setup: &Setup<'_>) -> io::Result<Self> {
        let core = setup.server_core();
        Ok(Self {
            server,
            core,
            stolen: stolen(core)?,
            begun: clock::now(),
            own_cpu: clock::own_cpu(),
            cpu: server.cpu()?,
        })
    }

    pub(crate) fn close(self) -> io::Result<Used> {
        let server = self.server.cpu()?.saturating_sub(self.cpu);
        Ok(Used {
            seconds: (clock::now() - self.begun) as f64 / 1e9,
            server: server as f64 / 1e9,
            load: (clock::own_cpu() - self.own_cpu) as f64 / 1e9,
            stolen: stolen(self.core)? - self.stolen,
        })
    }
}

impl Used {
    /// Adds the figures that every load has.
    pub(crate) fn report(&self, run: &mut Run, server: &Server) -> io::Result<()> {
        run.add("server core %", 100.0 * self.server / self.seconds, 2);
        run.add("stolen from server core %", 100.0 * self.stolen / self.seconds, 1);
        run.add("load core %", 100.0 * self.load / self.seconds, 1);
        run.add("RSS MiB", server.rss()? / MIB, 1);
        if self.load / self.seconds > SATURATED {
            run.notes.push("the load generator's core was saturated".into());
        }
        Ok(())
    }
}
