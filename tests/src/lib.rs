//! Fixtures and servers shared by the suites of this crate.
//!
//! | room | what |
//! |---|---|
//! | [`backend`] | the backend that the suites run on, what it lacks, and what stands in for that |
//! | [`config`] | the configuration file of `protected-server` |
//! | [`crates`] | the crates for the programs that must not compile |
//! | [`routes`] | what every server serves: one description, whatever the framework |
//! | [`replies`] | the responses of the routes, down to the byte |
//! | [`handshake`] | the opening of a WebSocket, checked before a framework takes over |
//! | [`misuse`] | what must not compile, as documentation tests |
//! | [`server`] | the routes in tower, axum and the others, and servers for tests |
//! | [`told`] | whatever is logged in this process, and that no credential of a request stands in it |
//! | [`tokens`] | keys and tokens, good ones and forged ones |
//! | [`windows`] | whether a part of a secret stands in a text |
//! | [`wire`] | HTTP/1.1 byte by byte over a socket |

pub mod backend;
pub mod config;
pub mod crates;
pub mod handshake;
pub mod misuse;
pub mod replies;
pub mod routes;
pub mod server;
pub mod tokens;
pub mod told;
pub mod windows;
pub mod wire;

/// The examples of the manual that use the adapters, `jwt-remote` and `jwt-session`, which `jwt-core` itself cannot run.
#[cfg(all(doctest, feature = "remote"))]
pub mod manual {
    #[doc = include_str!("../../jwt-core/src/manual/clients.md")]
    pub mod clients {}
    #[doc = include_str!("../../jwt-core/src/manual/hybrid.md")]
    pub mod hybrid {}
    #[doc = include_str!("../../jwt-core/src/manual/migrating_adapters.md")]
    pub mod migrating {}
    #[doc = include_str!("../../jwt-core/src/manual/providers.md")]
    pub mod providers {}
    #[doc = include_str!("../../jwt-core/src/manual/revocation.md")]
    pub mod revocation {}
}
