//! What a route requires of a verified token.

use core::time::Duration;

use crate::policy::{is_older, lies_ahead};
use crate::refusal::Reason;
use crate::request::Demands;
use crate::verified::Verified;

/// Scopes, roles, issuer, login and predicates that a route requires: every rule that was added
/// must hold.
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
///
/// What cannot hold denies: an empty list, and anything after the eighth rule.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Requirement {
    rules: [Rule; MAX_RULES],
    len: usize,
}

const MAX_RULES: usize = 8;

/// One rule.
#[derive(Clone, Copy, Debug, Default)]
enum Rule {
    /// Holds always: an unused place.
    #[default]
    Free,
    /// Holds never: there was no place left.
    Never,
    Issuer(Names),
    Scopes(Names),
    Roles(Names),
    Predicate(fn(&Verified) -> bool),
    Contexts(&'static [&'static str]),
    MaxAge(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Names {
    One(&'static str),
    All(&'static [&'static str]),
    Any(&'static [&'static str]),
}

impl Names {
    fn as_slice(&self) -> &[&'static str] {
        match self {
            Names::One(name) => core::slice::from_ref(name),
            Names::All(names) | Names::Any(names) => names,
        }
    }

    fn hold(&self, holds: impl Fn(&str) -> bool) -> bool {
        let mut names = self.as_slice().iter();
        match self {
            Names::Any(_) => names.any(|name| holds(name)),
            Names::One(_) | Names::All(_) => !self.as_slice().is_empty() && names.all(|name| holds(name)),
        }
    }
}

impl Requirement {
    /// A verified token, and nothing else.
    pub const fn new() -> Self {
        Self { rules: [Rule::Free; MAX_RULES], len: 0 }
    }

    #[expect(clippy::indexing_slicing, reason = "bounded by the branch, and `get_mut` is not const")]
    const fn and(mut self, rule: Rule) -> Self {
        if self.len < MAX_RULES {
            self.rules[self.len] = rule;
            self.len = self.len.saturating_add(1);
        } else {
            self.rules[0] = Rule::Never;
        }
        self
    }

    /// One scope.
    pub const fn scope(scope: &'static str) -> Self {
        Self::new().require_scope(scope)
    }

    /// At least one of these scopes.
    pub const fn any_scope(scopes: &'static [&'static str]) -> Self {
        Self::new().require_any_scope(scopes)
    }

    /// One role.
    pub const fn role(role: &'static str) -> Self {
        Self::new().require_role(role)
    }

    /// And one scope.
    pub const fn require_scope(self, scope: &'static str) -> Self {
        self.and(Rule::Scopes(Names::One(scope)))
    }

    /// And all of these scopes.
    pub const fn require_scopes(self, scopes: &'static [&'static str]) -> Self {
        self.and(Rule::Scopes(Names::All(scopes)))
    }

    /// And at least one of these scopes.
    pub const fn require_any_scope(self, scopes: &'static [&'static str]) -> Self {
        self.and(Rule::Scopes(Names::Any(scopes)))
    }

    /// And one role.
    pub const fn require_role(self, role: &'static str) -> Self {
        self.and(Rule::Roles(Names::One(role)))
    }

    /// And all of these roles.
    pub const fn require_roles(self, roles: &'static [&'static str]) -> Self {
        self.and(Rule::Roles(Names::All(roles)))
    }

    /// And at least one of these roles.
    pub const fn require_any_role(self, roles: &'static [&'static str]) -> Self {
        self.and(Rule::Roles(Names::Any(roles)))
    }

    /// And one of these issuers, byte for byte.
    pub const fn require_issuer(self, issuers: &'static [&'static str]) -> Self {
        self.and(Rule::Issuer(Names::Any(issuers)))
    }

    /// And a predicate of one's own.
    pub const fn require_that(self, predicate: fn(&Verified) -> bool) -> Self {
        self.and(Rule::Predicate(predicate))
    }

    /// And `acr` one of these (RFC 9470 §4): a login by another factor, for example.
    pub const fn require_authentication(self, contexts: &'static [&'static str]) -> Self {
        self.and(Rule::Contexts(contexts))
    }

    /// And `auth_time` at most this long ago (RFC 9470 §4), without leeway. One that lies in the future
    /// beyond the leeway of the rules that the token was verified by is no fresh login either.
    pub const fn require_authentication_within(self, max_age: Duration) -> Self {
        self.and(Rule::MaxAge(max_age))
    }

    /// Decides, as of `now`, the time since the Unix epoch.
    ///
    /// # Errors
    /// What is missing. A missing right is told before a login that is too weak or too old, for no
    /// login would help; else in the order in which the rules were added.
    pub fn check(&self, verified: &Verified, now: Duration) -> Result<(), Unmet> {
        let unmet = |reason| Unmet { reason, requirement: Box::new(self.clone()) };
        let about_login = |rule: &&Rule| matches!(rule, Rule::Contexts(_) | Rule::MaxAge(_));
        let rights = self.rules.iter().filter(|rule| !about_login(rule));
        let mut in_order = rights.chain(self.rules.iter().filter(about_login));
        match in_order.find_map(|rule| rule.unmet(verified, now)) {
            None => Ok(()),
            Some(reason) => Err(unmet(reason)),
        }
    }
}

