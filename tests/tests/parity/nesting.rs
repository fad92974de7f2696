//! Layers inside of layers: the inner one counts, and outcomes are never merged.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jwt_core::keys::Verify;
use jwt_core::request::{Carriers, Challenge, RequestFacts};
use jwt_core::{
    Check, CheckOutcome, CheckRefusal, ManualClock, Passed, Reason, RequestAuth, Verified, Verifier,
    VerifyingKey,
};
use tests::routes::{Demand, Endpoint, Layer, Route, Routes};
use tests::tokens::{AUDIENCE, Forged, ISSUER, NOW, alice, good, keys};
use tests::wire::Request;

use super::{Expected, Table};

const INNER_AUDIENCE: &str = "https://inner.example.com";

/// Counts how often it is asked.
struct Counting {
    key: VerifyingKey,
    asked: Arc<AtomicUsize>,
}

impl Verify for Counting {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.key.verify(message, signature)
    }
}

/// How often signatures were checked since the last look.
pub(super) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(super) fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// A verifier for this audience whose signature checks are counted.
pub(super) fn counted(audience: &str) -> (Verifier, Count) {
    let key = keys().es256.verifying_key();
    let (algorithm, asked) = (key.algorithm(), Arc::new(AtomicUsize::new(0)));
    let counting = VerifyingKey::custom(algorithm, Counting { key, asked: asked.clone() });
    let counting = counting.with_key_id("es").unwrap();
    let verifier = Verifier::builder().with_key(counting).with_audience(audience).with_issuer(ISSUER);
    (verifier.build().unwrap().with_clock(ManualClock::at(NOW)), Count(asked))
}

fn realm(auth: RequestAuth, realm: &str) -> RequestAuth {
    auth.with_challenge(Challenge::default().with_realm(realm).unwrap())
}

struct Nested {
    table: Table,
    outer: Count,
    inner: Count,
}

impl Nested {
    /// The row, and how often each verifier checks a signature for it.
    fn row(&self, name: &str, request: Request, expected: Expected, checks: (usize, usize)) {
        let frameworks = self.table.servers().len();
        self.table.row(name, &request, &expected);
        let found = (self.outer.take(), self.inner.take());
        if found != (checks.0 * frameworks, checks.1 * frameworks) {
            self.table.note(format!(
                "{name}: {found:?} signature checks in {frameworks} frameworks, not {checks:?} in each"
            ));
        }
    }
}

