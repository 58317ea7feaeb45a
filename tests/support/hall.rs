//! A server of a test's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use vrlobby::events::{Interest, LobbyEvent};
use vrlobby::operator::{Command, Done, Operator, OperatorError, Snapshot};
use vrlobby::{Limits, Server, ServerHandle, Settings};

use super::client::Client;
use super::within;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Ticks a second where a test says nothing else.
pub(crate) const FPS: f64 = 60.0;

/// The numbers of threads on which a server has to do the same: writing goes another way with one
/// than with more.
pub(crate) const THREADS: [usize; 2] = [1, 2];

pub(crate) struct Hall {
    handle: ServerHandle,
}

impl Hall {
    pub(crate) fn start() -> Self {
        Self::with(FPS, Limits::lab())
    }

    /// A server with other limits than the default.
    pub(crate) fn limited(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::lab();
        change(&mut limits);
        Self::with(FPS, limits)
    }

    pub(crate) fn with(fps: f64, limits: Limits) -> Self {
        Self::set(Settings { fps, limits, ..Settings::default() })
    }

    /// A server that reads and writes on so many threads.
    pub(crate) fn on_threads(threads: usize) -> Self {
        Self::set(Settings { fps: FPS, threads: Some(threads), ..Settings::default() })
    }

    /// A server with all settings but its address.
    pub(crate) fn set(settings: Settings) -> Self {
        let settings = Settings { ip: LOOPBACK, port: 0, ..settings };
        let handle = Server::builder().settings(settings).start();
        Self { handle: handle.expect("a server on a free port") }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.handle.local_addr()
    }

    pub(crate) fn operator(&self) -> Operator {
        self.handle.operator()
    }

    /// Subscribes to events.
    pub(crate) fn subscribe(&self, interest: Interest) -> Receiver<LobbyEvent> {
        self.handle.subscribe(interest, 4096).expect("a subscription")
    }

    /// Has a command carried out.
    pub(crate) async fn execute(&self, command: Command) -> Result<Done, OperatorError> {
        within(&format!("{command:?}"), self.operator().execute(command.clone())).await
    }

    /// Waits for a snapshot of which `condition` holds.
    pub(crate) async fn seen(
        &self,
        what: &str,
        condition: impl Fn(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let mut reader = self.operator().watch();
        within(what, async {
            loop {
                let snapshot = reader.next().await.expect("the server runs");
                if condition(&snapshot) {
                    return snapshot;
                }
            }
        })
        .await
    }

    /// Logs people in, one after the other, and reads away what that sends to them.
    pub(crate) async fn people<const N: usize>(&self, names: [&str; N]) -> [Client; N] {
        let mut people: Vec<Client> = Vec::new();
        for name in names {
            let newcomer = Client::login(self, name).await;
            for person in &mut people {
                person.expect("lobby", name, "join", r#""""#).await;
            }
            people.push(newcomer);
        }
        people.try_into().unwrap_or_else(|_| panic!("{N} people"))
    }

    /// Asks for a drain.
    pub(crate) fn stop(&self) {
        self.handle.stop();
    }

    /// Waits for the end of a drain.
    pub(crate) async fn stopped(self) {
        let end = tokio::task::spawn_blocking(|| self.handle.wait());
        within("the end of the server", end).await.expect("no panic").expect("a clean end");
    }
}
