//! One token in the making.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use serde::Serialize;

use super::{Inner, IssueError, UnsignedToken, issued};
use crate::base64url;
use crate::claims::{NumericDate, Scopes};
use crate::jws;
use crate::keys;

/// Bytes that the payload of nearly every token fits in.
const ORDINARY_PAYLOAD: usize = 512;

/// One token in the making. The first mistake is told by [`TokenBuilder::sign`].
#[must_use = "a token is made by `sign`"]
pub struct TokenBuilder<'i> {
    issuer: &'i Inner,
    /// Claims that have methods here, from the opening brace on.
    own: Vec<u8>,
    /// Whatever else the caller put in, from the first comma on.
    custom: Vec<u8>,
    lifetime: Duration,
    token_id: Option<Cow<'i, str>>,
    error: Option<IssueError>,
}

impl<'i> TokenBuilder<'i> {
    pub(super) fn of(issuer: &'i Inner) -> Self {
        let mut own = Vec::with_capacity(ORDINARY_PAYLOAD);
        own.extend_from_slice(&issuer.prefix);
        Self { issuer, own, custom: Vec::new(), lifetime: issuer.lifetime, token_id: None, error: None }
    }

    /// `sub`: whom the token is about.
    pub fn with_subject(self, subject: &str) -> Self {
        self.own("sub", subject)
    }

    /// `scope`: what the token grants, separated by spaces.
    pub fn with_scope(self, scope: &str) -> Self {
        self.own("scope", scope)
    }

    /// `scope`, of several.
    pub fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.own("scope", &Scopes::from_iter(scopes))
    }

    /// `client_id` (RFC 9068 §2.2).
    pub fn with_client_id(self, client_id: &str) -> Self {
        self.own("client_id", client_id)
    }

    /// `sid`: the session that the token belongs to.
    pub fn with_session_id(self, session_id: &str) -> Self {
        self.own("sid", session_id)
    }

    /// `acr` and `auth_time`: how and when the user proved who they are (RFC 9068 §2.2.1).
    pub fn with_authentication(self, context: &str, at: NumericDate) -> Self {
        self.own("acr", context).own("auth_time", &at)
    }

    /// `nbf`: when the token becomes valid.
    pub fn with_not_before(self, date: NumericDate) -> Self {
        self.own("nbf", &date)
    }

    /// `jti`, instead of 128 random bits.
    pub fn with_token_id(mut self, token_id: impl Into<Cow<'i, str>>) -> Self {
        self.token_id = Some(token_id.into());
        self
    }

    /// Time from `iat` to `exp`, instead of the issuer's.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// A claim of one's own. Registered claims (RFC 7519 §4.1) are refused.
    pub fn with_claim<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.custom.push(b',');
        let result = write(&mut self.custom, name)
            .map(|()| self.custom.push(b':'))
            .and_then(|()| write(&mut self.custom, value));
        self.noting(result)
    }

    /// Claims of one's own: whatever serialises as an object. Registered claims are refused.
    pub fn with_claims<T: Serialize + ?Sized>(mut self, claims: &T) -> Self {
        let start = self.custom.len();
        let result = write(&mut self.custom, claims).and_then(|()| {
            // The object's braces become a comma and nothing.
            match self.custom.get(start..) {
                Some([b'{', b'}']) => self.custom.truncate(start),
                Some([b'{', .., b'}']) => {
                    self.custom.pop();
                    self.custom.get_mut(start).into_iter().for_each(|brace| *brace = b',');
                }
                _ => return Err(IssueError::NotAnObject),
            }
            Ok(())
        });
        self.noting(result)
    }

    fn own<T: Serialize + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        let result = member(&mut self.own, name, value);
        self.noting(result)
    }

    fn noting(mut self, result: Result<(), IssueError>) -> Self {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Signs the token.
    ///
    /// # Errors
    /// - [`IssueError::Serialize`], [`IssueError::NotAnObject`]: custom claims that are no claims.
    /// - [`IssueError::Registered`]: a custom claim has a registered name.
    /// - [`IssueError::Sensitive`]: a name that looks personal or secret, where those are refused.
    /// - [`IssueError::Refused`]: a verifier of the same rules would refuse the token: a name given
    ///   twice, too deep or too long, a claim that belongs to another kind of token, not valid
    ///   before it expires.
    /// - [`IssueError::Clock`]: `exp` would lie beyond the year 9999.
    /// - [`IssueError::Sign`]: the signer failed.
    pub fn sign(self) -> Result<String, IssueError> {
        let issuer = self.issuer;
        let payload = self.payload()?;
        let token = jws::sign_with_header(&payload, &issuer.key, &issuer.header).map_err(IssueError::Sign)?;
        issued(token, issuer.key.algorithm(), issuer.key.key_id().map(|key_id| &**key_id))
    }

    /// The token without its signature, which is made elsewhere: by a key management service or a
    /// hardware module that answers in its own time. Checked as by [`TokenBuilder::sign`].
    ///
    /// The issuer is one under a [`SigningKey::remote`](crate::SigningKey::remote).
    ///
    /// # Errors
    /// Those of [`TokenBuilder::sign`].
    pub fn unsigned(self) -> Result<UnsignedToken, IssueError> {
        let issuer = self.issuer;
        let payload = self.payload()?;
        Ok(UnsignedToken {
            signing_input: jws::signing_input(&payload, &issuer.header, 0),
            key: issuer.key.verifying_key(),
        })
    }

    /// The claims, checked.
    fn payload(self) -> Result<Vec<u8>, IssueError> {
        let Self { issuer, own: mut payload, custom, lifetime, token_id, error } = self;
        if let Some(error) = error {
            return Err(error);
        }
        // Whole seconds: the same instant in every reader.
        let issued_at = issuer.clock.now().as_secs();
        let date = |seconds: Option<u64>| {
            seconds.and_then(|seconds| NumericDate::from_secs(seconds).ok()).ok_or(IssueError::Clock)
        };
        let expires_at = date(issued_at.checked_add(lifetime.as_secs()))?;
        member(&mut payload, "iat", &date(Some(issued_at))?)?;
        member(&mut payload, "exp", &expires_at)?;
        match token_id {
            Some(token_id) => member(&mut payload, "jti", &*token_id)?,
            None => member(&mut payload, "jti", &random_id()?)?,
        }
        let customs_start = payload.len();
        payload.extend_from_slice(&custom);
        payload.push(b'}');

        issuer.check(&payload, customs_start, Duration::from_secs(issued_at))?;
        Ok(payload)
    }
}
impl fmt::Debug for TokenBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenBuilder")
    }
}

/// 128 random bits.
fn random_id() -> Result<String, IssueError> {
    let mut bits = [0; 16];
    keys::random(&mut bits).map_err(IssueError::Sign)?;
    Ok(base64url::encode(&bits))
}

/// Appends `"name":value` behind an opening brace or a comma. The name, one of ours, has nothing to
/// be escaped.
pub(super) fn member<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    name: &'static str,
    value: &T,
) -> Result<(), IssueError> {
    out.extend_from_slice(if out.is_empty() { b"{\"" } else { b",\"" });
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write(out, value)
}

fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), IssueError> {
    serde_json::to_writer(out, value).map_err(|_| IssueError::Serialize)
}
