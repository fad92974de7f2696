//! The driver finds what it must, and the comparison with jsonwebtoken by name.

mod differential;
mod driver;
