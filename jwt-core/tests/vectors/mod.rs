//! Test vectors: of the RFCs and of Project Wycheproof. Where each comes from is in the README beside this file.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own")]

mod es512;
mod exceptions;
mod rfc;
mod wycheproof;