impl Rule {
    fn unmet(&self, verified: &Verified, now: Duration) -> Option<Reason> {
        let (holds, reason) = match self {
            Rule::Free => (true, Reason::RequirementFailed),
            Rule::Never => (false, Reason::RequirementFailed),
            Rule::Issuer(issuers) => {
                (issuers.hold(|issuer| verified.issuer() == Some(issuer)), Reason::RequirementFailed)
            }
            Rule::Scopes(scopes) => (scopes.hold(|scope| verified.has_scope(scope)), Reason::MissingScope),
            Rule::Roles(roles) => (roles.hold(|role| verified.has_role(role)), Reason::MissingRole),
            Rule::Predicate(predicate) => (predicate(verified), Reason::RequirementFailed),
            Rule::Contexts(contexts) => {
                let context = verified.authentication_context();
                let fits = context.is_some_and(|context| contexts.iter().any(|one| *one == context));
                (fits, Reason::InsufficientAuthentication)
            }
            Rule::MaxAge(max_age) => {
                let leeway = verified.policy().leeway;
                let fresh = verified.authenticated_at().is_some_and(|at| {
                    !is_older(at, *max_age, Duration::ZERO, now) && !lies_ahead(at, leeway, now)
                });
                (fresh, Reason::AuthenticationTooOld)
            }
        };
        (!holds).then_some(reason)
    }
}

/// A requirement that does not hold.
#[derive(Clone, Debug)]
pub struct Unmet {
    reason: Reason,
    requirement: Box<Requirement>,
}

impl Unmet {
    /// What does not hold.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What the challenge tells of it. A name that cannot stand in a challenge is left out.
    pub(crate) fn demands(&self) -> Demands {
        let rules = || self.requirement.rules.iter();
        let demands = Demands::default();
        match self.reason {
            Reason::MissingScope => {
                let scopes = rules().filter_map(|rule| match rule {
                    Rule::Scopes(scopes) => Some(scopes.as_slice()),
                    _ => None,
                });
                let can_stand = |scope: &&&str| Demands::default().with_scopes([scope]).is_ok();
                demands.with_scopes(scopes.flatten().filter(can_stand)).unwrap_or_default()
            }
            Reason::InsufficientAuthentication | Reason::AuthenticationTooOld => {
                let lists = || {
                    rules().filter_map(|rule| match rule {
                        Rule::Contexts(contexts) => Some(*contexts),
                        _ => None,
                    })
                };
                // `acr` has one value, which every list must hold; another would be asked for in vain.
                let contexts = lists().next().unwrap_or_default().iter().filter(|context| {
                    lists().all(|list| list.contains(context))
                        && Demands::default().with_acr_values([context]).is_ok()
                });
                let youngest = rules().filter_map(|rule| match rule {
                    Rule::MaxAge(max_age) => Some(*max_age),
                    _ => None,
                });
                let demands = demands.with_acr_values(contexts).unwrap_or_default();
                match youngest.min() {
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it requires",
    label = "not a `Permission`",
    note = "write `impl Permission for {Self} {{ const REQUIREMENT: Requirement = Requirement::scope(\"…\"); }}`"
)]
pub trait Permission {
    /// What it takes.
    const REQUIREMENT: Requirement;
}
