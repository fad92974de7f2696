//! What a request says and what it is answered, in bytes and `&str`.
//!
//! The rules that every framework shares, without a type of any HTTP library:
//!
//! 1. A framework shows its request as a [`RequestHead`].
//! 2. A [preflight](is_preflight) carries no credentials and may be let through.
//! 3. [`Carriers`] find the one token, in the places configured and nowhere else. A token that is
//!    repeated, stands in two places or is malformed is refused, never passed over (RFC 6750 §2).
//! 4. A token from a cookie on an unsafe request needs [proof of origin](ProofOfOrigin), because
//!    a browser sends cookies for any page that asks.
//! 5. A refusal is told by a [`Challenge`] (RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1), prepared
//!    once and cloned per request, and for [gRPC](is_grpc) by its own status.
//!
//! Nothing here verifies a token, allocates to read one, or panics on any input.
//!
//! ```
//! use jwt_core::{Answer, Reason};
//! use jwt_core::request::{Carriers, Challenge, SimpleHead};
//!
//! let carriers = Carriers::default();
//! let good = SimpleHead::get("/me").with_field("Authorization", "Bearer abc.def.ghi");
//! let credential = carriers.read(&good)?.expect("a token is there");
//! assert_eq!(credential.token(), "abc.def.ghi");
//!
//! let bad = SimpleHead::get("/me").with_field("Authorization", "Bearer two words");
//! let reason = carriers.read(&bad).unwrap_err();
//! assert_eq!(reason, Reason::MalformedAuthorization);
//! assert_eq!(reason.answer(), Answer::InvalidRequest);
//!
//! let nothing = SimpleHead::get("/me");
//! assert!(carriers.read(&nothing)?.is_none());
//! let challenge = Challenge::default().text(Reason::NoCredentials.answer(), &Default::default());
//! assert_eq!(challenge.as_deref(), Some(r#"Bearer realm="api""#));
//! # Ok::<(), Reason>(())
//! ```

mod authorization;
mod carriers;
mod challenge;
mod cookie;
mod csrf;
mod demands;
mod double_submit;
mod facts;
mod grammar;
mod grpc;
mod head;
mod origin;
mod preflight;
mod query;
mod websocket;

pub use authorization::{Authorization, BEARER};
pub use carriers::{CarrierError, CarrierKind, Carriers, CarriersBuilder, Credential};
pub use challenge::{Challenge, ChallengeError, PreparedChallenges};
pub use cookie::read_cookie;
pub use csrf::{CSRF_FIELD, Proof, ProofOfOrigin, is_unsafe};
pub use demands::Demands;
pub use double_submit::{issue_double_submit, verify_double_submit};
pub use facts::RequestFacts;
pub use grammar::is_b64token;
pub use grpc::is_grpc;
pub use head::{Field, RequestHead, SimpleHead, single_field};
pub use origin::{AllowedOrigins, Origin, OriginError};
pub use preflight::is_preflight;
pub use query::{read_query_parameter, strip_query_parameter};
pub use websocket::read_websocket_protocol;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_is_shared_between_threads() {
        const fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Carriers>();
        shared::<ProofOfOrigin>();
        shared::<Challenge>();
        shared::<Demands>();
        shared::<PreparedChallenges>();
        shared::<SimpleHead>();
    }
}
