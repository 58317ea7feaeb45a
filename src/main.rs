//! vrlobby
fn main() {}
