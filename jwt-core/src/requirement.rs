//! What a route requires of a verified token.

use core::time::Duration;

use crate::policy::is_older;
use crate::refusal::Reason;
use crate::request::Demands;
use crate::verified::Verified;

/// Scopes, roles, issuer, login and predicates that a route requires: all that are set must hold.
///
/// Made in constants, so that a type can stand for it ([`Permission`]):
///
/// ```
/// use jwt_core::Requirement;
/// const ADMIN: Requirement = Requirement::scope("admin").require_any_role(&["ops", "root"]);
/// const STEP_UP: Requirement = Requirement::new().require_authentication(&["urn:mfa"]);
/// ```
///
/// | unmet | answer |
/// |---|---|
/// | issuer, scope, role, predicate | 403 `insufficient_scope` (RFC 6750 §3.1) |
/// | authentication context or age | 401 `insufficient_user_authentication` (RFC 9470 §3) |
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Requirement {
    issuers: Names,
    scopes: Names,
    roles: Names,
    predicate: Option<fn(&Verified) -> bool>,
    contexts: &'static [&'static str],
    max_age: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Names {
    #[default]
    None,
    One(&'static str),
    All(&'static [&'static str]),
    Any(&'static [&'static str]),
}

impl Names {
    fn hold(self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Names::None => true,
            Names::One(name) => holds(name),
            Names::All(names) => names.iter().all(|name| holds(name)),
            Names::Any(names) => names.iter().any(|name| holds(name)),
        }
    }

    fn as_slice(&self) -> &[&'static str] {
        match self {
            Names::None => &[],
            Names::One(name) => core::slice::from_ref(name),
            Names::All(names) | Names::Any(names) => names,
        }
    }
}

impl Requirement {
    /// A verified token, and nothing else.
    pub const fn new() -> Self {
        Self {
            issuers: Names::None,
            scopes: Names::None,
            roles: Names::None,
            predicate: None,
            contexts: &[],
            max_age: None,
        }
    }

    /// One scope.
    pub const fn scope(scope: &'static str) -> Self {
        Self { scopes: Names::One(scope), ..Self::new() }
    }

    /// All of these scopes.
    pub const fn scopes(scopes: &'static [&'static str]) -> Self {
        Self { scopes: Names::All(scopes), ..Self::new() }
    }

    /// At least one of these scopes.
    pub const fn any_scope(scopes: &'static [&'static str]) -> Self {
        Self { scopes: Names::Any(scopes), ..Self::new() }
    }

    /// One role.
    pub const fn role(role: &'static str) -> Self {
        Self::new().require_role(role)
    }

    /// And one role.
    pub const fn require_role(mut self, role: &'static str) -> Self {
        self.roles = Names::One(role);
        self
    }

    /// And all of these roles.
    pub const fn require_roles(mut self, roles: &'static [&'static str]) -> Self {
        self.roles = Names::All(roles);
        self
    }

    /// And at least one of these roles.
    pub const fn require_any_role(mut self, roles: &'static [&'static str]) -> Self {
        self.roles = Names::Any(roles);
        self
    }

    /// And one of these issuers, byte for byte.
    pub const fn require_issuer(mut self, issuers: &'static [&'static str]) -> Self {
        self.issuers = Names::Any(issuers);
        self
    }

    /// And `acr` one of these (RFC 9470 §4): a login by another factor, for example.
    pub const fn require_authentication(mut self, contexts: &'static [&'static str]) -> Self {
        self.contexts = contexts;
        self
    }

    /// And `auth_time` at most this long ago (RFC 9470 §4), without leeway.
    pub const fn require_authentication_within(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// And a predicate of one's own.
    pub const fn require_that(mut self, predicate: fn(&Verified) -> bool) -> Self {
        self.predicate = Some(predicate);
        self
    }

    /// Decides, as of `now`, the time since the Unix epoch.
    ///
    /// # Errors
    /// What is missing, in this order: issuer, scope, role, predicate, authentication context,
    /// authentication age.
    pub fn check(&self, verified: &Verified, now: Duration) -> Result<(), Unmet> {
        let unless = |holds: bool, reason: Reason| {
            if holds { Ok(()) } else { Err(Unmet { reason, requirement: *self }) }
        };
        let issuer = verified.issuer();
        unless(self.issuers.hold(|one| issuer == Some(one)), Reason::RequirementFailed)?;
        unless(self.scopes.hold(|scope| verified.has_scope(scope)), Reason::MissingScope)?;
        unless(self.roles.hold(|role| verified.has_role(role)), Reason::MissingRole)?;
        unless(self.predicate.is_none_or(|predicate| predicate(verified)), Reason::RequirementFailed)?;
        if !self.contexts.is_empty() {
            let context = verified.authentication_context();
            let fits = context.is_some_and(|context| self.contexts.iter().any(|one| *one == context));
            unless(fits, Reason::InsufficientAuthentication)?;
        }
        if let Some(max_age) = self.max_age {
            let at = verified.authenticated_at();
            let fresh = at.is_some_and(|at| !is_older(at, max_age, Duration::ZERO, now));
            unless(fresh, Reason::AuthenticationTooOld)?;
        }
        Ok(())
    }
}

/// A requirement that does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Unmet {
    reason: Reason,
    requirement: Requirement,
}

impl Unmet {
    /// What does not hold.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What the challenge tells of it. A name that cannot stand in a challenge is left out.
    pub(crate) fn demands(&self) -> Demands {
        let demands = Demands::default();
        match self.reason {
            Reason::MissingScope => {
                demands.with_scopes(self.requirement.scopes.as_slice()).unwrap_or_default()
            }
            Reason::InsufficientAuthentication | Reason::AuthenticationTooOld => {
                let demands = demands.with_acr_values(self.requirement.contexts).unwrap_or_default();
                match self.requirement.max_age {
                    Some(max_age) => demands.with_max_age(max_age),
                    None => demands,
                }
            }
            _ => demands,
        }
    }
}

/// A requirement with a name of its own, for `Authorized<Admin, T>` in a handler's signature.
///
/// ```
/// use jwt_core::{Permission, Requirement};
/// struct Admin;
/// impl Permission for Admin {
///     const REQUIREMENT: Requirement = Requirement::scope("admin");
/// }
/// ```
pub trait Permission {
    /// What it takes.
    const REQUIREMENT: Requirement;
}
