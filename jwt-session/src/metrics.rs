//! The names of what is counted, through the facade [metrics](https://docs.rs/metrics): install any of its recorders
//! to see them. Feature `metrics`.
//!
//! | name | kind | counts |
//! |---|---|---|
//! | `jwt_revocation_unchecked_total` | counter | requests for which [`insecure_fail_open`](crate::SessionsBuilder::insecure_fail_open) had the check pass |

use metrics::{Unit, describe_counter};

/// Requests that were let through though it was not known what other processes had revoked.
pub const REVOCATION_UNCHECKED: &str = "jwt_revocation_unchecked_total";

/// Gives the installed recorder the unit and meaning of each name. Call it once, after installing one.
pub fn describe() {
    describe_counter!(
        REVOCATION_UNCHECKED,
        Unit::Count,
        "requests let through though it was not known what others had revoked"
    );
}
