//! What other crates build on the traits of the core: introspection, either of two authorities, a
//! proof of possession, revocation in a store, a source of keys. Small, but whole.

use core::task::{Context, Poll, Waker};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use jwt_core::keys::{Grant, Live, LiveWriter, Refresh, RefreshHint};
use jwt_core::request::{Field, RequestFacts, SimpleHead};
use jwt_core::{
    Algorithm, BoxFuture, Check, CheckOutcome, CheckRefusal, Clock, Decision, Evidence, Issuer, KeySet,
    ManualClock, Passed, Presented, Proceed, Reason, Refusal, RequestAuth, SigningKey, Step, TokenAuthority,
    TokenError, Verdict, Verified, Verifier, danger,
};

const NOW: u64 = 1_800_000_000;

/// Something elsewhere that is asked about a text, and may be down.
type Remote<T> = Arc<dyn Fn(&str) -> Result<T, ()> + Send + Sync>;

/// RFC 7662: asks an endpoint, here a function.
struct Introspection {
    endpoint: Remote<String>,
    clock: ManualClock,
}

impl TokenAuthority for Introspection {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        let (endpoint, now) = (self.endpoint.clone(), self.clock.now());
        let (token, proofs) = (presented.token().to_owned(), presented.proofs().to_vec());
        Verdict::Wait(Box::pin(async move {
            let answer = endpoint(&token).map_err(|()| TokenError::new(Reason::StoreUnavailable))?;
            let evidence = Evidence::introspection("https://id.example/introspect");
            let verified = danger::assert_verified("https://id.example/", answer.into_bytes(), evidence)?;
            if verified.claim::<bool>("active")? != Some(true) {
                return Err(Reason::Inactive.into());
            }
            if verified.expires_at().is_some_and(|exp| exp.as_duration() <= now) {
                return Err(Reason::Expired.into());
            }
            if verified.is_sender_constrained() && proofs.is_empty() {
                return Err(Reason::SenderConstraint.into());
            }
            Ok(verified)
        }))
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| Arc::ptr_eq(&self.endpoint, &other.endpoint))
    }
}

/// JWTs by their signature, anything else by introspection.
struct Either(Verifier, Introspection);

impl TokenAuthority for Either {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        match presented.token().split('.').count() {
            3 => TokenAuthority::verify(&self.0, presented),
            _ => self.1.verify(presented),
        }
    }

    fn now(&self) -> Duration {
        self.1.now()
    }
}

/// The skeleton of RFC 9449: a proof that names the token, a nonce, a challenge of its own.
struct Possession;

impl Check for Possession {
    fn name(&self) -> &'static str {
        "possession"
    }

    fn proves(&self) -> &'static [&'static str] {
        &["jkt"]
    }

    fn check(&self, verified: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome {
        if !verified.is_sender_constrained() {
            return CheckOutcome::pass();
        }
        let proof = format!("{} {} {}", facts.method(), facts.path(), facts.token());
        match facts.field("dpop") {
            Field::One(value) if value == proof.as_bytes() => {
                CheckOutcome::Pass(Passed::default().with_response_header("DPoP-Nonce", "n2"))
            }
            _ => CheckOutcome::Refuse(
                CheckRefusal::from(Reason::SenderConstraint)
                    .with_challenge("DPoP algs=\"ES256\", error=\"use_dpop_nonce\"")
                    .with_response_header("DPoP-Nonce", "n1"),
            ),
        }
    }
}

/// Asks a store, which may be down.
struct Revocation(Remote<bool>);

impl Check for Revocation {
    fn name(&self) -> &'static str {
        "revocation"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let (verified, store) = (verified.clone(), self.0.clone());
        CheckOutcome::Wait(Box::pin(async move {
            match verified.token_id().map(|id| store(id)) {
                Some(Ok(false)) => Ok(Passed::default()),
                Some(Ok(true)) | None => Err(Reason::Revoked.into()),
                Some(Err(())) => Err(Reason::StoreUnavailable.into()),
            }
        }))
    }
}

/// Brings one key, once; then says that too many wait.
struct Fetcher(Arc<LiveWriter>, KeySet);

impl Refresh for Fetcher {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        let (writer, keys) = (self.0.clone(), self.1.clone());
        match hint {
            RefreshHint::NoKeys => Grant::Fetch(Box::pin(async move { writer.replace(keys) })),
            _ => Grant::Overloaded,
        }
    }
}

fn run(step: Step) -> Result<Proceed, Refusal> {
    let decision = match step {
        Step::Decided(decision) => decision,
        Step::Wait(future) => now_or_never(future),
    };
    match decision {
        Decision::Proceed(proceed) => Ok(proceed),
        Decision::Refuse(refusal) => Err(refusal),
    }
}

