//! What every server serves: a list of routes with the rules before them, whatever the framework.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Permission, RequestAuth, Requirement, Verified};

use crate::tokens::HMAC_ISSUER;

/// One route: a path, the layers before it, and what answers behind them.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path, compared byte for byte.
    pub path: &'static str,
    /// The layers, the outermost first.
    pub layers: Vec<Layer>,
    /// What answers.
    pub endpoint: Endpoint,
}

/// All routes of a server, cheap to clone.
pub type Routes = Arc<[Route]>;

/// One layer before a route.
#[derive(Clone, Debug)]
pub enum Layer {
    /// The framework's `JwtAuth` with these rules.
    Auth(RequestAuth),
    /// As [`Layer::Auth`], with refusals in [`Reply::own_words`](crate::replies::Reply::own_words).
    OwnWords(RequestAuth),
    /// The framework's `Require`.
    Require(Demand),
    /// No layer: the extractors of the route find these rules by themselves, in the state of an axum
    /// router or the data of an actix-web resource. Stands innermost, for [`Endpoint::Me`],
    /// [`Endpoint::Optional`] and [`Endpoint::Owned`]. Where there are no extractors it is as [`Layer::Auth`].
    Handle(RequestAuth),
}

/// What answers behind the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// By `Claims`: the subject and all claims.
    Me,
    /// By `Claims`: the subject and the audience of ours that matched.
    Identity,
    /// By `Option<Claims>` or `MaybeClaims`: the subject or `null`.
    Optional,
    /// By `Authorized`: the subject.
    Authorized(Demand),
    /// By `Claims` of two types and `Authorized` of a third.
    Everything,
    /// By `Claims` of a type that no token of the suites is.
    Impossible,
    /// By `Deny`: a thing of [`OWNER`], who needs [`Demand::StepUp`] to have it.
    Owned,
    /// Echoes one message over a WebSocket.
    WebSocket,
    /// Asks for nothing.
    Public,
    /// Asks for nothing, and says by `Cache-Control: no-store` that nobody may keep it.
    Unstorable,
}

impl Endpoint {
    /// The methods that are answered; all others get 405.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Endpoint::Me | Endpoint::Authorized(_) | Endpoint::Impossible | Endpoint::Owned => {
                &["GET", "HEAD", "POST"]
            }
            Endpoint::WebSocket => &["GET"],
            _ => &["GET", "HEAD"],
        }
    }
}

/// The `sub` whose thing [`Endpoint::Owned`] is.
pub const OWNER: &str = "alice";

/// What a route demands beyond a verified token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The scope `admin`.
    Admin,
    /// The scope `admin` or the scope `ops`.
    AdminOrOps,
    /// `acr` of `urn:mfa`.
    StepUp,
    /// A login at most five minutes ago.
    FreshLogin,
    /// The role `auditor`.
    Auditor,
    /// A predicate: the claim `tenant` is `acme`.
    OfAcme,
    /// The issuer [`HMAC_ISSUER`].
    OtherIssuer,
    /// The scopes `admin` and `write`, the role `ops` or `root`, and `acr` of `urn:mfa`.
    Everything,
}

impl Demand {
    /// The requirement of jwt-core that says it.
    pub const fn requirement(self) -> Requirement {
        match self {
            Demand::Admin => Admin::REQUIREMENT,
            Demand::AdminOrOps => AdminOrOps::REQUIREMENT,
            Demand::StepUp => StepUp::REQUIREMENT,
            Demand::FreshLogin => FreshLogin::REQUIREMENT,
            Demand::Auditor => Auditor::REQUIREMENT,
            Demand::OfAcme => OfAcme::REQUIREMENT,
            Demand::OtherIssuer => OtherIssuer::REQUIREMENT,
            Demand::Everything => Everything::REQUIREMENT,
        }
    }
}

/// [`Demand::Admin`] as a type.
#[derive(Debug)]
pub struct Admin;
/// [`Demand::AdminOrOps`] as a type.
#[derive(Debug)]
pub struct AdminOrOps;
/// [`Demand::StepUp`] as a type.
#[derive(Debug)]
pub struct StepUp;
/// [`Demand::FreshLogin`] as a type.
#[derive(Debug)]
pub struct FreshLogin;
/// [`Demand::Auditor`] as a type.
#[derive(Debug)]
pub struct Auditor;
/// [`Demand::OfAcme`] as a type.
#[derive(Debug)]
pub struct OfAcme;
/// [`Demand::OtherIssuer`] as a type.
#[derive(Debug)]
pub struct OtherIssuer;
/// [`Demand::Everything`] as a type.
#[derive(Debug)]
pub struct Everything;

impl Permission for Admin {
    const REQUIREMENT: Requirement = Requirement::scope("admin");
}

impl Permission for AdminOrOps {
    const REQUIREMENT: Requirement = Requirement::any_scope(&["admin", "ops"]);
}

impl Permission for StepUp {
    const REQUIREMENT: Requirement = Requirement::new().require_authentication(&["urn:mfa"]);
}

impl Permission for FreshLogin {
    const REQUIREMENT: Requirement =
        Requirement::new().require_authentication_within(Duration::from_secs(300));
}

impl Permission for Auditor {
    const REQUIREMENT: Requirement = Requirement::role("auditor");
}

impl Permission for OfAcme {
    const REQUIREMENT: Requirement = Requirement::new().require_that(is_of_acme);
}

fn is_of_acme(verified: &Verified) -> bool {
    verified.claim::<String>("tenant").ok().flatten().as_deref() == Some("acme")
}

impl Permission for OtherIssuer {
    const REQUIREMENT: Requirement = Requirement::new().require_issuer(&[HMAC_ISSUER]);
}

impl Permission for Everything {
    const REQUIREMENT: Requirement = Requirement::scope("admin")
        .require_authentication(&["urn:mfa"])
        .require_scope("write")
        .require_any_role(&["ops", "root"]);
}

/// The claims of [`Endpoint::Everything`], first type.
#[derive(Debug, serde::Deserialize)]
pub struct Subject {
    /// `sub`.
    pub sub: Option<String>,
}

/// The claims of [`Endpoint::Everything`], second type.
#[derive(Debug, serde::Deserialize)]
pub struct Expiry {
    /// `exp`.
    pub exp: u64,
}

/// The claims of [`Endpoint::Impossible`].
#[derive(Debug, serde::Deserialize)]
pub struct Impossible {
    /// A claim that no token has.
    pub impossible: bool,
}

/// The routes of `protected-server`.
///
/// `/optional` stands behind the same rules made optional, so that it lets anonymous requests in
/// whatever the configuration says; `/public` and `/unlayered` have no layer.
#[must_use]
pub fn protected(auth: &RequestAuth) -> Routes {
    let behind = |auth: &RequestAuth, path, endpoint| Route {
        path,
        layers: vec![Layer::Auth(auth.clone())],
        endpoint,
    };
    [
        behind(auth, "/me", Endpoint::Me),
        behind(&auth.clone().optional(), "/optional", Endpoint::Optional),
        behind(auth, "/admin", Endpoint::Authorized(Demand::Admin)),
        behind(auth, "/admin-or-ops", Endpoint::Authorized(Demand::AdminOrOps)),
        behind(auth, "/step-up", Endpoint::Authorized(Demand::StepUp)),
        behind(auth, "/ws", Endpoint::WebSocket),
        Route { path: "/public", layers: Vec::new(), endpoint: Endpoint::Public },
        Route { path: "/unlayered", layers: Vec::new(), endpoint: Endpoint::Me },
    ]
    .into()
}
