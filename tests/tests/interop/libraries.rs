//! The libraries: where each is, how it refuses, and what it does not do.

use super::foreign::{Driver, Pin};

/// How a library's refusals begin; `None` for what it does not look at.
#[derive(Clone, Copy)]
pub(crate) struct Refusals {
    pub(crate) signature: &'static str,
    pub(crate) audience: Option<&'static str>,
    pub(crate) issuer: Option<&'static str>,
    pub(crate) expired: Option<&'static str>,
    /// No key of that `kid` in a JWK set; `None` for a library that reads no sets.
    pub(crate) unknown_key: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub(crate) struct Library {
    pub(crate) name: &'static str,
    pub(crate) driver: Driver,
    pub(crate) pin: Pin,
    pub(crate) refusals: Refusals,
    /// The form in which it is given a key where one is enough: `pem`, `jwk` or `jwks`, and `secret` or `jwk`.
    pub(crate) form: &'static str,
    pub(crate) secret_form: &'static str,
    /// Whether it signs JSON text as it stands.
    pub(crate) signs_text: bool,
    /// Whether it computes RFC 7638 thumbprints.
    pub(crate) knows_thumbprints: bool,
    /// Whether it takes RSASSA-PSS with a salt of any length (RFC 7518 §3.5 has that of the hash).
    pub(crate) takes_any_salt: bool,
    /// How it fails over a JWK set with one key of a type that it does not know, which RFC 7517 §5 has skipped.
    pub(crate) fails_over_unknown_types: Option<&'static str>,
    /// Whether the middleware also signs.
    pub(crate) mints: bool,
    /// Whether it writes elliptic curve keys whose numbers lack leading zeros.
    pub(crate) writes_short_numbers: bool,
}

/// What most of them have in common.
const COMMON: Library = Library {
    name: "",
    driver: Driver::Node(""),
    pin: Pin::Npm,
    refusals: NO_REFUSALS,
    form: "pem",
    secret_form: "secret",
    signs_text: true,
    knows_thumbprints: false,
    takes_any_salt: false,
    fails_over_unknown_types: None,
    mints: false,
    writes_short_numbers: false,
};

const NO_REFUSALS: Refusals =
    Refusals { signature: "", audience: None, issuer: None, expired: None, unknown_key: None };

pub(crate) const JSONWEBTOKEN: Library = Library {
    name: "jsonwebtoken",
    driver: Driver::Node("jsonwebtoken.mjs"),
    refusals: Refusals {
        signature: "JsonWebTokenError: invalid signature",
        audience: Some("JsonWebTokenError: jwt audience invalid"),
        issuer: Some("JsonWebTokenError: jwt issuer invalid"),
        expired: Some("TokenExpiredError: "),
        unknown_key: None,
    },
    ..COMMON
};

pub(crate) const JOSE: Library = Library {
    name: "jose",
    driver: Driver::Node("jose.mjs"),
    refusals: Refusals {
        signature: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED: ",
        audience: Some("ERR_JWT_CLAIM_VALIDATION_FAILED: unexpected \"aud\""),
        issuer: Some("ERR_JWT_CLAIM_VALIDATION_FAILED: unexpected \"iss\""),
        expired: Some("ERR_JWT_EXPIRED: "),
        unknown_key: Some("ERR_JWKS_NO_MATCHING_KEY: "),
    },
    knows_thumbprints: true,
    ..COMMON
};

pub(crate) const NODE_JOSE: Library = Library {
    name: "node-jose",
    driver: Driver::Node("node-jose.mjs"),
    refusals: Refusals {
        signature: "Error: no key found",
        unknown_key: Some("Error: no key found"),
        ..NO_REFUSALS
    },
    fails_over_unknown_types: Some("Error: unsupported key type"),
    knows_thumbprints: true,
    ..COMMON
};

pub(crate) const FAST_JWT: Library = Library {
    name: "fast-jwt",
    driver: Driver::Node("fast-jwt.mjs"),
    refusals: Refusals {
        signature: "FAST_JWT_INVALID_SIGNATURE: ",
        audience: Some("FAST_JWT_INVALID_CLAIM_VALUE: The aud claim"),
        issuer: Some("FAST_JWT_INVALID_CLAIM_VALUE: The iss claim"),
        expired: Some("FAST_JWT_EXPIRED: "),
        unknown_key: None,
    },
    signs_text: false,
    ..COMMON
};

/// What verifies behind it is jsonwebtoken.
pub(crate) const JWKS_RSA: Library = Library {
    name: "jwks-rsa",
    driver: Driver::Node("jwks-rsa.mjs"),
    refusals: Refusals { unknown_key: Some("SigningKeyNotFoundError: "), ..JSONWEBTOKEN.refusals },
    form: "jwks",
    ..COMMON
};

pub(crate) const PYJWT: Library = Library {
    name: "PyJWT",
    driver: Driver::Python("drive_pyjwt.py"),
    pin: Pin::PyPi,
    refusals: Refusals {
        signature: "InvalidSignatureError: ",
        audience: Some("InvalidAudienceError: "),
        issuer: Some("InvalidIssuerError: "),
        expired: Some("ExpiredSignatureError: "),
        unknown_key: Some("KeyError: "),
    },
    ..COMMON
};

pub(crate) const JOSERFC: Library = Library {
    name: "joserfc",
    driver: Driver::Python("drive_joserfc.py"),
    pin: Pin::PyPi,
    refusals: Refusals {
        signature: "BadSignatureError: ",
        audience: Some("InvalidClaimError: "),
        issuer: Some("InvalidClaimError: "),
        expired: Some("ExpiredTokenError: "),
        unknown_key: Some("InvalidKeyIdError: "),
    },
    knows_thumbprints: true,
    ..COMMON
};

pub(crate) const AUTHLIB: Library = Library {
    name: "Authlib",
    driver: Driver::Python("drive_authlib.py"),
    pin: Pin::PyPi,
    refusals: Refusals {
        signature: "BadSignatureError: ",
        audience: Some("InvalidClaimError: "),
        issuer: Some("InvalidClaimError: "),
        expired: Some("ExpiredTokenError: "),
        unknown_key: Some("ValueError: "),
    },
    knows_thumbprints: true,
    fails_over_unknown_types: Some("KeyError: 'AKP'"),
    writes_short_numbers: true,
    ..COMMON
};

pub(crate) const GOLANG_JWT: Library = Library {
    name: "golang-jwt",
    driver: Driver::Python("drive_golang_jwt.py"),
    pin: Pin::Debian("4."),
    refusals: Refusals {
        signature: "Error: couldn't parse token: ",
        expired: Some("Error: couldn't parse token: Token is expired"),
        ..NO_REFUSALS
    },
    signs_text: false,
    takes_any_salt: true,
    ..COMMON
};

pub(crate) const LATCHSET_JOSE: Library = Library {
    name: "latchset-jose",
    driver: Driver::Python("drive_latchset_jose.py"),
    pin: Pin::Debian("11"),
    refusals: Refusals {
        signature: "Signature validation failed!",
        unknown_key: Some("Signature validation failed!"),
        ..NO_REFUSALS
    },
    form: "jwk",
    secret_form: "jwk",
    knows_thumbprints: true,
    ..COMMON
};

pub(crate) const RUBY_JWT: Library = Library {
    name: "ruby-jwt",
    driver: Driver::Ruby("ruby_jwt.rb"),
    pin: Pin::Debian("2.5"),
    refusals: Refusals {
        signature: "JWT::VerificationError: ",
        audience: Some("JWT::InvalidAudError: "),
        issuer: Some("JWT::InvalidIssuerError: "),
        expired: Some("JWT::ExpiredSignature: "),
        unknown_key: Some("JWT::DecodeError: Could not find public key for kid"),
    },
    knows_thumbprints: true,
    takes_any_salt: true,
    writes_short_numbers: true,
    ..COMMON
};

/// The middleware, whose verdict is the status of a protected route.
pub(crate) const EXPRESS_JWT: Library =
    Library { name: "express-jwt", driver: Driver::Node("express-jwt.mjs"), ..COMMON };

pub(crate) const FASTIFY_JWT: Library =
    Library { name: "@fastify/jwt", driver: Driver::Node("fastify-jwt.mjs"), mints: true, ..COMMON };

pub(crate) const EXPRESS_OAUTH2_JWT_BEARER: Library = Library {
    name: "express-oauth2-jwt-bearer",
    driver: Driver::Node("express-oauth2-jwt-bearer.mjs"),
    form: "jwks",
    ..COMMON
};

pub(crate) const SIMPLEJWT: Library = Library {
    name: "djangorestframework-simplejwt",
    driver: Driver::Python("drive_simplejwt.py"),
    pin: Pin::PyPi,
    mints: true,
    ..COMMON
};

/// Those that judge the shared table.
pub(crate) const ALL: [Library; 14] = [
    JSONWEBTOKEN,
    JOSE,
    NODE_JOSE,
    FAST_JWT,
    PYJWT,
    JOSERFC,
    AUTHLIB,
    GOLANG_JWT,
    LATCHSET_JOSE,
    RUBY_JWT,
    EXPRESS_JWT,
    FASTIFY_JWT,
    EXPRESS_OAUTH2_JWT_BEARER,
    SIMPLEJWT,
];
