//! A real identity provider, `oidc-provider` of npm, in a process of its own: found, believed, rotated and taken away,
//! while tower, axum and actix serve (`tests/interop/node/oidc-provider.mjs`).
//!
//! | room | what |
//! |---|---|
//! | `provider` | the process |
//! | `client` | who asks it: a service for its tokens, a browser through a login, a user of the protected servers |
//! | `access_tokens` | every algorithm, every way to say who a client is, and what is refused |
//! | `id_tokens` | the code flow with PKCE, and the rules of OpenID Connect Core §3.1.3.7 |
//! | `introspection` | opaque tokens, and both kinds behind one layer |
//! | `own_tokens` | a service's own tokens, fetched and presented by us |
//! | `rotation` | new keys while requests run, and keys that are gone |
//! | `outages` | hanging, gone, killed and started anew |
//! | `logout` | a user logs in and out in a browser, and the provider says so |
//! | `chromium` | that browser |
//! | `examples` | the examples' own lines, with this provider |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what fails in here fails a test"
)]

mod access_tokens;
mod chromium;
mod client;
mod examples;
mod id_tokens;
mod introspection;
mod logout;
mod outages;
mod own_tokens;
mod provider;
mod rotation;

use core::time::Duration;

use jwt_core::{IntoRequestAuth as _, Profile};
use jwt_remote::{Oidc, OidcProvider, Remote};
use tests::routes::protected;
use tests::server::{Framework, TestServer};

use super::process::PATIENCE;
use client::User;
use provider::Provider;

/// The algorithms that the provider signs by.
const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// The resource server that we are, and another one that the provider knows.
const AUDIENCE: &str = "https://api.example.com";
const FOREIGN_AUDIENCE: &str = "https://other.example.com";

/// The real client, whatever proxy this machine is set up for.
fn remote() -> Remote {
    Remote::with_reqwest(client::builder()).unwrap()
}

/// What a service has of the provider: tokens for us, as RFC 9068 says.
fn service(provider: &Provider) -> jwt_remote::OidcBuilder<jwt_core::Ready> {
    Oidc::issuer(provider.issuer())
        .with_audience(AUDIENCE)
        .with_remote(&remote())
        .with_rules(|rules| rules.with_profile(Profile::Rfc9068))
}

/// The routes in a framework behind what the provider says.
fn protect(framework: Framework, oidc: &OidcProvider) -> (TestServer, User) {
    let server = TestServer::start(framework, protected(&oidc.clone().into_request_auth())).unwrap();
    let user = User::of(&server);
    (server, user)
}

/// Waits until it holds. Not for time, but for something that another task or process is about to do.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: it did not come about");
}
