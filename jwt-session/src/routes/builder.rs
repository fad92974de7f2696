//! What the routes are set up with.

use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jwt_core::request::{AllowedOrigins, Carriers, Field, Origin, ProofOfOrigin, RequestHead, single_field};
use jwt_core::{CsrfKey, RequestAuth, TokenAuthority};

use super::client::ClientCheck;
use super::cookies::{Mode, SessionCookies};
use super::limits::Limits;
use super::login::Login;
use super::provider_logout::ProviderLogout;
use super::rate_limit::RateLimit;
use super::{Endpoint, Inner, Routes};
use crate::jwks::Jwks;
use crate::sessions::Sessions;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Finds the address of a client.
pub(super) type AddressOf = dyn Fn(&dyn RequestHead, Option<IpAddr>) -> Option<IpAddr> + Send + Sync;

/// Where the addresses of clients come from.
pub(super) enum Addresses {
    /// The other end of the socket, for want of a better word.
    Peer,
    Found(Box<AddressOf>),
    /// Nobody asks.
    Unknown,
}

/// Sets up [`Routes`].
///
/// | what | default |
/// |---|---|
/// | [`with_prefix`](Self::with_prefix) | none: `/login` |
/// | [`with_mode`](Self::with_mode) | [`Mode::Json`] |
/// | [`with_login_limit`](Self::with_login_limit) | 10 wrong passwords within a minute, of an address and of a name |
/// | [`with_start_limit`](Self::with_start_limit) | 300 sessions of a name within an hour |
/// | [`with_refresh_limit`](Self::with_refresh_limit) | 60 within a minute: refused ones of an address, all of a session |
/// | [`with_client_audience`](Self::with_client_audience) | the name of the client itself |
/// | [`with_revocation_by_public_clients`](Self::with_revocation_by_public_clients) | no |
/// | [`with_tls_in_front`](Self::with_tls_in_front) | no: plain HTTP on this machine alone |
/// | [`with_address`](Self::with_address), [`with_address_field`](Self::with_address_field), [`without_address_limits`](Self::without_address_limits) | the other end of the socket; with TLS in front one of them must be said |
/// | [`with_csrf_key`](Self::with_csrf_key), [`with_keys`](Self::with_keys), [`with_client_check`](Self::with_client_check), [`with_public_origin`](Self::with_public_origin), [`with_provider_logout`](Self::with_provider_logout) | none, and not the routes that need them |
#[must_use = "routes are there after `build`"]
pub struct RoutesBuilder {
    sessions: Sessions,
    auth: RequestAuth,
    login: Box<dyn Login>,
    prefix: String,
    mode: Mode,
    modes: BTreeMap<String, Mode>,
    confidential: BTreeSet<String>,
    revocation_by_public_clients: bool,
    audiences: BTreeMap<String, BTreeSet<String>>,
    told: BTreeSet<String>,
    origins: AllowedOrigins,
    csrf_key: Option<CsrfKey>,
    across_sites: bool,
    tls_in_front: bool,
    keys: Option<Box<dyn Fn() -> Jwks + Send + Sync>>,
    public_origin: Option<String>,
    clients: Option<Box<dyn ClientCheck>>,
    provider_logout: Option<ProviderLogout>,
    login_limit: RateLimit,
    start_limit: RateLimit,
    refresh_limit: RateLimit,
    addresses: Addresses,
}

impl RoutesBuilder {
    pub(super) fn new(sessions: Sessions, auth: RequestAuth, login: Box<dyn Login>) -> Self {
        Self {
            sessions,
            auth,
            login,
            prefix: String::new(),
            mode: Mode::Json,
            modes: BTreeMap::new(),
            confidential: BTreeSet::new(),
            revocation_by_public_clients: false,
            audiences: BTreeMap::new(),
            told: BTreeSet::new(),
            origins: AllowedOrigins::default(),
            csrf_key: None,
            across_sites: false,
            tls_in_front: false,
            keys: None,
            public_origin: None,
            clients: None,
            provider_logout: None,
            login_limit: RateLimit::new(10, MINUTE),
            start_limit: RateLimit::new(300, HOUR),
            refresh_limit: RateLimit::new(60, MINUTE),
            addresses: Addresses::Peer,
        }
    }

