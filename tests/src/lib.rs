//! Fixtures and servers shared by the suites of this crate.
