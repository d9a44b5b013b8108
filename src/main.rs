//! The last4 program.

fn main() {}