    /// Puts all but the well-known paths below a prefix, `/auth` for one. The refresh cookie has its path, so that the
    /// routes are served where it says, and not nested below another one.
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How a client that does not say its name is given its tokens.
    pub const fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// A client that says this name (`client_id`), and how it is given its tokens. Its sessions are bound to the name,
    /// which is no secret. Names that were not told are refused. Where it proves its name all the same, that is checked.
    pub fn with_client(mut self, client: impl Into<String>, mode: Mode) -> Self {
        self.modes.insert(client.into(), mode);
        self
    }

    /// A client that proves its name by HTTP Basic wherever it asks for tokens (RFC 6749 §6): a server with a secret, which
    /// is checked by [`with_client_check`](Self::with_client_check).
    pub fn with_confidential_client(mut self, client: impl Into<String>, mode: Mode) -> Self {
        let client = client.into();
        self.confidential.insert(client.clone());
        self.with_client(client, mode)
    }

    /// The origins whose pages may send cookies along, for browsers that say nothing better. Our own belongs on it.
    pub fn with_origins(mut self, origins: AllowedOrigins) -> Self {
        self.origins = origins;
        self
    }

    /// Hands out double-submit values, the proof of origin that is left to clients without `Sec-Fetch-Site` and `Origin`:
    /// as `csrf_token` with each login and refresh that sets cookies, and by `GET /csrf`. After a page was loaded anew,
    /// `GET /refresh/csrf` needs no access token.
    pub fn with_csrf_key(mut self, key: CsrfKey) -> Self {
        self.csrf_key = Some(key);
        self
    }

    /// Sets cookies with `SameSite=None`, for pages of another site that is on the list of origins. A double-submit value
    /// is asked for on top of the origin then, on all but the login, which has no session yet.
    ///
    /// Many browsers keep no cookies of third parties, by default or in private, and nobody stays logged in there: have
    /// the routes on the pages' own site (`app.example.com`, `id.example.com`) where you can.
    pub const fn with_cookies_across_sites(mut self) -> Self {
        self.across_sites = true;
        self
    }

    /// Says that whatever arrives here went over TLS: a proxy in front, or this server itself, sees to it. Without it
    /// plain HTTP is refused, but from this machine to this machine.
    ///
    /// The other end of the socket is that proxy then, for all the world, and one guesser would use up everybody's
    /// attempts. So where addresses come from must be said: mostly by [`with_address_field`](Self::with_address_field);
    /// by `with_address(|_, peer| peer)` where this server itself does TLS.
    pub const fn with_tls_in_front(mut self) -> Self {
        self.tls_in_front = true;
        self
    }

    /// Serves `GET /.well-known/jwks.json`. Asked on each request: hand in what is in memory, as `move || ring.jwks()`.
    pub fn with_keys(mut self, keys: impl Fn() -> Jwks + Send + Sync + 'static) -> Self {
        self.keys = Some(Box::new(keys));
        self
    }

    /// Serves `GET /.well-known/oauth-authorization-server` (RFC 8414) for the origin that clients see, the one that the
    /// issuer is named by: `https://id.example.com`.
    pub fn with_public_origin(mut self, origin: impl Into<String>) -> Self {
        self.public_origin = Some(origin.into());
        self
    }

    /// Serves `POST /revoke` (RFC 7009) and `POST /introspect` (RFC 7662), for clients that prove who they are by HTTP
    /// Basic. All others are answered by 401 `invalid_client`.
    pub fn with_client_check(mut self, check: impl ClientCheck) -> Self {
        self.clients = Some(Box::new(check));
        self
    }