#[test]
fn the_inner_layer_counts() {
    let (outer_verifier, outer) = counted(AUDIENCE);
    let (inner_verifier, inner) = counted(INNER_AUDIENCE);
    let carriers = |carriers: jwt_core::request::CarriersBuilder| carriers.build().unwrap();
    let cookie = || carriers(Carriers::builder().without_authorization().with_cookie("access"));

    let auth = realm(RequestAuth::new(outer_verifier.clone()), "outer");
    let same_verifier = realm(RequestAuth::new(outer_verifier.clone()), "inner");
    let other = realm(RequestAuth::new(inner_verifier.clone()), "inner");
    let (a, b) = (Layer::Auth(auth.clone()), Layer::Auth(same_verifier.clone()));
    let (c, d) = (Layer::Auth(other.clone()), Layer::Auth(auth.clone().optional()));
    let (e, f) = (
        Layer::Auth(other.clone().optional()),
        Layer::Auth(other.clone().optional().with_carriers(cookie())),
    );
    let g = Layer::Auth(same_verifier.clone().with_carriers(cookie()));
    let h = Layer::Auth(same_verifier.clone().optional());
    let admin = Layer::Require(Demand::Admin);
    let route = |path, layers: &[&Layer], endpoint| Route {
        path,
        layers: layers.iter().copied().cloned().collect(),
        endpoint,
    };
    let routes: Routes = [
        route("/twice", &[&a, &a], Endpoint::Identity),
        route("/twice-require", &[&a, &a, &admin], Endpoint::Identity),
        route("/same-verifier", &[&a, &b], Endpoint::Identity),
        route("/same-verifier-require", &[&a, &b, &admin], Endpoint::Identity),
        route("/same-verifier-authorized", &[&a, &b], Endpoint::Authorized(Demand::Admin)),
        route("/other", &[&a, &c], Endpoint::Identity),
        route("/other-require", &[&a, &c, &admin], Endpoint::Identity),
        route("/required-in-optional", &[&d, &c], Endpoint::Identity),
        route("/same-required-in-optional", &[&d, &b], Endpoint::Identity),
        route("/optional-in-required", &[&a, &e], Endpoint::Optional),
        route("/same-optional-in-required", &[&a, &h], Endpoint::Optional),
        route("/optional-in-optional", &[&d, &e], Endpoint::Optional),
        route("/other-carrier", &[&a, &f], Endpoint::Optional),
        route("/other-carrier-required", &[&a, &f], Endpoint::Identity),
        route("/same-verifier-other-carrier", &[&a, &g], Endpoint::Identity),
        route("/require-between", &[&admin, &a], Endpoint::Public),
    ]
    .into();
    let nested = Nested { table: Table::new("nesting", &routes), outer, inner };

    let identity = |sub: &str, audience: &str| Expected::ok(identity_of(sub, audience));
    let outside = alice();
    let inside = Forged::new().claim("aud", INNER_AUDIENCE).sign();
    let both = Forged::new().claim("aud", serde_json::json!([AUDIENCE, INNER_AUDIENCE])).sign();
    let forged = Forged::new().key(&keys().stranger).sign();
    let get = |path: &str, token: &str| Request::get(path).bearer(token);

    // The same rules, or the same verifier: reused.
    nested.row("twice", get("/twice", &outside), identity("alice", AUDIENCE), (1, 0));
    nested.row("twice, none", Request::get("/twice"), Expected::no_credentials().realm("outer"), (0, 0));
    nested.row("twice, forged", get("/twice", &forged), Expected::not_valid().realm("outer"), (1, 0));
    let refused = Expected::insufficient_scope(Some("admin"));
    nested.row("twice, require", get("/twice-require", &outside), refused.clone().realm("outer"), (1, 0));
    nested.row("same verifier", get("/same-verifier", &outside), identity("alice", AUDIENCE), (1, 0));
    // Behind both, the words are those of the inner layer.
    nested.row(
        "same, require",
        get("/same-verifier-require", &outside),
        refused.clone().realm("inner"),
        (1, 0),
    );
    nested.row(
        "same, extractor",
        get("/same-verifier-authorized", &outside),
        refused.clone().realm("inner"),
        (1, 0),
    );

    // Another verifier: verified again, and replaced.
    nested.row("other, for both", get("/other", &both), identity("alice", INNER_AUDIENCE), (1, 1));
    nested.row("other, for the outer", get("/other", &outside), Expected::not_valid().realm("inner"), (1, 1));
    nested.row("other, for the inner", get("/other", &inside), Expected::not_valid().realm("outer"), (1, 0));
    nested.row("other, forged", get("/other", &forged), Expected::not_valid().realm("outer"), (1, 0));
    nested.row("other, require", get("/other-require", &both), refused.realm("inner"), (1, 1));

    // Required inside of optional.
    let none = || Expected::no_credentials().realm("inner");
    nested.row("required in optional, none", Request::get("/required-in-optional"), none(), (0, 0));
    nested.row(
        "required in optional",
        get("/required-in-optional", &both),
        identity("alice", INNER_AUDIENCE),
        (1, 1),
    );
    let for_outer = get("/required-in-optional", &outside);
    nested.row(
        "required in optional, for the outer",
        for_outer,
        Expected::not_valid().realm("inner"),
        (1, 1),
    );
    let for_inner = get("/required-in-optional", &inside);
    nested.row(
        "required in optional, for the inner",
        for_inner,
        Expected::not_valid().realm("outer"),
        (1, 0),
    );
    nested.row("the same, none", Request::get("/same-required-in-optional"), none(), (0, 0));
    nested.row("the same", get("/same-required-in-optional", &outside), identity("alice", AUDIENCE), (1, 0));

    // Optional inside.
    let none = || Expected::no_credentials().realm("outer");
    nested.row("optional in required, none", Request::get("/optional-in-required"), none(), (0, 0));
    nested.row(
        "optional in required",
        get("/optional-in-required", &both),
        Expected::subject("alice"),
        (1, 1),
    );
    let for_outer = get("/optional-in-required", &outside);
    nested.row(
        "optional in required, for the outer",
        for_outer,
        Expected::not_valid().realm("inner"),
        (1, 1),
    );
    nested.row("the same, none", Request::get("/same-optional-in-required"), none(), (0, 0));
    nested.row("the same", get("/same-optional-in-required", &outside), Expected::subject("alice"), (1, 0));
    nested.row("optional in optional", Request::get("/optional-in-optional"), Expected::nobody(), (0, 0));
    nested.row(
        "optional in optional, both",
        get("/optional-in-optional", &both),
        Expected::subject("alice"),
        (1, 1),
    );

    // Never merged: the inner layer sees nothing, so nobody is known behind it.
    nested.row("another carrier", get("/other-carrier", &both), Expected::nobody(), (1, 0));
    let required = get("/other-carrier-required", &both);
    nested.row("another carrier, required", required, Expected::no_credentials().realm("inner"), (1, 0));
    let with_cookie = |path: &str, token: &str| get(path, &outside).with("Cookie", format!("access={token}"));
    nested.row(
        "a token for each",
        with_cookie("/other-carrier", &inside),
        Expected::subject("alice"),
        (1, 1),
    );
    nested.row(
        "a bad one inside",
        with_cookie("/other-carrier", &forged),
        Expected::not_valid().realm("inner"),
        (1, 1),
    );

    // The same verifier reuses what it verified only where the token is the same.
    let path = "/same-verifier-other-carrier";
    let bob = Forged::new().claim("sub", "bob").sign();
    nested.row("the same token", with_cookie(path, &outside), identity("alice", AUDIENCE), (1, 0));
    nested.row("another token", with_cookie(path, &bob), identity("bob", AUDIENCE), (2, 0));
    nested.row(
        "a forged one",
        with_cookie(path, &forged.replace('.', "..")),
        Expected::not_valid().realm("inner"),
        (1, 0),
    );
    let forged_bob = Forged::new().claim("sub", "bob").key(&keys().stranger).sign();
    nested.row(
        "a forged other",
        with_cookie(path, &forged_bob),
        Expected::not_valid().realm("inner"),
        (2, 0),
    );
    let scoped = good(|token| token.with_scope("admin"));
    nested.row("more rights inside", with_cookie(path, &scoped), identity("alice", AUDIENCE), (2, 0));

    nested.row("require outside", get("/require-between", &scoped), Expected::internal(), (0, 0));
    nested.table.finish(35);
}

