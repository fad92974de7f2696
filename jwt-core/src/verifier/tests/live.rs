//! Keys in a cell, and what is asked for newer ones.

use super::*;

#[test]
fn keys_in_a_cell_may_come_late_change_and_go() {
    let (first, second) = (key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let (live, writer) = Live::new();
    let verifier =
        Verifier::builder().with_live_keys(live).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
    let sign = |key: &SigningKey| {
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .build()
            .unwrap();
        issuer.token().sign().unwrap()
    };
    let (one, two) = (sign(&first), sign(&second));
    let verdict = |token: &str| verifier.verify(token).map(|_| ()).map_err(|error| error.reason());
    assert_eq!(verdict(&one), Err(Reason::KeysUnavailable));
    // What is wrong with the header is told before keys are missed, and asks nobody for any.
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode("{}"));
    assert_eq!(verdict(&unsigned), Err(Reason::AlgorithmNotAllowed));
    // What no key could mend is the token's own fault, and nothing to fetch keys for.
    let headed = |header: &str| format!("{}{}", encode(header), one.get(one.find('.').unwrap()..).unwrap());
    for (header, expected) in [
        (r#"{"alg":"none"}"#, Reason::AlgorithmNotAllowed),
        (r#"{"alg":"ES256","crit":["x"],"x":1}"#, Reason::CriticalExtension),
        (r#"{"alg":"ES256","cty":"JWT"}"#, Reason::Nested),
        (r#"{"alg":"ES256","typ":"logout+jwt"}"#, Reason::WrongType),
    ] {
        assert_eq!(verdict(&headed(header)), Err(expected), "{header}");
    }
    writer.replace(set(&first));
    assert_eq!((verdict(&one), verdict(&two)), (Ok(()), Err(Reason::UnknownKey)));
    writer.replace(set(&second));
    assert_eq!((verdict(&one), verdict(&two)), (Err(Reason::UnknownKey), Ok(())));
    writer.clear();
    assert_eq!(verdict(&two), Err(Reason::KeysUnavailable));
}

/// Grants one fetch, which brings `keys`.
struct OneFetch {
    keys: KeySet,
    writer: Arc<crate::keys::LiveWriter>,
    asked: Arc<AtomicUsize>,
}

impl Refresh for OneFetch {
    fn request(&self, _: RefreshHint<'_>) -> Grant {
        if self.asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return Grant::Denied;
        }
        let (writer, keys) = (self.writer.clone(), self.keys.clone());
        Grant::Fetch(Box::pin(async move { writer.replace(keys) }))
    }
}

#[test]
fn live_keys_of_the_other_kind_are_an_error_of_construction() {
    let of = |algorithm| Live::holding(KeySet::new([key(algorithm).verifying_key()]).unwrap());
    let (public, secret) = (of(Algorithm::ES256), of(Algorithm::HS256));
    let keys = |live: &Live| Verifier::builder().with_live_keys(live.clone());
    let secrets = |live: &Live| Verifier::builder().with_live_secrets(live.clone());
    for (builder, refusal) in [
        (keys(&public), None),
        (secrets(&secret), None),
        (secrets(&Live::new().0), None),
        (keys(&secret), Some("the live keys are for HS256: `with_live_secrets` takes them")),
        (secrets(&public), Some("the live keys are for ES256: `with_live_keys` takes them")),
    ] {
        let built = builder.with_audience(AUDIENCE).with_issuer(ISSUER).build();
        let error = built.err();
        assert_eq!(error.as_ref().map(ToString::to_string).as_deref(), refusal);
        assert!(error.is_none_or(|error| error.code() == "live_keys_of_other_kind"));
    }
    // The same of algorithms, where the cell is still empty.
    let code = |builder: AuthorityBuilder<authority::NeedsAudience>, algorithm| {
        let built = builder.with_audience(AUDIENCE).with_issuer(ISSUER).with_algorithms([algorithm]).build();
        built.err().map(|error| error.code())
    };
    let empty = Live::new().0;
    assert_eq!(code(keys(&empty), Algorithm::ES256), None);
    assert_eq!(code(keys(&empty), Algorithm::HS256), Some("symmetric_algorithm"));
    assert_eq!(code(secrets(&empty), Algorithm::HS256), None);
    assert_eq!(code(secrets(&empty), Algorithm::ES256), Some("algorithm_without_key"));
}

#[test]
fn a_granted_fetch_is_waited_for_once_and_only_for_a_key_that_is_missing() {
    let (old, new, other) = (key(Algorithm::ES256), key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let (live, writer) = Live::new();
    writer.replace(set(&old));
    let asked = Arc::new(AtomicUsize::new(0));
    let refresh = OneFetch { keys: set(&new), writer: Arc::new(writer), asked: asked.clone() };
    let verifier = Verifier::builder()
        .with_live_keys(live)
        .with_refresh(refresh)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build()
        .unwrap();
    let sign = |key: &SigningKey| {
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .build()
            .unwrap();
        issuer.token().sign().unwrap()
    };
    let is_wait =
        |token: &str| matches!(TokenAuthority::verify(&verifier, &Presented::new(token)), Verdict::Wait(_));
    // A bad signature under a known key asks for nothing, nor does a token of a known key.
    let good = sign(&old);
    let mut forged = good.clone();
    forged.replace_range(good.len() - 8.., "AAAAAAAA");
    assert!(!is_wait(&good) && !is_wait(&forged));
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    let waiting = TokenAuthority::verify(&verifier, &Presented::new(&sign(&new)));
    let Verdict::Wait(verdict) = waiting else { panic!("not granted") };
    assert!(poll_once(verdict).unwrap().is_ok());
    // The grant is used up.
    let refused = poll_once(Box::pin(async { verifier.verify_fresh(&sign(&other)).await })).unwrap();
    assert_eq!(refused.unwrap_err().reason(), Reason::UnknownKey);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn expectations_of_a_call_hold_after_its_wait_too() {
    let (old, new) = (key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let issuer = crate::Issuer::builder().with_key(new.clone()).with_audience(AUDIENCE).with_issuer(ISSUER);
    let issuer = issuer.with_profile(Profile::IdToken).build().unwrap();
    let token = issuer.token().with_subject("alice").with_claim("nonce", "n-1").sign().unwrap();
    for (nonce, expected) in [("n-1", None), ("n-2", Some(Reason::WrongNonce))] {
        let (live, writer) = Live::new();
        writer.replace(set(&old));
        let asked = Arc::new(AtomicUsize::new(0));
        let refresh = OneFetch { keys: set(&new), writer: Arc::new(writer), asked: asked.clone() };
        let authority = Verifier::builder().with_live_keys(live).with_refresh(refresh);
        let authority = authority.with_audience(AUDIENCE).with_issuer(ISSUER);
        let verifier = authority.with_profile(Profile::IdToken).build().unwrap();
        let expected_nonce = Expected::new().with_nonce(nonce);
        let verdict = Box::pin(verifier.verify_fresh_with(&token, &expected_nonce));
        let reason = poll_once(verdict).unwrap().err().map(|error| error.reason());
        assert_eq!(reason, expected, "{nonce}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{nonce}");
    }
}

fn poll_once<T>(mut future: BoxFuture<'_, T>) -> Option<T> {
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        core::task::Poll::Ready(value) => Some(value),
        core::task::Poll::Pending => None,
    }
}