    /// Lets a client without a secret take back its own tokens by `POST /revoke`, where that is served: it says its name
    /// (`client_id`), as RFC 7009 §2.1 allows it to public clients. The name is no secret, so that whoever gets hold of a
    /// refresh token can end its session. Default: no; `POST /logout` is there for such clients.
    pub const fn with_revocation_by_public_clients(mut self) -> Self {
        self.revocation_by_public_clients = true;
        self
    }

    /// Names an audience of whose tokens a client is told by `POST /introspect`; may be called again for more. Of any other
    /// token it is told what it is told of one that is not good (RFC 7662 §4). Default: the name of the client itself, so
    /// that a service is told of tokens whose `aud` has its name.
    pub fn with_client_audience(mut self, client: impl Into<String>, audience: impl Into<String>) -> Self {
        self.audiences.entry(client.into()).or_default().insert(audience.into());
        self
    }

    /// Tells these claims by `POST /introspect` too, where a token has them. Told in any case: `scope`, `client_id`, `sub`,
    /// `aud`, `iss`, `exp`, `iat`, `nbf`, `jti`, `sid`, `acr`, `auth_time`, `roles`, and the claim of the tenant.
    ///
    /// `active` and `token_type` say what they always do, whatever a token says.
    pub fn with_introspected_claims<T: Into<String>>(mut self, claims: impl IntoIterator<Item = T>) -> Self {
        let claims = claims.into_iter().map(Into::into);
        self.told.extend(claims.filter(|claim| !matches!(&**claim, "active" | "token_type")));
        self
    }

    /// Serves `POST /backchannel-logout`: an identity provider says that somebody logged out (OpenID Connect Back-Channel
    /// Logout 1.0).
    ///
    /// `authority` is a verifier of logout tokens ([`Profile::LogoutToken`](jwt_core::Profile::LogoutToken)), whose
    /// audience is our client at the provider. `subject_of` tells, by the provider's issuer and `sub`, what a subject is
    /// called here: `|_, subject| Some(subject.to_owned())` where sessions are named by one provider's subjects. None is
    /// somebody who has no name here: then those sessions alone end that were started by the token's `sid`, and none where
    /// it has none.
    ///
    /// With a `sid` the sessions end that were [started by it](crate::NewSession::with_provider_session) or do not say
    /// by which, without one all of the subject; those alone that were started before the token was made, or up to 30 s
    /// later, for the provider's clock may be behind ours by so much. A token is good once.
    pub fn with_provider_logout(
        mut self,
        authority: impl TokenAuthority,
        subject_of: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.provider_logout = Some(ProviderLogout::new(authority, subject_of));
        self
    }

    /// How many wrong passwords an address, and a name, may have; and, each counted by itself, how many wrong secrets of
    /// clients, and how many bad logout tokens, an address. A network of IPv6 (64 bits) is one address, and one site (48
    /// bits) may have 16 times as many.
    ///
    /// Passwords count when they are known to be wrong. Once the limit is used up, those that are still being checked are
    /// answered by 429, right or wrong. At most 128 of an address, and of a name, are checked at a time, and 2,048 of a site;
    /// of secrets and logout tokens 2,048 of an address or a site. Whose client has gone is one of them until it is checked.
    ///
    /// Where an address is not known, a client by its name may have 16 times as many wrong secrets, and all senders of
    /// logout tokens together 16 times as many bad ones; of either 2,048 are checked at a time. So whoever knows the name of
    /// a client can keep it out then, and anybody can hold up the logouts of a provider.
    ///
    /// Whoever knows a name can use up its attempts and so keep its owner out for as long as it goes on: allow more for
    /// names that are no secret, and have a second factor.
    pub const fn with_login_limit(mut self, limit: RateLimit) -> Self {
        self.login_limit = limit;
        self
    }

    /// How many sessions may be started for a name by a right password. Before that nobody who knows one is held up; beyond
    /// it somebody fills the store.
    pub const fn with_start_limit(mut self, limit: RateLimit) -> Self {
        self.start_limit = limit;
        self
    }

    /// How many refused refreshes an address, and how many refreshes by genuine tokens a session, may have.
    pub const fn with_refresh_limit(mut self, limit: RateLimit) -> Self {
        self.refresh_limit = limit;
        self
    }