/// Rules that the extractors find by themselves count behind a layer as a layer of these rules would.
#[test]
fn the_handle_inside_of_a_layer_counts() {
    let (outer_verifier, outer) = counted(AUDIENCE);
    let (inner_verifier, inner) = counted(INNER_AUDIENCE);
    let auth = realm(RequestAuth::new(outer_verifier.clone()), "outer");
    let optional = auth.clone().optional();
    let same = realm(RequestAuth::new(outer_verifier), "inner");
    let other = realm(RequestAuth::new(inner_verifier), "inner");
    let route = |path, outer: Layer, inner: &RequestAuth, endpoint| Route {
        path,
        layers: vec![outer, Layer::Handle(inner.clone())],
        endpoint,
    };
    let routes: Routes = [
        route("/same", Layer::Auth(auth.clone()), &same, Endpoint::Me),
        route("/same-in-optional", Layer::Auth(optional.clone()), &same, Endpoint::Me),
        route(
            "/same-optional-in-required",
            Layer::Auth(auth.clone()),
            &same.clone().optional(),
            Endpoint::Optional,
        ),
        route("/other", Layer::Auth(auth.clone()), &other, Endpoint::Me),
        route("/other-in-optional", Layer::Auth(optional.clone()), &other, Endpoint::Optional),
        route("/owned", Layer::Auth(auth), &other, Endpoint::Owned),
        route("/own-words-outside", Layer::OwnWords(optional), &other, Endpoint::Me),
    ]
    .into();
    let nested = Nested { table: Table::new("handles inside", &routes), outer, inner };

    let outside = alice();
    let inside = Forged::new().claim("aud", INNER_AUDIENCE).sign();
    let both = Forged::new().claim("aud", serde_json::json!([AUDIENCE, INNER_AUDIENCE])).sign();
    let bob =
        Forged::new().claim("aud", serde_json::json!([AUDIENCE, INNER_AUDIENCE])).claim("sub", "bob").sign();
    let get = |path: &str, token: &str| Request::get(path).bearer(token);
    let none = |realm: &'static str| Expected::no_credentials().realm(realm);
    let bad = |realm: &'static str| Expected::not_valid().realm(realm);

    nested.row("same", get("/same", &outside), Expected::me(&outside), (1, 0));
    nested.row("same, none", Request::get("/same"), none("outer"), (0, 0));
    nested.row("same, for the inner", get("/same", &inside), bad("outer"), (1, 0));
    nested.row("same in optional", get("/same-in-optional", &outside), Expected::me(&outside), (1, 0));
    nested.row("same in optional, none", Request::get("/same-in-optional"), none("inner"), (0, 0));
    let optional = "/same-optional-in-required";
    nested.row("optional inside", get(optional, &outside), Expected::subject("alice"), (1, 0));
    nested.row("optional inside, none", Request::get(optional), none("outer"), (0, 0));
    nested.row("other, for both", get("/other", &both), Expected::me(&both), (1, 1));
    nested.row("other, for the outer", get("/other", &outside), bad("inner"), (1, 1));
    nested.row("other, for the inner", get("/other", &inside), bad("outer"), (1, 0));
    nested.row("other, none", Request::get("/other"), none("outer"), (0, 0));
    let optional = "/other-in-optional";
    nested.row("other in optional", get(optional, &both), Expected::subject("alice"), (1, 1));
    nested.row("other in optional, for the outer", get(optional, &outside), bad("inner"), (1, 1));
    nested.row("other in optional, none", Request::get(optional), none("inner"), (0, 0));
    let forbidden = Expected::insufficient_scope(None).realm("inner");
    nested.row("what a handler denies", get("/owned", &bob), forbidden, (1, 1));
    let path = "/own-words-outside";
    nested.row("own words outside", get(path, &both), Expected::me(&both), (1, 1));
    nested.row("own words outside, none", Request::get(path), none("inner"), (0, 0));
    nested.row("own words outside, for the outer", get(path, &outside), bad("inner"), (1, 1));
    nested.table.finish(18);
}

