//! What the client is told of a refusal.

/// What the client is told. Everything that tells causes apart stops here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// 401 with a challenge that has no `error` (RFC 6750 §3: nothing was presented).
    NoCredentials,
    /// 400, `error="invalid_request"`.
    InvalidRequest,
    /// 401, `error="invalid_token"`, with one of two descriptions.
    InvalidToken {
        /// Whether the description says *expired* instead of *not valid*.
        expired: bool,
    },
    /// 403, `error="insufficient_scope"`.
    InsufficientScope,
    /// 401, `error="insufficient_user_authentication"` (RFC 9470 §3).
    InsufficientAuthentication,
    /// 403 without a challenge: other credentials would not help.
    Forbidden,
    /// 503 with `Retry-After`, without a challenge: the token may be good.
    Unavailable,
    /// 500 without a challenge.
    Internal,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Answer::InvalidRequest => 400,
            Answer::NoCredentials | Answer::InvalidToken { .. } | Answer::InsufficientAuthentication => 401,
            Answer::InsufficientScope | Answer::Forbidden => 403,
            Answer::Internal => 500,
            Answer::Unavailable => 503,
        }
    }

    /// The value of `error` in the challenge, where there is one (RFC 6750 §3.1, RFC 9470 §3).
    #[must_use]
    pub const fn error(self) -> Option<&'static str> {
        match self {
            Answer::InvalidRequest => Some("invalid_request"),
            Answer::InvalidToken { .. } => Some("invalid_token"),
            Answer::InsufficientScope => Some("insufficient_scope"),
            Answer::InsufficientAuthentication => Some("insufficient_user_authentication"),
            Answer::NoCredentials | Answer::Forbidden | Answer::Unavailable | Answer::Internal => None,
        }
    }

    /// A sentence for the client: the challenge's `error_description` and the `detail` of a
    /// problem document. One text per answer, whatever the cause.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Answer::NoCredentials => "Authentication is required",
            Answer::InvalidRequest => "The request does not carry exactly one well-formed token",
            Answer::InvalidToken { expired: true } => "The access token has expired",
            Answer::InvalidToken { expired: false } => "The access token is not valid",
            Answer::InsufficientScope => "The access token does not grant what this request needs",
            Answer::InsufficientAuthentication => "A stronger or more recent login is needed",
            Answer::Forbidden => "The request does not prove that it comes from an allowed origin",
            Answer::Unavailable => "The request cannot be authenticated right now",
            Answer::Internal => "The server is not set up to answer this request",
        }
    }

    /// Whether the response carries a `WWW-Authenticate` challenge.
    #[must_use]
    pub const fn has_challenge(self) -> bool {
        !matches!(self, Answer::Forbidden | Answer::Unavailable | Answer::Internal)
    }

    /// The `grpc-status` that stands for this answer: 16 `UNAUTHENTICATED`, 7
    /// `PERMISSION_DENIED`, 14 `UNAVAILABLE`, 13 `INTERNAL`.
    #[must_use]
    pub const fn grpc_status(self) -> u8 {
        match self.status() {
            403 => 7,
            500 => 13,
            503 => 14,
            _ => 16,
        }
    }
}