    /// Finds the address of the client, for limits and for the list of sessions, by the request and by the other end of
    /// the socket, which is the proxy where one stands in front. Believe a field of the request only where the proxy sets
    /// it. None is an address that is not known, as with [`without_address_limits`](Self::without_address_limits): that is
    /// warned of once.
    pub fn with_address(
        mut self,
        address_of: impl Fn(&dyn RequestHead, Option<IpAddr>) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.addresses = Addresses::Found(Box::new(address_of));
        self
    }

    /// Takes the address of the client from a field of the request that holds one address and nothing else, `X-Real-IP`
    /// for one. Only for a field that the proxy in front sets anew, and where nobody gets here but through that proxy:
    /// who can write it has as many addresses as he likes.
    pub fn with_address_field(self, name: impl Into<String>) -> Self {
        let name = name.into().to_ascii_lowercase();
        self.with_address(move |head, _| match single_field(head, &name) {
            Field::One(address) => core::str::from_utf8(address).ok()?.trim().parse().ok(),
            Field::Absent | Field::Several => None,
        })
    }

    /// Has no limits by address, for addresses that cannot be known: one guesser may then try the names of all users, each
    /// up to its own limit, and the secrets of all clients, each up to 16 times the
    /// [limit of logins](Self::with_login_limit).
    pub fn without_address_limits(mut self) -> Self {
        self.addresses = Addresses::Unknown;
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// [`RoutesError`], which names what cannot be.
    pub fn build(mut self) -> Result<Routes, RoutesError> {
        if !is_prefix(&self.prefix) {
            return Err(RoutesError::Prefix { value: self.prefix });
        }
        if self.tls_in_front && matches!(self.addresses, Addresses::Peer) {
            return Err(RoutesError::NoAddress);
        }
        if self.across_sites && self.csrf_key.is_none() {
            return Err(RoutesError::NoCsrfKey);
        }
        if let Some(client) = self.modes.keys().find(|name| name.is_empty() || name.len() > 256) {
            return Err(RoutesError::Client { value: client.clone() });
        }
        if self.clients.is_none()
            && let Some(client) = self.confidential.pop_first()
        {
            return Err(RoutesError::NoClientCheck { client });
        }
        let public_origin = match self.public_origin {
            Some(origin) => Some(checked_origin(origin, self.sessions.issuer_name())?),
            None => None,
        };
        let refresh_path = format!("{}{}", self.prefix, Endpoint::Refresh.path());
        let cookies = SessionCookies::new(&refresh_path, self.across_sites)
            .map_err(|fault| RoutesError::Cookie { value: refresh_path, why: fault.to_string() })?;

        let proof_of_login = ProofOfOrigin::new(self.origins);
        let proof_of_origin = match self.across_sites {
            true => proof_of_login.clone().require_double_submit(),
            false => proof_of_login.clone(),
        };
        let bearer = self.auth.with_check(self.sessions.revocations().clone());
        let bearer = bearer.with_carriers(Carriers::default());
        let mut auth = bearer.clone().with_proof_of_origin(proof_of_origin.clone());
        if let Some(key) = &self.csrf_key {
            auth = auth.with_csrf_key(key.clone());
        }
        let has = |wanted| self.mode == wanted || self.modes.values().any(|mode| *mode == wanted);
        let cookie_mode = [Mode::Cookies, Mode::Mixed].into_iter().find(|mode| has(*mode));
        if cookie_mode == Some(Mode::Cookies) {
            let carriers = Carriers::builder().with_cookie(SessionCookies::ACCESS).build();
            auth = auth.with_carriers(carriers.map_err(|error| RoutesError::Cookie {
                value: SessionCookies::ACCESS.to_owned(),
                why: error.to_string(),
            })?);
        }
        Ok(Routes(Arc::new(Inner {
            sessions: self.sessions,
            auth,
            bearer,
            login: self.login,
            prefix: self.prefix,
            mode: self.mode,
            modes: self.modes,
            confidential: self.confidential,
            cookie_mode,
            proof_of_login,
            proof_of_origin,
            csrf_key: self.csrf_key,
            cookies,
            tls_in_front: self.tls_in_front,
            keys: self.keys,
            public_origin,
            clients: self.clients,
            revocation_by_public_clients: self.revocation_by_public_clients,
            audiences: self.audiences,
            told: self.told,
            provider_logout: self.provider_logout,
            login_limits: Limits::new(self.login_limit),
            start_limits: Limits::of_failures(self.start_limit),
            refresh_limits: Limits::new(self.refresh_limit),
            client_limits: Limits::of_failures(self.login_limit),
            logout_token_limits: Limits::of_failures(self.login_limit),
            addresses: self.addresses,
            has_warned: AtomicBool::new(false),
        })))
    }
}

/// Empty, or segments of unreserved characters, each behind a slash.
fn is_prefix(prefix: &str) -> bool {
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
    };
    match prefix.strip_prefix('/') {
        Some(rest) => rest.split('/').all(is_segment),
        None => prefix.is_empty(),
    }
}

