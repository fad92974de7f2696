//! Where an attack is tried: beside the good token or request that it is one step away from.

use core::cell::{Cell, RefCell};

use jwt_core::request::SimpleHead;
use jwt_core::{Authority, Decision, KeySet, ManualClock, Reason, RequestAuth, SigningKey, Step, Verifier};
use tests::tokens::{AUDIENCE, Forged, HMAC_ISSUER, ISSUER, NOW, keys};
use tests::wire::Request;

use crate::parity::{Expected, Table, routes};

/// A verifier, and what was found wrong with it.
pub(super) struct Bench {
    verifier: Verifier,
    attacks: Cell<usize>,
    faults: RefCell<Vec<String>>,
}

impl Bench {
    /// Trusts one issuer with four public keys.
    pub(super) fn new() -> Self {
        Self::of(Verifier::of([asymmetric()]).unwrap())
    }

    /// Trusts that issuer and one with a secret.
    pub(super) fn of_two() -> Self {
        let secret = Authority::builder().with_key(&keys().hs256);
        let secret = secret.with_audience(AUDIENCE).with_issuer(HMAC_ISSUER).build_authority().unwrap();
        Self::of(Verifier::of([asymmetric(), secret]).unwrap())
    }

    /// Trusts whom this verifier trusts, at [`NOW`].
    pub(super) fn of(verifier: Verifier) -> Self {
        let verifier = verifier.with_clock(ManualClock::at(NOW));
        Self { verifier, attacks: Cell::new(0), faults: RefCell::default() }
    }

    /// The verifier.
    pub(super) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Tries an attack before and after the good token, whose header the verifier then knows.
    pub(super) fn refuses(&self, name: &str, good: &str, attack: &str, reason: Reason) {
        self.attacks.set(self.attacks.get() + 1);
        let verdict = |token: &str| self.verifier.verify(token).map(drop).map_err(|error| error.reason());
        let found = [verdict(attack), verdict(good), verdict(attack)];
        if found != [Err(reason), Ok(()), Err(reason)] {
            self.faults.borrow_mut().push(format!("{name}: {found:?} instead of {reason:?}"));
        }
        let findings = |token: &str| -> Vec<Reason> {
            self.verifier.explain(token).findings().iter().map(|finding| finding.reason()).collect()
        };
        if !findings(attack).contains(&reason) || !findings(good).is_empty() {
            let explained = (findings(attack), findings(good));
            self.faults.borrow_mut().push(format!("{name}: explained as {explained:?}"));
        }
    }

    /// As [`Bench::refuses`], one step away from the good token of [`Forged::new`].
    pub(super) fn refuses_forged(&self, name: &str, attack: Forged, reason: Reason) {
        self.refuses(name, &Forged::new().sign(), &attack.sign(), reason);
    }

    /// Fails if anything was found wrong, or if it was not this many attacks.
    pub(super) fn finish(self, attacks: usize) {
        let faults = self.faults.into_inner();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        assert_eq!(self.attacks.get(), attacks, "attacks");
    }
}

/// The authority of [`ISSUER`].
fn asymmetric() -> Authority {
    let keys = [&keys().rs256, &keys().es256, &keys().es256_next, &keys().eddsa];
    let keys = KeySet::new(keys.map(SigningKey::verifying_key)).unwrap();
    Authority::builder()
        .with_keys(keys)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build_authority()
        .unwrap()
}

/// A request, to be sent over a socket and to be shown to the rules themselves.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
}

impl Ask {
    pub(super) fn new(method: &'static str, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), fields: Vec::new() }
    }

    pub(super) fn get() -> Self {
        Self::new("GET", "/me")
    }

    pub(super) fn post() -> Self {
        Self::new("POST", "/me").with("Content-Length", "0")
    }

    /// One more field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// `Authorization: Bearer` and the token.
    pub(super) fn bearer(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    fn request(&self) -> Request {
        let request = Request::new(self.method, &self.target);
        self.fields.iter().fold(request, |request, (name, value)| request.with(name, value))
    }

    fn head(&self) -> SimpleHead {
        let head = SimpleHead::new(self.method, &self.target).with_host("api.example.com");
        self.fields.iter().fold(head, |head, (name, value)| head.with_field(name, value.as_str()))
    }
}

/// Servers in every framework with the same rules.
pub(super) struct Door {
    auth: RequestAuth,
    table: Table,
    attacks: Cell<usize>,
}

impl Door {
    pub(super) fn new(name: &'static str, auth: RequestAuth) -> Self {
        let table = Table::new(name, &routes(&auth));
        Self { auth, table, attacks: Cell::new(0) }
    }

    /// Sends what must be answered like this.
    pub(super) fn accepts(&self, name: &str, ask: &Ask, expected: &Expected) {
        self.table.row(name, &ask.request(), expected);
    }

    /// Sends the good request and then the attack.
    pub(super) fn refuses(
        &self,
        name: &str,
        good: (&Ask, &Expected),
        attack: (&Ask, &Expected),
        reason: Reason,
    ) {
        self.attacks.set(self.attacks.get() + 1);
        self.accepts(&format!("{name}, without the attack"), good.0, good.1);
        self.table.row(name, &attack.0.request(), attack.1);
        let found = reason_of(&self.auth, &attack.0.head());
        if found != Some(reason) {
            self.table.note(format!("{name}: {found:?} instead of {reason:?}"));
        }
    }

    /// Fails if an answer was not as expected, or if it was not this many attacks.
    pub(super) fn finish(self, attacks: usize) {
        self.table.finish(2 * attacks);
        assert_eq!(self.attacks.get(), attacks, "attacks");
    }
}

/// Why the rules refuse a request, if they do.
pub(super) fn reason_of(auth: &RequestAuth, head: &SimpleHead) -> Option<Reason> {
    match auth.decide(head, None) {
        Step::Decided(Decision::Proceed(_)) => None,
        Step::Decided(Decision::Refuse(refusal)) => Some(refusal.reason()),
        Step::Wait(_) => panic!("nothing to wait for"),
    }
}

/// The reason of an error, or `None` where there is none.
pub(super) fn code_of<T>(result: Result<T, jwt_core::KeyError>) -> &'static str {
    result.err().map_or("accepted", |error| error.code())
}
