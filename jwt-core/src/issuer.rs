//! Issuing tokens: the counterpart of a [`Verifier`](crate::Verifier), under the same rules.

mod builder;
mod error;
mod names;
mod token_builder;
mod unsigned;

use core::fmt;
use core::time::Duration;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

pub use self::builder::IssuerBuilder;
pub use self::error::IssueError;
use self::names::{SENSITIVE, registered, registered_among};
pub use self::token_builder::TokenBuilder;
pub use self::unsigned::UnsignedToken;
use crate::algorithm::Algorithm;
use crate::authority::NeedsKeys;
use crate::claims::Recorded;
use crate::expected::Expected;
use crate::json::{self, Nodes};
use crate::keys::SigningKey;
use crate::limits::Limits;
use crate::observe;
use crate::policy::{self, IssuerRule, Policy};
use crate::refusal::Reason;
use crate::time::Clock;
use crate::verifier::parse_payload;

/// Issues signed tokens under one key and one set of rules. Cheap to clone.
///
/// Each token gets `iss`, `aud`, `iat`, `exp` and a random `jti` of 128 bits; the header `typ` of
/// the profile (`at+jwt` by default, RFC 9068 §2.1) and the key's `kid`. What a verifier of the
/// same rules would refuse is refused here already.
///
/// ```
/// use jwt_core::{Algorithm, Issuer, SigningKey};
///
/// let issuer = Issuer::builder()
///     .with_key(SigningKey::generate(Algorithm::ES256)?)
///     .with_audience("https://api.example.com")
///     .with_issuer("https://id.example.com/")
///     .build()?;
///
/// #[derive(serde::Serialize)]
/// struct Extra {
///     tenant: &'static str,
/// }
/// let token = issuer.token().with_subject("alice").with_scope("read").with_claims(&Extra { tenant: "blue" }).sign()?;
/// assert_eq!(token.split('.').count(), 3);
///
/// // Registered claims have methods of their own and cannot be smuggled in.
/// assert!(issuer.token().with_claim("exp", &4_102_444_800_u64).sign().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    key: SigningKey,
    /// The encoded header, the same for every token.
    header: String,
    /// `{"iss":…,"aud":…`, the same for every token.
    prefix: Vec<u8>,
    policy: Policy,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    refuses_sensitive: bool,
    /// Names that were warned about; bounded by [`SENSITIVE`].
    warned: Mutex<HashSet<&'static str>>,
}

impl Issuer {
    /// Starts with the key; audience and issuer follow, in that order.
    pub fn builder() -> IssuerBuilder<NeedsKeys> {
        IssuerBuilder::new()
    }

    /// The same issuer by another clock, as [`Verifier::with_clock`](crate::Verifier::with_clock).
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            key: inner.key.clone(),
            header: inner.header.clone(),
            prefix: inner.prefix.clone(),
            policy: inner.policy.clone(),
            lifetime: inner.lifetime,
            clock: Arc::new(clock),
            refuses_sensitive: inner.refuses_sensitive,
            warned: Mutex::default(),
        }))
    }

    /// Starts a token.
    pub fn token(&self) -> TokenBuilder<'_> {
        TokenBuilder::of(&self.0)
    }

    /// The key that signs.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.0.key
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0.policy.issuer {
            IssuerRule::Exactly(name) | IssuerRule::OrAbsent(name) => name,
            // Not so by any way of building one.
            IssuerRule::Absent | IssuerRule::Any => "",
        }
    }

    /// How long its tokens are good where a token says nothing else.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.0.lifetime
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("key", &self.0.key).finish_non_exhaustive()
    }
}

/// The token, where it is not too long for verifiers.
fn issued(token: String, algorithm: Algorithm, key_id: Option<&str>) -> Result<String, IssueError> {
    if token.len() > Limits::default().token_bytes() {
        return Err(IssueError::Refused(Reason::TokenTooLong.into()));
    }
    observe::issued(algorithm, key_id);
    Ok(token)
}

impl Inner {
    /// Refuses what a verifier of the same rules would refuse, and what only an issuer can know.
    fn check(&self, payload: &[u8], customs_start: usize, now: Duration) -> Result<(), IssueError> {
        let mut nodes = Nodes::new();
        let text = json::text(payload).map_err(|_| IssueError::Serialize)?;
        let (document, places) = parse_payload(text, &Limits::default(), &mut nodes).map_err(|reason| {
            // A registered claim among the custom ones is the usual cause, and the better answer.
            match (reason, registered_among(payload, customs_start)) {
                (Reason::DuplicateMember, Some(name)) => IssueError::Registered { name },
                (reason, _) => IssueError::Refused(reason.into()),
            }
        })?;
        for (name, _) in document.root().members().filter(|(name, _)| name.starts_at() >= customs_start) {
            if let Some(name) = registered(name) {
                return Err(IssueError::Registered { name });
            }
            let sensitive = SENSITIVE.iter().find(|one| name.raw().eq_ignore_ascii_case(one));
            if let Some(name) = sensitive {
                self.on_sensitive(name)?;
            }
        }
        let claims = Recorded::new(document.root(), places);
        // `nbf` may lie ahead, but not behind `exp`: judged as of the token's first valid moment.
        let first_valid = claims.nbf.value().map_or(now, |nbf| nbf.as_duration().max(now));
        let subject = policy::Subject {
            root: document.root(),
            claims: &claims,
            algorithm: Some(self.key.algorithm()),
            now: first_valid,
            expected: &Expected::new(),
        };
        policy::apply(&self.policy, &subject, &mut Err).map(|_| ()).map_err(IssueError::Refused)
    }

    fn on_sensitive(&self, name: &'static str) -> Result<(), IssueError> {
        if self.refuses_sensitive {
            return Err(IssueError::Sensitive { name });
        }
        let first = self.warned.lock().map_or(true, |mut warned| warned.insert(name));
        if first {
            observe::sensitive_claim(name);
        }
        Ok(())
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;
