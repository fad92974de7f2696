//! Fuzzing on the stable toolchain, without a network and without instrumentation.
//!
//! | room | what |
//! |---|---|
//! | [`targets`] | one function per parser: it calls public API and panics where an invariant is broken |
//! | [`corpus`] | the committed seeds, and inputs that once broke something |
//! | [`mutate`] | makes an input from a seed, knowing base64url, JSON, PEM and DER |
//! | [`random`] | numbers that a seed decides |
//! | [`driver`] | runs a target, replays, counts, reports a crash |
//! | [`json`] | JSON read by serde_json, to compare with |
//! | [`fixture`] | keys, and tokens of any header and payload signed by them |
//! | [`oracle`] | jsonwebtoken, set to the same rules |
//!
//! The mutations are blind to coverage. What makes up for it is the seeds, and that most targets do not
//! wait for a panic but compare each answer with a second reading of the same input.

pub mod corpus;
pub mod driver;
pub mod fixture;
pub mod json;
pub mod mutate;
pub mod oracle;
pub mod random;
pub mod targets;
