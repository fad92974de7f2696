//! Compares jwt-core and its adapters with their peers, in one run and on the same tokens.
//!
//! | file | what |
//! |---|---|
//! | `fixture` | one token of seven claims, one key per algorithm |
//! | `ours`, `peer`, `raw` | the contenders: jwt-core, jsonwebtoken 11, AWS-LC with parsed keys |
//! | `verdicts` | ten good and ten bad tokens on which the contenders must agree first |
//! | `request` | requests through a router to a handler that reads the subject |
//! | `refusal` | what a stranger may send to make a server work in vain |
//! | `timing` | alternating samples, medians, spread |
//! | `report` | the tables of BENCHMARKS.md |
//!
//! `cargo run --release` runs all and rewrites the tables; `cargo run --release -- verify` runs one
//! part and only prints. The program `fixed` is for `scripts/instructions`.

pub mod fixture;
pub mod ours;
pub mod peer;
pub mod raw;
pub mod refusal;
pub mod report;
pub mod request;
pub mod timing;
pub mod verdicts;