/// A token whose claims were verified and whose signature is another: what the inner layer holds is
/// verified, but nobody signed the token that it was shown.
#[test]
fn a_forged_twin_of_the_verified_token_gives_no_more_than_that_one() {
    let (verifier, outer) = counted(AUDIENCE);
    let (_, inner) = counted(INNER_AUDIENCE);
    let cookie = Carriers::builder().without_authorization().with_cookie("access").build().unwrap();
    let auth = RequestAuth::new(verifier);
    let layers = vec![Layer::Auth(auth.clone()), Layer::Auth(auth.with_carriers(cookie))];
    let routes: Routes = [Route { path: "/twin", layers, endpoint: Endpoint::Me }].into();
    let nested = Nested { table: Table::new("twin", &routes), outer, inner };
    let genuine = Forged::new().sign();
    let twin = Forged::new().key(&keys().stranger).sign();
    let request = Request::get("/twin").bearer(&genuine).with("Cookie", format!("access={twin}"));
    let answers = nested.table.ask(&request);
    for (framework, response) in answers {
        // Either is sound: the claims are those of a token that was verified.
        assert!(matches!(response.status, 200 | 401), "{framework}: {response:?}");
        assert!(response.status != 200 || response.text() == Expected::me(&genuine).body, "{framework}");
    }
    nested.table.finish(1);
}

/// Passes each token once, and says so; at once or after a while.
struct SingleUse {
    header: &'static str,
    seen: Mutex<HashSet<String>>,
    waits: bool,
}

impl SingleUse {
    fn new(header: &'static str, waits: bool) -> Self {
        Self { header, seen: Mutex::default(), waits }
    }
}

impl Check for SingleUse {
    fn name(&self) -> &'static str {
        "single use"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let id = verified.token_id().unwrap_or_default().to_owned();
        if !self.seen.lock().unwrap().insert(id) {
            return match self.waits {
                true => CheckOutcome::Wait(Box::pin(async { Err(Reason::Replayed.into()) })),
                false => CheckOutcome::refuse(Reason::Replayed),
            };
        }
        let passed = Passed::default().with_response_header(self.header, "used");
        match self.waits {
            true => CheckOutcome::Wait(Box::pin(async { Ok(passed) })),
            false => CheckOutcome::Pass(passed),
        }
    }
}