/// The origin as browsers write it, where the issuer is named by it: clients compare both (RFC 8414 §3.3).
fn checked_origin(value: String, issuer: &str) -> Result<String, RoutesError> {
    let Ok(origin) = value.parse::<Origin>() else { return Err(RoutesError::PublicOrigin { value }) };
    let origin = origin.to_string();
    if issuer.strip_suffix('/').unwrap_or(issuer) == origin {
        Ok(origin)
    } else {
        Err(RoutesError::OtherIssuer { value, issuer: issuer.to_owned() })
    }
}

impl fmt::Debug for RoutesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutesBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Why routes cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoutesError {
    /// The prefix is no path.
    Prefix {
        /// The prefix as given.
        value: String,
    },
    /// A client without a name, or with one of more than 256 bytes.
    Client {
        /// The name as given.
        value: String,
    },
    /// A cookie cannot be.
    Cookie {
        /// Its path or name.
        value: String,
        /// Why.
        why: String,
    },
    /// A client that proves its name, and nobody who checks that.
    NoClientCheck {
        /// Its name.
        client: String,
    },
    /// TLS stands in front, and nobody said where the addresses of clients come from.
    NoAddress,
    /// Cookies with `SameSite=None` need a double-submit value, and that a key.
    NoCsrfKey,
    /// The public origin is none.
    PublicOrigin {
        /// The origin as given.
        value: String,
    },
    /// The issuer has another name than the public origin.
    OtherIssuer {
        /// The origin as given.
        value: String,
        /// The name of the issuer.
        issuer: String,
    },
}

impl fmt::Display for RoutesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix { value } => {
                write!(
                    f,
                    "prefix {value:?} is neither empty nor of the form `/auth`, without a slash at its end"
                )
            }
            Self::Client { value } => {
                write!(f, "the name of client {value:?} is empty or longer than 256 bytes")
            }
            Self::Cookie { value, why } => write!(f, "no cookie for {value:?}: {why}"),
            Self::NoClientCheck { client } => {
                write!(f, "client {client:?} has a secret, and nobody checks it: add `with_client_check`")
            }
            Self::NoAddress => f.write_str(
                "behind a proxy every request comes from the proxy's address: say by `with_address_field` or \
                 `with_address` where that of the client is found, or count none by `without_address_limits`",
            ),
            Self::NoCsrfKey => {
                f.write_str("cookies across sites need a double-submit value: add a key by `with_csrf_key`")
            }
            Self::PublicOrigin { value } => {
                write!(f, "public origin {value:?} is not of the form `https://host` or `https://host:port`")
            }
            Self::OtherIssuer { value, issuer } => {
                write!(
                    f,
                    "clients find issuer {issuer:?} at {value:?}, and refuse it (RFC 8414 §3.3): give both one name"
                )
            }
        }
    }
}

impl std::error::Error for RoutesError {}