fn now_or_never<T>(mut future: BoxFuture<'_, T>) -> T {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("still waiting"),
    }
}

fn issuer(key: &SigningKey) -> Issuer {
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build();
    issuer.unwrap().with_clock(ManualClock::at(NOW))
}

fn verifier(key: &SigningKey) -> Verifier {
    let verifier = Verifier::builder().with_key(key).with_audience("api").with_issuer("id").build().unwrap();
    verifier.with_clock(ManualClock::at(NOW))
}

fn bearer(token: &str) -> SimpleHead {
    SimpleHead::get("/me").with_field("authorization", format!("Bearer {token}"))
}

#[test]
fn opaque_tokens_and_jwts_go_through_one_layer() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let introspection = Introspection {
        endpoint: Arc::new(|token| match token {
            "good" => Ok(format!(r#"{{"active":true,"sub":"bob","scope":"read","exp":{}}}"#, NOW + 60)),
            "late" => Ok(format!(r#"{{"active":true,"sub":"bob","exp":{NOW}}}"#)),
            "down" => Err(()),
            _ => Ok(r#"{"active":false}"#.to_owned()),
        }),
        clock: ManualClock::at(NOW),
    };
    let auth = RequestAuth::new(Either(verifier(&key), introspection));
    let subject = |token: &str| {
        run(auth.decide(&bearer(token), None))
            .map(|proceed| {
                proceed.authentication.verified().unwrap().claim::<String>("sub").unwrap().unwrap()
            })
            .map_err(|refusal| (refusal.status(), refusal.reason()))
    };
    let jwt = issuer(&key).token().with_subject("alice").sign().unwrap();
    assert_eq!(subject(&jwt), Ok("alice".to_owned()));
    assert_eq!(subject("good"), Ok("bob".to_owned()));
    assert_eq!(subject("late"), Err((401, Reason::Expired)));
    assert_eq!(subject("bad"), Err((401, Reason::Inactive)));
    assert_eq!(subject("down"), Err((503, Reason::StoreUnavailable)));
}

#[test]
fn possession_and_revocation_are_checks() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = issuer(&key);
    let bound = issuer.token().with_token_id("t1").with_claim("cnf", &serde_json::json!({"jkt": "x"}));
    let token = bound.sign().unwrap();
    let with = |store: fn(&str) -> Result<bool, ()>| {
        RequestAuth::new(verifier(&key)).with_check(Revocation(Arc::new(store))).with_check(Possession)
    };
    let proved = bearer(&token).with_field("dpop", format!("GET /me {token}"));

    let proceed = run(with(|_| Ok(false)).decide(&proved, None)).unwrap();
    assert_eq!(proceed.response_headers.iter().map(|header| header.name).collect::<Vec<_>>(), ["DPoP-Nonce"]);

    let refusal = run(with(|_| Ok(false)).decide(&bearer(&token), None)).unwrap_err();
    let challenges: Vec<&str> = refusal.challenges().collect();
    assert_eq!(challenges, ["DPoP algs=\"ES256\", error=\"use_dpop_nonce\""]);

    let revoked = run(with(|_| Ok(true)).decide(&proved, None)).unwrap_err();
    assert_eq!((revoked.status(), revoked.reason()), (401, Reason::Revoked));
    assert!(revoked.response_headers().iter().any(|header| header.value == "n2"), "the nonce is kept");

    let down = run(with(|_| Err(())).decide(&proved, None)).unwrap_err();
    assert_eq!((down.status(), down.retry_after(), down.challenges().count()), (503, Some(5), 0));
}

#[test]
fn keys_are_fetched_by_whoever_is_asked() {
    let (first, second) =
        (SigningKey::generate(Algorithm::ES256).unwrap(), SigningKey::generate(Algorithm::ES256).unwrap());
    let (live, writer) = Live::new();
    let keys = KeySet::new([first.verifying_key()]).unwrap();
    let verifier = Verifier::builder()
        .with_live_keys(live)
        .with_refresh(Fetcher(Arc::new(writer), keys))
        .with_audience("api")
        .with_issuer("id")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW));
    let fresh = |key: &SigningKey| {
        let token = issuer(key).token().sign().unwrap();
        now_or_never(Box::pin(async { verifier.verify_fresh(&token).await })).map_err(|error| error.reason())
    };
    assert!(fresh(&first).is_ok());
    assert_eq!(fresh(&second).err(), Some(Reason::KeysUnavailable), "overloaded");
}