#[test]
fn a_check_that_ran_outside_does_not_run_again_inside() {
    for waits in [false, true] {
        let table = Table::of_each("single use", || {
            let (verifier, _) = counted(AUDIENCE);
            let (other, _) = counted(INNER_AUDIENCE);
            let plain = RequestAuth::new(verifier);
            let once = plain.clone().with_check(SingleUse::new("x-once", waits));
            // The same check behind both, and one more inside.
            let more = realm(once.clone().with_check(SingleUse::new("x-more", waits)), "inner");
            let another = plain.clone().with_check(SingleUse::new("x-another", waits));
            let other = RequestAuth::new(other).with_check(SingleUse::new("x-other", waits));
            let layer = |auth: &RequestAuth| Layer::Auth(auth.clone());
            let (once, plain) = (&once, &plain);
            let optional = once.clone().optional();
            let inner = realm(once.clone(), "inner");
            [
                ("/one", vec![layer(once)]),
                ("/same", vec![layer(once), layer(once)]),
                ("/in-other-words", vec![layer(once), layer(&inner)]),
                ("/in-optional", vec![layer(&optional), layer(once)]),
                ("/three", vec![layer(once), layer(&optional), layer(&inner)]),
                ("/inside-alone", vec![layer(plain), layer(once)]),
                ("/outside-alone", vec![layer(once), layer(plain)]),
                ("/across", vec![layer(once), layer(plain), layer(&inner)]),
                ("/more", vec![layer(once), layer(&more)]),
                ("/less", vec![layer(&more), layer(once)]),
                ("/another", vec![layer(once), layer(&another)]),
                ("/other", vec![layer(once), layer(&other)]),
            ]
            .map(|(path, layers)| Route { path, layers, endpoint: Endpoint::Identity })
            .into()
        });
        let both = || Forged::new().claim("aud", serde_json::json!([AUDIENCE, INNER_AUDIENCE]));
        for (path, audience, fields) in [
            ("/one", AUDIENCE, &["x-once"][..]),
            ("/same", AUDIENCE, &["x-once"]),
            ("/in-other-words", AUDIENCE, &["x-once"]),
            ("/in-optional", AUDIENCE, &["x-once"]),
            ("/three", AUDIENCE, &["x-once"]),
            ("/inside-alone", AUDIENCE, &["x-once"]),
            ("/outside-alone", AUDIENCE, &["x-once"]),
            ("/across", AUDIENCE, &["x-once"]),
            ("/more", AUDIENCE, &["x-once", "x-more"]),
            ("/less", AUDIENCE, &["x-once", "x-more"]),
            ("/another", AUDIENCE, &["x-once", "x-another"]),
            ("/other", INNER_AUDIENCE, &["x-once", "x-other"]),
        ] {
            // A token for each path, for they share the check.
            let token = both().claim("jti", path).sign();
            let accepted = Expected::ok(identity_of("alice", audience));
            let accepted = fields.iter().fold(accepted, |all, name| all.with(name, "used"));
            let request = Request::get(path).bearer(&token);
            table.row(&format!("{path}, once"), &request, &accepted);
            // Whichever layer checks first refuses the second request.
            let refused = match path {
                "/less" => Expected::not_valid().realm("inner"),
                _ => Expected::not_valid(),
            };
            table.row(&format!("{path}, twice"), &request, &refused);
            table.row(&format!("{path}, thrice"), &request, &refused);
        }
        // Another path, and the same check.
        let token = both().claim("jti", "used inside").sign();
        let inside = Request::get("/inside-alone").bearer(&token);
        table.row("used", &inside, &Expected::ok(identity_of("alice", AUDIENCE)).with("x-once", "used"));
        let other = Request::get("/other").bearer(&token);
        table.row("used, another path", &other, &Expected::not_valid());
        table.finish(38);
    }
}

/// Refuses every token in a challenge of its own, at once or after a while.
struct Refusing {
    waits: bool,
}

impl Check for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let refusal = CheckRefusal::from(Reason::Revoked)
            .with_challenge(r#"DPoP error="use_dpop_nonce""#)
            .with_response_header("dpop-nonce", "n-2");
        match self.waits {
            true => CheckOutcome::Wait(Box::pin(async { Err(refusal) })),
            false => CheckOutcome::Refuse(refusal),
        }
    }
}

