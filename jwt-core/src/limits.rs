//! Bounds on what a token may cost before it is trusted.

/// Upper bounds that are checked before anything else. Token and header can be lowered and raised,
/// the nesting of the payload lowered; the nesting of the header is fixed.
///
/// | bound | default | why |
/// |---|---|---|
/// | token | 16 KiB | above every real token; below what servers allow for headers (CVE-2025-30204, CVE-2025-61920: memory many times the input) |
/// | header segment, decoded | 4 KiB | room for an `x5c` chain entry, none for a bomb |
/// | nesting of the payload | 32 | RFC 8259 §9 allows a limit; recursion has killed parsers (CVE-2025-53864) |
/// | nesting of the header | 4 | an embedded `jwk` is two levels deep |
///
/// ```
/// let limits = jwt_core::Limits::default().with_token_bytes(8 * 1024);
/// assert_eq!(limits.token_bytes(), 8 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    token_bytes: usize,
    header_bytes: usize,
    payload_depth: usize,
}

impl Limits {
    /// The largest bound that can be set for a token: 1 MiB.
    pub const MAX_TOKEN_BYTES: usize = 1 << 20;
    /// Nesting allowed in a header (fixed).
    pub const HEADER_DEPTH: usize = 4;
    /// The deepest nesting that can be allowed in a payload.
    pub const MAX_PAYLOAD_DEPTH: usize = 32;

    /// Sets the bound on the whole token in bytes, at most [`Limits::MAX_TOKEN_BYTES`].
    #[must_use]
    pub const fn with_token_bytes(mut self, bytes: usize) -> Self {
        self.token_bytes = if bytes < Self::MAX_TOKEN_BYTES { bytes } else { Self::MAX_TOKEN_BYTES };
        self
    }

    /// Sets the bound on the decoded header in bytes; that on the whole token holds all the same.
    #[must_use]
    pub const fn with_header_bytes(mut self, bytes: usize) -> Self {
        self.header_bytes = bytes;
        self
    }

    /// Sets the bound on the payload's nesting, at most [`Limits::MAX_PAYLOAD_DEPTH`].
    #[must_use]
    pub const fn with_payload_depth(mut self, depth: usize) -> Self {
        self.payload_depth = if depth < Self::MAX_PAYLOAD_DEPTH { depth } else { Self::MAX_PAYLOAD_DEPTH };
        self
    }

    /// Bound on the whole token in bytes.
    #[must_use]
    pub const fn token_bytes(&self) -> usize {
        self.token_bytes
    }

    /// Bound on the decoded header in bytes.
    #[must_use]
    pub const fn header_bytes(&self) -> usize {
        self.header_bytes
    }

    /// Bound on the payload's nesting; a flat object has depth 1.
    #[must_use]
    pub const fn payload_depth(&self) -> usize {
        self.payload_depth
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { token_bytes: 16 * 1024, header_bytes: 4 * 1024, payload_depth: Self::MAX_PAYLOAD_DEPTH }
    }
}
