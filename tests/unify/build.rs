//! Nothing is to be done.
fn main() {}