#[test]
fn what_a_check_promised_stands_on_the_refusal_of_a_later_one() {
    for (first_waits, then_waits) in [(false, false), (false, true), (true, false), (true, true)] {
        let table = Table::of_each("promised", || {
            let plain = RequestAuth::new(counted(AUDIENCE).0);
            let query = Carriers::builder().insecure_query_token("access_token").build().unwrap();
            let once = |header| SingleUse::new(header, first_waits);
            let refusing = || Refusing { waits: then_waits };
            let same = plain.clone().with_check(once("x-first")).with_check(refusing());
            let by_query = plain.clone().with_carriers(query).with_check(once("x-query"));
            let outer = plain.clone().with_check(once("x-outer"));
            let inner = plain.with_check(once("x-inner")).with_check(refusing());
            let layer = |auth: &RequestAuth| Layer::Auth(auth.clone());
            [
                ("/same", vec![layer(&same)]),
                ("/query", vec![layer(&by_query.with_check(refusing()))]),
                ("/nested", vec![layer(&outer), layer(&inner)]),
            ]
            .map(|(path, layers)| Route { path, layers, endpoint: Endpoint::Public })
            .into()
        });
        let token = alice();
        let refused =
            Expected::not_valid().challenge(r#"DPoP error="use_dpop_nonce""#).with("dpop-nonce", "n-2");
        let row =
            |path: &str, expected: Expected| table.row(path, &Request::get(path).bearer(&token), &expected);
        row("/same", refused.clone().with("x-first", "used"));
        // Refused by the first one, which promised nothing.
        row("/same", Expected::not_valid());
        row("/nested", refused.clone().with("x-outer", "used").with("x-inner", "used"));
        row("/query", refused.clone().with("x-query", "used"));
        let by_query = |token: &str| Request::get(&format!("/query?access_token={token}"));
        let fresh = good(|token| token.with_token_id("t-2"));
        let private = |expected: Expected| expected.with("cache-control", "private");
        table.row("/query", &by_query(&fresh), &private(refused.with("x-query", "used")));
        table.row("/query, used", &by_query(&fresh), &private(Expected::not_valid()));
        table.finish(6);
    }
}

fn identity_of(subject: &str, audience: &str) -> String {
    format!(r#"{{"sub":"{subject}","audience":"{audience}"}}"#)
}

#[test]
fn a_query_token_is_kept_out_of_shared_caches_once() {
    let (verifier, outer) = counted(AUDIENCE);
    let (other, inner) = counted(INNER_AUDIENCE);
    let query = || Carriers::builder().insecure_query_token("access_token").build().unwrap();
    let auth = RequestAuth::new(verifier.clone()).with_carriers(query());
    let (a, b) = (Layer::Auth(auth.clone()), Layer::Auth(realm(auth, "inner")));
    let c = Layer::Auth(RequestAuth::new(other).with_carriers(query()));
    let plain = Layer::Auth(RequestAuth::new(verifier).optional());
    let route = |path, layers: [&Layer; 2], endpoint| Route {
        path,
        layers: layers.map(Clone::clone).into(),
        endpoint,
    };
    let routes = [
        route("/same", [&a, &a], Endpoint::Public),
        route("/same-verifier", [&a, &b], Endpoint::Public),
        route("/other", [&a, &c], Endpoint::Public),
        route("/inside-alone", [&plain, &a], Endpoint::Public),
        route("/unstorable", [&a, &b], Endpoint::Unstorable),
    ];
    let nested = Nested { table: Table::new("nested query", &routes.into()), outer, inner };
    let both = Forged::new().claim("aud", serde_json::json!([AUDIENCE, INNER_AUDIENCE])).sign();
    let private = Expected::public().with("cache-control", "private");
    for (path, expected, checks) in [
        ("/same", &private, (1, 0)),
        ("/same-verifier", &private, (1, 0)),
        ("/other", &private, (1, 1)),
        ("/inside-alone", &private, (1, 0)),
        ("/unstorable", &private.clone().with("cache-control", "no-store"), (1, 0)),
    ] {
        let request = Request::get(&format!("{path}?access_token={both}"));
        nested.row(path, request, expected.clone(), checks);
    }
    nested.table.finish(5);
}
