//! The names of what is counted, through the facade [metrics](https://docs.rs/metrics): install any of its recorders
//! to see them. Feature `metrics`.
//!
//! `source` is an issuer, a template of issuers (its tenants count together), an address without its query, or a list of
//! watched files, as it was configured; the other labels are closed sets.
//!
//! | name | kind | labels | counts |
//! |---|---|---|---|
//! | `jwt_remote_fetches_total` | counter | `source`, `outcome` | fetches that brought new keys (`new`), the same ones (`same`), or failed (the code of a [`FetchError`](crate::FetchError)) |
//! | `jwt_remote_introspections_total` | counter | `source`, `outcome` | calls to introspection endpoints that said of a token that it is active (`active`) or is not taken (`refused`), or failed (the code of a [`FetchError`](crate::FetchError)); and requests for which none was made (`not_asked`) |
//! | `jwt_remote_suppressed_total` | counter | `source` | tokens with an unknown `kid` for which nothing was fetched; counted when they are told, at most once a minute |
//! | `jwt_remote_service_tokens_total` | counter | `source`, `outcome` | requests for a token of this service's own: a token came (`new`), or the code of a [`ServiceTokenError`](crate::ServiceTokenError) |

use metrics::{Unit, describe_counter};

/// Fetches of keys, by `source` and `outcome`.
pub const FETCHES: &str = "jwt_remote_fetches_total";
/// Calls to introspection endpoints, by `source` and `outcome`.
pub const INTROSPECTIONS: &str = "jwt_remote_introspections_total";
/// Tokens with an unknown `kid` for which nothing was fetched, by `source`.
pub const SUPPRESSED: &str = "jwt_remote_suppressed_total";
/// Requests for a token of this service's own, by `source` and `outcome`.
pub const SERVICE_TOKENS: &str = "jwt_remote_service_tokens_total";

/// Gives the installed recorder the unit and meaning of each name. Call it once, after installing one.
pub fn describe() {
    describe_counter!(FETCHES, Unit::Count, "fetches of keys");
    describe_counter!(
        INTROSPECTIONS,
        Unit::Count,
        "calls to introspection endpoints, and requests without one"
    );
    describe_counter!(SUPPRESSED, Unit::Count, "tokens with an unknown key for which nothing was fetched");
    describe_counter!(SERVICE_TOKENS, Unit::Count, "requests for a token of this service's own");
}
