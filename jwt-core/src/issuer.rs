//! Issuing tokens: the counterpart of a [`Verifier`](crate::Verifier), under the same rules.

mod error;
mod unsigned;

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde::Serialize;

use crate::authority::{NeedsAudience, NeedsIssuer, NeedsKeys, Ready};
use crate::base64url;
use crate::claims::{Audience, NumericDate, Recorded, Scopes};
use crate::config::ConfigError;
use crate::expected::Expected;
use crate::json::{self, Nodes, Value};
use crate::jws;
use crate::keys::{self, SigningKey};
use crate::limits::Limits;
use crate::observe;
use crate::policy::{self, AudienceRule, IssuerRule, Policy};
use crate::profile::Profile;
use crate::refusal::Reason;
use crate::time::{Clock, SystemClock};
use crate::verifier::parse_payload;

pub use self::error::IssueError;
pub use self::unsigned::UnsignedToken;

/// Lifetime of a token where none is set: ten minutes.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// Bytes that the payload of nearly every token fits in.
const ORDINARY_PAYLOAD: usize = 512;

/// The claims of RFC 7519 §4.1, which only the issuer itself sets.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Names that suggest something which whoever reads the token should not see: a token is signed,
/// not secret (RFC 9068 §6).
const SENSITIVE: [&str; 24] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "pin",
    "secret",
    "client_secret",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "ssn",
    "social_security_number",
    "credit_card",
    "card_number",
    "cvv",
    "cvc",
    "iban",
    "birthdate",
    "date_of_birth",
    "phone_number",
    "address",
    "health",
    "religion",
];

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
        IssuerBuilder { draft: Draft::default(), state: PhantomData }
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
        let mut own = Vec::with_capacity(ORDINARY_PAYLOAD);
        own.extend_from_slice(&self.0.prefix);
        TokenBuilder {
            issuer: &self.0,
            own,
            custom: Vec::new(),
            lifetime: self.0.lifetime,
            token_id: None,
            error: None,
        }
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

/// Builds an [`Issuer`]: key, audience, issuer, then what is optional.
#[must_use = "a builder does nothing until `build`"]
pub struct IssuerBuilder<State> {
    draft: Draft,
    state: PhantomData<fn() -> State>,
}

struct Draft {
    key: Option<SigningKey>,
    audience: Option<Audience>,
    issuer: Arc<str>,
    lifetime: Duration,
    profile: Profile,
    typ: Option<Box<str>>,
    refuses_sensitive: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            key: None,
            audience: None,
            issuer: "".into(),
            lifetime: DEFAULT_LIFETIME,
            profile: Profile::default(),
            typ: None,
            refuses_sensitive: false,
        }
    }
}

impl<State> IssuerBuilder<State> {
    fn into_state<Next>(self) -> IssuerBuilder<Next> {
        IssuerBuilder { draft: self.draft, state: PhantomData }
    }
}

impl IssuerBuilder<NeedsKeys> {
    /// The key that signs.
    pub fn with_key(mut self, key: SigningKey) -> IssuerBuilder<NeedsAudience> {
        self.draft.key = Some(key);
        self.into_state()
    }
}

impl IssuerBuilder<NeedsAudience> {
    /// Whom the tokens are for.
    pub fn with_audience(mut self, audience: impl Into<Audience>) -> IssuerBuilder<NeedsIssuer> {
        self.draft.audience = Some(audience.into());
        self.into_state()
    }

    /// Tokens without `aud`, for verifiers that are set up `without_audience()`.
    pub fn without_audience(self) -> IssuerBuilder<NeedsIssuer> {
        self.into_state()
    }
}

impl IssuerBuilder<NeedsIssuer> {
    /// Who issues them: `iss`, byte for byte as verifiers expect it.
    pub fn with_issuer(mut self, issuer: impl Into<Arc<str>>) -> IssuerBuilder<Ready> {
        self.draft.issuer = issuer.into();
        self.into_state()
    }
}

