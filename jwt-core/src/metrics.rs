//! The names of what is counted, through the facade [metrics](https://docs.rs/metrics): install any of
//! its recorders to see them. Feature `metrics`.
//!
//! Labels are closed sets: codes of [`Reason`](crate::Reason) and [`CarrierKind`](crate::request::CarrierKind),
//! statuses. Nothing that a token says is a label.
//!
//! | name | kind | labels | counts |
//! |---|---|---|---|
//! | `jwt_authenticated_total` | counter | `carrier` | requests that carried a good token, once for each layer |
//! | `jwt_anonymous_total` | counter | | requests that an optional layer or a preflight let through without one |
//! | `jwt_refused_total` | counter | `reason`, `status` | refusals of layers, extractors and requirements |
//! | `jwt_decision_seconds` | histogram | | deciding about a request, without what it waits for |
//! | `jwt_keys_replaced_total` | counter | | new keys for an authority |
//! | `jwt_keys_taken_away_total` | counter | | an authority left without keys |
//! | `jwt_keys_skipped_total` | counter | `reason` | keys of a JWK set that are not used |
//! | `jwt_issued_total` | counter | | tokens signed |

use metrics::{Unit, describe_counter, describe_histogram};

/// Requests that carried a good token, by `carrier`.
pub const AUTHENTICATED: &str = "jwt_authenticated_total";
/// Requests that went on without a token.
pub const ANONYMOUS: &str = "jwt_anonymous_total";
/// Refusals, by `reason` and `status`.
pub const REFUSED: &str = "jwt_refused_total";
/// Seconds that a decision takes.
pub const DECISION_SECONDS: &str = "jwt_decision_seconds";
/// New keys for an authority.
pub const KEYS_REPLACED: &str = "jwt_keys_replaced_total";
/// An authority left without keys.
pub const KEYS_TAKEN_AWAY: &str = "jwt_keys_taken_away_total";
/// Keys of a JWK set that are not used, by `reason`.
pub const KEYS_SKIPPED: &str = "jwt_keys_skipped_total";
/// Tokens signed.
pub const ISSUED: &str = "jwt_issued_total";

/// Gives the installed recorder the unit and meaning of each name. Call it once, after installing one.
pub fn describe() {
    describe_counter!(AUTHENTICATED, Unit::Count, "requests that carried a good token");
    describe_counter!(ANONYMOUS, Unit::Count, "requests that went on without a token");
    describe_counter!(REFUSED, Unit::Count, "refusals of layers, extractors and requirements");
    describe_histogram!(DECISION_SECONDS, Unit::Seconds, "deciding about a request, without waiting");
    describe_counter!(KEYS_REPLACED, Unit::Count, "new keys for an authority");
    describe_counter!(KEYS_TAKEN_AWAY, Unit::Count, "an authority left without keys");
    describe_counter!(KEYS_SKIPPED, Unit::Count, "keys of a JWK set that are not used");
    describe_counter!(ISSUED, Unit::Count, "tokens signed");
}
