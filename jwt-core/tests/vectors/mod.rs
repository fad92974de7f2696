//! Test vectors: of the RFCs, of Project Wycheproof, and our own, which are in the folder `vectors/` of the
//! workspace for other libraries to use. Where each comes from is in the README beside this file.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "small numbers and texts of the tests' own"
)]

mod es512;
mod exceptions;
mod own;
mod rfc;
mod wycheproof;
