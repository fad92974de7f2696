//! Every reason to refuse, its stable code, and the one place that turns a reason into an answer.

mod answer;
mod token_error;

use core::fmt;

pub use self::answer::Answer;
pub use self::token_error::TokenError;

/// Why a token or request was refused.
///
/// The reason is for operators: it goes to logs and metrics and never to the client, who is told
/// only what [`Reason::answer`] says.
///
/// ```
/// use jwt_core::{Answer, Reason};
/// assert_eq!(Reason::Expired.code(), "expired");
/// assert_eq!(Reason::BadSignature.answer(), Answer::InvalidToken { expired: false });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The token is longer than [`Limits::token_bytes`](crate::Limits::token_bytes).
    TokenTooLong,
    /// Not exactly two dots, or an empty header segment (RFC 7515 §7.1).
    NotThreeSegments,
    /// Five segments, or a header with `enc`, `epk` or `p2c`: a JWE where a JWS is expected.
    Encrypted,
    /// A segment is not strict base64url: padding, white space, foreign characters or trailing bits (RFC 7515 §2).
    NotBase64Url,
    /// The decoded header is longer than [`Limits::header_bytes`](crate::Limits::header_bytes).
    HeaderTooLong,
    /// The header is not a JSON object of the right member types (RFC 7515 §4).
    MalformedHeader,
    /// A member name occurs twice in one object, at any depth, escapes resolved (RFC 7515 §4, RFC 7519 §4).
    DuplicateMember,
    /// With several authorities: `iss` is absent or names none of them, so that nobody's keys were
    /// asked. With one it is [`Reason::WrongIssuer`], behind a good signature.
    UntrustedIssuer,
    /// `alg` is absent, unknown, `none`, or not one of the authority's (RFC 8725 §3.1).
    AlgorithmNotAllowed,
    /// `crit` is present: every extension is unknown here, and every malformed list is refused too (RFC 7515 §4.1.11).
    CriticalExtension,
    /// The header has `b64` (RFC 7797 §7).
    UnencodedPayload,
    /// The header embeds a key in `jwk` (CVE-2018-0114).
    EmbeddedKey,
    /// The header has `zip` (RFC 8725 §3.6).
    Compressed,
    /// The header's `cty` is `JWT` (RFC 7519 §5.2).
    Nested,
    /// `typ` does not fit the profile (RFC 8725 §3.11).
    WrongType,
    /// No key of the authority fits `kid` and `alg`.
    UnknownKey,
    /// More than one key fits: exactly one is ever tried.
    AmbiguousKey,
    /// The key named by `kid` is bound to another algorithm (RFC 8725 §3.1).
    KeyAlgorithmMismatch,
    /// The signature does not verify under the one key that fits.
    BadSignature,
    /// The payload is not UTF-8, has a byte order mark, or is not one JSON object (RFC 7519 §7.2).
    MalformedPayload,
    /// The JSON is nested deeper than the limit.
    TooDeep,
    /// A registered claim is of the wrong type or out of range: malformed, never "absent".
    MalformedClaim,
    /// A required claim is missing.
    MissingClaim,
    /// `iss` is not byte for byte the configured one (RFC 7519 §4.1.1). With several authorities, of
    /// which `iss` chooses one, it is [`Reason::UntrustedIssuer`].
    WrongIssuer,
    /// `aud` contains no accepted audience, or is present where none is expected (RFC 7519 §4.1.3).
    WrongAudience,
    /// `sub` is not the configured one.
    WrongSubject,
    /// `exp` plus leeway has passed (RFC 7519 §4.1.4). The only cause that the client is told apart.
    Expired,
    /// `nbf` minus leeway lies ahead (RFC 7519 §4.1.5).
    NotYetValid,
    /// `iat` minus leeway lies ahead.
    IssuedInFuture,
    /// `exp − iat` is above the configured cap.
    LifetimeTooLong,
    /// `iat` is further back than the configured maximum age.
    TooOld,
    /// A claim shows that this is an ID, refresh, logout or DPoP token (RFC 8725 §3.12).
    WrongKind,
    /// `nonce` is missing or another than expected (OpenID Connect Core §3.1.3.7).
    WrongNonce,
    /// `at_hash` does not match (OpenID Connect Core §3.1.3.8).
    WrongAccessTokenHash,
    /// `azp` is missing where required, or another client (OpenID Connect Core §3.1.3.7).
    WrongAuthorizedParty,
    /// `auth_time` is missing, further back than `max_age` (OpenID Connect Core §3.1.3.7), or in the future.
    LoginTooOld,
    /// A predicate of the authority refused the claims.
    PredicateFailed,
    /// The token has `cnf` and no check proves possession (RFC 9449 §7.1, RFC 8705).
    SenderConstraint,
    /// The token, its session or its subject was revoked.
    Revoked,
    /// A single-use token was presented again.
    Replayed,
    /// Introspection says `active: false` (RFC 7662 §2.2).
    Inactive,
    /// The claims cannot be deserialised into the type that was asked for.
    ClaimsShape,
    /// Nothing was presented, or only another scheme (RFC 6750 §3.1).
    NoCredentials,
    /// `Bearer` not followed by one space and one `b64token` (RFC 6750 §2.1).
    MalformedAuthorization,
    /// More than one `Authorization` field, of any scheme.
    RepeatedAuthorization,
    /// A cookie, header field or query parameter of the configured name occurs twice.
    RepeatedCredential,
    /// Tokens in more than one configured carrier (RFC 6750 §2).
    SeveralCarriers,
    /// A cookie, header field, query parameter or WebSocket protocol is present and not a `b64token`.
    MalformedCarrier,
    /// A cookie-borne token on an unsafe request, without proof that our own page sent it.
    CrossOrigin,
    /// A required scope is missing (RFC 6750 §3.1).
    MissingScope,
    /// A required role is missing.
    MissingRole,
    /// An issuer or predicate required by the route does not hold, or its handler forbids it.
    RequirementFailed,
    /// `acr` is not one of those required (RFC 9470 §3).
    InsufficientAuthentication,
    /// `auth_time` is missing, further back than the route allows (RFC 9470 §3), or in the future.
    AuthenticationTooOld,
    /// The authority's keys could not be had.
    KeysUnavailable,
    /// A store that a check needs could not be asked, or lags too far behind.
    StoreUnavailable,
    /// An extractor or `Require` runs without the layer: a mistake in the server's set-up.
    MissingLayer,
}