impl IssuerBuilder<Ready> {
    /// Time from `iat` to `exp`. Default 10 min; whole seconds, at least one.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.draft.lifetime = lifetime;
        self
    }

    /// The kind of token; decides `typ` and what is refused. Default: [`Profile::AccessToken`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.draft.profile = profile;
        self
    }

    /// Another `typ` than the profile's. Verifiers must be told by
    /// [`require_typ`](crate::AuthorityBuilder::require_typ) unless their profile accepts it.
    pub fn with_typ(mut self, typ: impl Into<Box<str>>) -> Self {
        self.draft.typ = Some(typ.into());
        self
    }

    /// Refuses custom claims whose names look personal or secret, instead of warning once.
    pub fn without_sensitive_claims(mut self) -> Self {
        self.draft.refuses_sensitive = true;
        self
    }

    /// Makes the issuer.
    ///
    /// # Errors
    /// - [`ConfigError::NoKeys`]: cannot happen, for the key comes first.
    /// - [`ConfigError::EmptyIssuer`], [`ConfigError::EmptyAudience`]: an empty string.
    /// - [`ConfigError::Lifetime`]: zero, or beyond the year 9999.
    /// - [`ConfigError::RefusedByProfile`]: a `typ` that the profile never has.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        let draft = self.draft;
        let key = draft.key.ok_or(ConfigError::NoKeys)?;
        if draft.issuer.is_empty() {
            return Err(ConfigError::EmptyIssuer);
        }
        if draft.audience.as_ref().is_some_and(|audience| audience.iter().any(str::is_empty)) {
            return Err(ConfigError::EmptyAudience);
        }
        if draft.lifetime.as_secs() == 0 || draft.lifetime.as_secs() > NumericDate::MAX_SECS {
            return Err(ConfigError::Lifetime { lifetime: draft.lifetime });
        }

        draft.profile.check_required_typ(draft.typ.as_deref())?;
        let audience = match &draft.audience {
            Some(audience) => AudienceRule::AllOf(audience.iter().map(Arc::from).collect()),
            None => AudienceRule::Absent,
        };
        let mut policy = Policy::new(IssuerRule::Exactly(draft.issuer.clone()), audience);
        policy.profile = draft.profile;
        policy.leeway = Duration::ZERO;
        // Binding a token to a key is the issuer's business; proving it is not.
        policy.ignores_confirmation = true;

        let typ = match (&draft.typ, draft.profile) {
            (Some(typ), _) => typ,
            (None, Profile::AccessToken | Profile::Rfc9068) => "at+jwt",
            (None, Profile::IdToken) => "JWT",
            (None, Profile::LogoutToken) => "logout+jwt",
        };
        let header = jws::encode_header(&key, Some(typ), None);
        let mut prefix = Vec::with_capacity(256);
        member(&mut prefix, "iss", &*draft.issuer).map_err(|_| ConfigError::EmptyIssuer)?;
        if let Some(audience) = &draft.audience {
            member(&mut prefix, "aud", audience).map_err(|_| ConfigError::EmptyAudience)?;
        }
        Ok(Issuer(Arc::new(Inner {
            key,
            header,
            prefix,
            policy,
            lifetime: draft.lifetime,
            clock: Arc::new(SystemClock),
            refuses_sensitive: draft.refuses_sensitive,
            warned: Mutex::default(),
        })))
    }
}

impl<State> fmt::Debug for IssuerBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerBuilder")
    }
}

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
        issued(token)
    }

    /// The token without its signature, which is made elsewhere: by a key management service or a
    /// hardware module that answers in its own time. Checked as by [`TokenBuilder::sign`].
    ///
    /// The issuer is one under a [`SigningKey::remote`].
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

/// The token, where it is not too long for verifiers.
fn issued(token: String) -> Result<String, IssueError> {
    if token.len() > Limits::default().token_bytes() {
        return Err(IssueError::Refused(Reason::TokenTooLong.into()));
    }
    observe::issued();
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

/// The registered claim of that name.
fn registered(name: Value<'_>) -> Option<&'static str> {
    REGISTERED.into_iter().find(|registered| name.is_str(registered))
}

/// A registered claim among the custom ones, which stand behind a comma at `start`.
fn registered_among(payload: &[u8], start: usize) -> Option<&'static str> {
    let mut customs = payload.get(start..)?.to_vec();
    *customs.first_mut()? = b'{';
    let mut nodes = Nodes::new();
    let (document, _) = parse_payload(json::text(&customs).ok()?, &Limits::default(), &mut nodes).ok()?;
    document.root().members().find_map(|(name, _)| registered(name))
}

/// 128 random bits.
fn random_id() -> Result<String, IssueError> {
    let mut bits = [0; 16];
    keys::random(&mut bits).map_err(IssueError::Sign)?;
    Ok(base64url::encode(&bits))
}

/// Appends `"name":value` behind an opening brace or a comma. The name, one of ours, has nothing to
/// be escaped.
fn member<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &'static str, value: &T) -> Result<(), IssueError> {
    out.extend_from_slice(if out.is_empty() { b"{\"" } else { b",\"" });
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write(out, value)
}

fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), IssueError> {
    serde_json::to_writer(out, value).map_err(|_| IssueError::Serialize)
}

impl fmt::Debug for TokenBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenBuilder")
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;
