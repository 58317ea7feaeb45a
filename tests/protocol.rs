//! The wire contract, end to end over real sockets: at least one test for each of its rows and
//! edge rules.

mod support;

mod protocol {
    mod additions;
    mod before_login;
    mod bursts;
    mod clocks;
    mod closing;
    mod data;
    mod drain;
    mod events;
    mod floods;
    mod foreign;
    mod framing;
    mod handshake;
    mod history;
    mod http;
    mod kicks;
    mod limits;
    mod listings;
    mod liveness;
    mod logins;
    mod malformed;
    mod memory;
    mod names;
    mod operator;
    mod requests;
    mod rooms;
    mod signals;
    mod slow;
    mod threads;
    mod ticks;
    mod time;
    mod transforms;
    mod utf8;
}