impl Reason {
    /// Every reason, in the order of the declaration.
    pub const ALL: &'static [Reason] = &[
        Reason::TokenTooLong,
        Reason::NotThreeSegments,
        Reason::Encrypted,
        Reason::NotBase64Url,
        Reason::HeaderTooLong,
        Reason::MalformedHeader,
        Reason::DuplicateMember,
        Reason::UntrustedIssuer,
        Reason::AlgorithmNotAllowed,
        Reason::CriticalExtension,
        Reason::UnencodedPayload,
        Reason::EmbeddedKey,
        Reason::Compressed,
        Reason::Nested,
        Reason::WrongType,
        Reason::UnknownKey,
        Reason::AmbiguousKey,
        Reason::KeyAlgorithmMismatch,
        Reason::BadSignature,
        Reason::MalformedPayload,
        Reason::TooDeep,
        Reason::MalformedClaim,
        Reason::MissingClaim,
        Reason::WrongIssuer,
        Reason::WrongAudience,
        Reason::WrongSubject,
        Reason::Expired,
        Reason::NotYetValid,
        Reason::IssuedInFuture,
        Reason::LifetimeTooLong,
        Reason::TooOld,
        Reason::WrongKind,
        Reason::WrongNonce,
        Reason::WrongAccessTokenHash,
        Reason::WrongAuthorizedParty,
        Reason::LoginTooOld,
        Reason::PredicateFailed,
        Reason::SenderConstraint,
        Reason::Revoked,
        Reason::Replayed,
        Reason::Inactive,
        Reason::ClaimsShape,
        Reason::NoCredentials,
        Reason::MalformedAuthorization,
        Reason::RepeatedAuthorization,
        Reason::RepeatedCredential,
        Reason::SeveralCarriers,
        Reason::MalformedCarrier,
        Reason::CrossOrigin,
        Reason::MissingScope,
        Reason::MissingRole,
        Reason::RequirementFailed,
        Reason::InsufficientAuthentication,
        Reason::AuthenticationTooOld,
        Reason::KeysUnavailable,
        Reason::StoreUnavailable,
        Reason::MissingLayer,
    ];

    /// The stable name of this reason, for logs, metrics and `match`es that outlive a release.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Reason::TokenTooLong => "token_too_long",
            Reason::NotThreeSegments => "not_three_segments",
            Reason::Encrypted => "encrypted_token",
            Reason::NotBase64Url => "not_base64url",
            Reason::HeaderTooLong => "header_too_long",
            Reason::MalformedHeader => "malformed_header",
            Reason::DuplicateMember => "duplicate_member",
            Reason::UntrustedIssuer => "untrusted_issuer",
            Reason::AlgorithmNotAllowed => "algorithm_not_allowed",
            Reason::CriticalExtension => "critical_extension",
            Reason::UnencodedPayload => "unencoded_payload",
            Reason::EmbeddedKey => "embedded_key",
            Reason::Compressed => "compressed_token",
            Reason::Nested => "nested_token",
            Reason::WrongType => "wrong_type",
            Reason::UnknownKey => "unknown_key",
            Reason::AmbiguousKey => "ambiguous_key",
            Reason::KeyAlgorithmMismatch => "key_algorithm_mismatch",
            Reason::BadSignature => "bad_signature",
            Reason::MalformedPayload => "malformed_payload",
            Reason::TooDeep => "too_deep",
            Reason::MalformedClaim => "malformed_claim",
            Reason::MissingClaim => "missing_claim",
            Reason::WrongIssuer => "wrong_issuer",
            Reason::WrongAudience => "wrong_audience",
            Reason::WrongSubject => "wrong_subject",
            Reason::Expired => "expired",
            Reason::NotYetValid => "not_yet_valid",
            Reason::IssuedInFuture => "issued_in_future",
            Reason::LifetimeTooLong => "lifetime_too_long",
            Reason::TooOld => "too_old",
            Reason::WrongKind => "wrong_token_kind",
            Reason::WrongNonce => "wrong_nonce",
            Reason::WrongAccessTokenHash => "wrong_access_token_hash",
            Reason::WrongAuthorizedParty => "wrong_authorized_party",
            Reason::LoginTooOld => "login_too_old",
            Reason::PredicateFailed => "predicate_failed",
            Reason::SenderConstraint => "sender_constraint",
            Reason::Revoked => "revoked",
            Reason::Replayed => "replayed",
            Reason::Inactive => "inactive",
            Reason::ClaimsShape => "claims_shape",
            Reason::NoCredentials => "no_credentials",
            Reason::MalformedAuthorization => "malformed_authorization",
            Reason::RepeatedAuthorization => "repeated_authorization",
            Reason::RepeatedCredential => "repeated_credential",
            Reason::SeveralCarriers => "several_carriers",
            Reason::MalformedCarrier => "malformed_carrier",
            Reason::CrossOrigin => "cross_origin",
            Reason::MissingScope => "missing_scope",
            Reason::MissingRole => "missing_role",
            Reason::RequirementFailed => "requirement_failed",
            Reason::InsufficientAuthentication => "insufficient_authentication",
            Reason::AuthenticationTooOld => "authentication_too_old",
            Reason::KeysUnavailable => "keys_unavailable",
            Reason::StoreUnavailable => "store_unavailable",
            Reason::MissingLayer => "missing_layer",
        }
    }

    /// What the client is told: the one mapping from reason to status and RFC 6750 error, used by
    /// every framework and by the gateway.
    #[must_use]
    pub const fn answer(self) -> Answer {
        match self {
            Reason::NoCredentials => Answer::NoCredentials,
            Reason::MalformedAuthorization
            | Reason::RepeatedAuthorization
            | Reason::RepeatedCredential
            | Reason::SeveralCarriers
            | Reason::MalformedCarrier => Answer::InvalidRequest,
            Reason::TokenTooLong
            | Reason::NotThreeSegments
            | Reason::Encrypted
            | Reason::NotBase64Url
            | Reason::HeaderTooLong
            | Reason::MalformedHeader
            | Reason::DuplicateMember
            | Reason::UntrustedIssuer
            | Reason::AlgorithmNotAllowed
            | Reason::CriticalExtension
            | Reason::UnencodedPayload
            | Reason::EmbeddedKey
            | Reason::Compressed
            | Reason::Nested
            | Reason::WrongType
            | Reason::UnknownKey
            | Reason::AmbiguousKey
            | Reason::KeyAlgorithmMismatch
            | Reason::BadSignature
            | Reason::MalformedPayload
            | Reason::TooDeep
            | Reason::MalformedClaim
            | Reason::MissingClaim
            | Reason::WrongIssuer
            | Reason::WrongAudience
            | Reason::WrongSubject
            | Reason::NotYetValid
            | Reason::IssuedInFuture
            | Reason::LifetimeTooLong
            | Reason::TooOld
            | Reason::WrongKind
            | Reason::WrongNonce
            | Reason::WrongAccessTokenHash
            | Reason::WrongAuthorizedParty
            | Reason::LoginTooOld
            | Reason::PredicateFailed
            | Reason::SenderConstraint
            | Reason::Revoked
            | Reason::Replayed
            | Reason::Inactive
            | Reason::ClaimsShape => Answer::InvalidToken { expired: false },
            Reason::Expired => Answer::InvalidToken { expired: true },
            Reason::MissingScope | Reason::MissingRole | Reason::RequirementFailed => {
                Answer::InsufficientScope
            }
            Reason::InsufficientAuthentication | Reason::AuthenticationTooOld => {
                Answer::InsufficientAuthentication
            }
            Reason::CrossOrigin => Answer::Forbidden,
            Reason::KeysUnavailable | Reason::StoreUnavailable => Answer::Unavailable,
            Reason::MissingLayer => Answer::Internal,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::TokenTooLong => "token is longer than the limit",
            Reason::NotThreeSegments => "token does not have exactly three segments",
            Reason::Encrypted => "token is encrypted (JWE), which is not supported",
            Reason::NotBase64Url => "a segment is not canonical base64url without padding",
            Reason::HeaderTooLong => "header is longer than the limit",
            Reason::MalformedHeader => "header is not a well-formed JOSE header",
            Reason::DuplicateMember => "a member name occurs twice in one JSON object",
            Reason::UntrustedIssuer => "`iss` names no configured authority",
            Reason::AlgorithmNotAllowed => "`alg` is not one of the authority's algorithms",
            Reason::CriticalExtension => "`crit` is present and no extension is supported",
            Reason::UnencodedPayload => "`b64` is present, which a JWT must not use",
            Reason::EmbeddedKey => "header carries a key of its own in `jwk`",
            Reason::Compressed => "`zip` is present, which is not supported",
            Reason::Nested => "`cty` announces a nested token, which is not supported",
            Reason::WrongType => "`typ` is not what the profile expects",
            Reason::UnknownKey => "no key of the authority fits `kid` and `alg`",
            Reason::AmbiguousKey => "more than one key of the authority fits",
            Reason::KeyAlgorithmMismatch => "the key named by `kid` is bound to another algorithm",
            Reason::BadSignature => "signature does not verify",
            Reason::MalformedPayload => "payload is not a well-formed claims set",
            Reason::TooDeep => "JSON is nested deeper than the limit",
            Reason::MalformedClaim => "a registered claim is of the wrong type",
            Reason::MissingClaim => "a required claim is missing",
            Reason::WrongIssuer => "`iss` is not the authority's",
            Reason::WrongAudience => "`aud` does not contain an accepted audience",
            Reason::WrongSubject => "`sub` is not the expected one",
            Reason::Expired => "token has expired",
            Reason::NotYetValid => "token is not valid yet",
            Reason::IssuedInFuture => "`iat` lies in the future",
            Reason::LifetimeTooLong => "`exp` minus `iat` is above the cap",
            Reason::TooOld => "token is older than allowed",
            Reason::WrongKind => "token is of another kind than the profile accepts",
            Reason::WrongNonce => "`nonce` is not the expected one",
            Reason::WrongAccessTokenHash => "`at_hash` does not match the access token",
            Reason::WrongAuthorizedParty => "`azp` is not this client",
            Reason::LoginTooOld => "`auth_time` is not within `max_age`",
            Reason::PredicateFailed => "a configured predicate refused the claims",
            Reason::SenderConstraint => "token is sender-constrained and no proof of possession was checked",
            Reason::Revoked => "token was revoked",
            Reason::Replayed => "token was used before",
            Reason::Inactive => "the authorization server says that the token is not active",
            Reason::ClaimsShape => "claims do not have the shape that the handler asked for",
            Reason::NoCredentials => "no credentials were presented",
            Reason::MalformedAuthorization => "`Authorization` is not `Bearer`, one space and a token",
            Reason::RepeatedAuthorization => "more than one `Authorization` field",
            Reason::RepeatedCredential => "the same carrier holds more than one token",
            Reason::SeveralCarriers => "more than one carrier holds a token",
            Reason::MalformedCarrier => "a carrier holds something that is not a token",
            Reason::CrossOrigin => "cookie-borne token without proof of origin",
            Reason::MissingScope => "a required scope is missing",
            Reason::MissingRole => "a required role is missing",
            Reason::RequirementFailed => "a requirement of the route is not met",
            Reason::InsufficientAuthentication => "a stronger login is needed",
            Reason::AuthenticationTooOld => "a fresher login is needed",
            Reason::KeysUnavailable => "no verification keys are available",
            Reason::StoreUnavailable => "a required store is unavailable",
            Reason::MissingLayer => "no JWT layer stands before this extractor or requirement",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes are for ever: users switch on them. A new reason gets a new line, an old line stays.
    #[test]
    fn every_reason_has_the_code_status_and_text_that_are_written_down() {
        let lines: String = Reason::ALL
            .iter()
            .map(|reason| format!("{} {} {reason}\n", reason.code(), reason.answer().status()))
            .collect();
        assert_eq!(lines, include_str!("refusal/reasons.txt"));
    }

    #[test]
    fn codes_are_unique_and_snake_case() {
        for (i, a) in Reason::ALL.iter().enumerate() {
            assert!(
                a.code().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{a:?}"
            );
            for b in &Reason::ALL[i + 1..] {
                assert_ne!(a.code(), b.code());
            }
        }
    }

    #[test]
    fn every_reason_reads_as_a_sentence_part() {
        for reason in Reason::ALL {
            let text = reason.to_string();
            assert!(!text.ends_with('.'), "{text}");
            assert!(
                text.starts_with(|c: char| c.is_ascii_lowercase() || c == '`' || text.starts_with("JSON")),
                "{text}"
            );
        }
    }

    #[test]
    fn challenges_stay_inside_the_characters_of_rfc_6750() {
        for reason in Reason::ALL {
            let ok = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(reason.answer().description().bytes().all(ok), "{reason:?}");
        }
    }
}
