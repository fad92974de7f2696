//! Known attacks, by the numbers of `rows.txt`.
//!
//! 1. Every attack is one step away from a good token or request: the same without the attack is accepted, so
//!    that no row passes for another reason. The reason of the refusal is asserted.
//! 2. Attacks on a token go to a [`Verifier`](jwt_core::Verifier), those on a request over sockets to servers
//!    in every framework, those on a session over sockets to the ready-made routes in each that has them (`house`).
//! 3. `rows.txt` lists the attacks, and as `R` with a number what must hold when something fails, each with its root cause; every room lists the rows that its tests cover;
//!    `exceptions.txt` says why a row has no test. [`register`] fails where the three disagree.
//!
//! | room | attacks on |
//! |---|---|
//! | `algorithms` | the choice of the algorithm, and signatures |
//! | `keys` | keys, and how a token names one |
//! | `text` | the text of a token: segments, base64url, length, header members |
//! | `json` | the JSON of header and payload |
//! | `claims` | claims, and the kind of token |
//! | `carriers` | where a token stands in a request |
//! | `browsers` | cookies sent by pages of others, CORS |
//! | `matrix` | every authority and algorithm in the place of every other |
//! | `sessions` | refresh tokens, what was taken back, and the cookies of the ready-made routes |
//! | `outages` | a store that fails, callers that go away |
//! | `signing` | keys in use and their signatures |
//! | `leaks` | logs, texts and responses |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "what fails in here fails a test"
)]

mod algorithms;
mod bench;
mod browsers;
mod carriers;
mod chapter;
mod claims;
mod house;
mod json;
mod keys;
mod leaks;
mod matrix;
mod outages;
pub(crate) mod register;
mod sessions;
mod signing;
mod text;

/// The tests of a room with the rows that each covers: `name [rows];`.
macro_rules! covers {
    ($($test:ident [$($row:tt)+];)+) => {
        pub(crate) const TESTS: &[$crate::attacks::register::Test] = &[$($crate::attacks::register::Test {
            room: module_path!(),
            name: stringify!($test),
            function: $test,
            rows: &[$(stringify!($row)),+],
        }),+];
    };
}
pub(crate) use covers;

pub(crate) use self::text::twin;
