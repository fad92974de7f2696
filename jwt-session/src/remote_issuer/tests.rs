use jwt_core::{Algorithm, SigningKey, Verifier};

use super::*;
use crate::{MemoryStore, NewSession, Refresh, SessionError, Sessions};

/// Signs after a while, by a key that may be another one than is said.
struct Slow {
    key: SigningKey,
    takes: Duration,
    fails: bool,
}

impl Signer for Slow {
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            if self.fails {
                return Err(SignError::new("the module is offline"));
            }
            let mut signature = Vec::new();
            self.key.sign(message, &mut signature).map(|()| signature)
        })
    }
}

/// Two seconds, as long as a module may take.
fn slow(key: &SigningKey) -> Slow {
    Slow { key: key.clone(), takes: Duration::from_secs(2), fails: false }
}

fn world(signer: impl FnOnce(&SigningKey) -> Slow) -> (RemoteIssuer, Verifier) {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(SigningKey::remote(key.verifying_key()));
    let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    (RemoteIssuer::new(issuer, signer(&key)), verifier.build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_signer_that_takes_two_seconds_signs_and_holds_nobody_up() {
    let (issuer, verifier) = world(slow);
    let begin = tokio::time::Instant::now();
    let many = (0..20).map(|n| {
        let issuer = issuer.clone();
        tokio::spawn(async move { issuer.sign(issuer.token().with_subject(&n.to_string())).await })
    });
    for (n, token) in many.collect::<Vec<_>>().into_iter().enumerate() {
        let token = token.await.unwrap().unwrap();
        assert_eq!(verifier.verify(&token).unwrap().subject(), Some(n.to_string().as_str()));
    }
    assert_eq!(begin.elapsed(), Duration::from_secs(2), "all of them wait side by side");
}

#[tokio::test(start_paused = true)]
async fn a_signer_that_is_too_slow_or_fails_is_unavailable() {
    let (issuer, _) = world(|key| Slow { takes: Duration::from_secs(3_600), ..slow(key) });
    let begin = tokio::time::Instant::now();
    let error = issuer.sign(issuer.token()).await.unwrap_err();
    assert_eq!(error.code(), "signer_too_slow");
    assert_eq!(error.to_string(), "the signer did not answer within 5000 ms");
    assert!(error.is_unavailable() && begin.elapsed() == Duration::from_secs(5));
    // No patience is longer than a minute.
    let issuer = issuer.with_patience(Duration::MAX);
    assert!(issuer.sign(issuer.token()).await.is_err());
    assert_eq!(begin.elapsed(), Duration::from_secs(65));

    let (issuer, _) = world(|key| Slow { fails: true, ..slow(key) });
    let error = issuer.sign(issuer.token()).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("signer_unavailable", "the signer failed"));
    assert!(error.is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_too_many_wait_is_told_at_once() {
    let (issuer, _) = world(slow);
    let issuer = issuer.with_most_waiting(1);
    let (first, second) = tokio::join!(issuer.sign(issuer.token()), issuer.sign(issuer.token()));
    assert!(first.is_ok());
    let error = second.unwrap_err();
    assert_eq!(error.code(), "signer_overloaded");
    assert_eq!(error.to_string(), "too many signatures are waited for already");
    assert!(error.is_unavailable());
    // A place is free again, also where who waited has gone.
    assert!(tokio::time::timeout(Duration::from_secs(1), issuer.sign(issuer.token())).await.is_err());
    assert!(issuer.sign(issuer.token()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_issued_asks_nobody_and_a_wrong_signature_is_noticed() {
    let (issuer, _) = world(slow);
    let begin = tokio::time::Instant::now();
    let error = issuer.sign(issuer.token().with_claim("exp", &1)).await.unwrap_err();
    assert_eq!((error.code(), begin.elapsed()), ("registered_claim", Duration::ZERO));
    assert!(!error.is_unavailable());

    let (issuer, _) = world(|_| slow(&SigningKey::generate(Algorithm::ES256).unwrap()));
    let error = issuer.sign(issuer.token()).await.unwrap_err();
    assert_eq!(error.code(), "signer");
    assert!(!error.is_unavailable());
}

#[tokio::test(start_paused = true)]
async fn sessions_are_signed_elsewhere_as_well() {
    let (issuer, verifier) = world(slow);
    let sessions = Sessions::builder(issuer, MemoryStore::new()).open().await.unwrap();
    let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
    let next = sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
    assert_eq!(verifier.verify(next.access_token()).unwrap().subject(), Some("alice"));

    // A failure to sign loses no session: within the grace the same token has the same successor.
    let (offline, _) = world(|key| Slow { fails: true, ..slow(key) });
    let sessions = Sessions::builder(offline, MemoryStore::new()).open().await.unwrap();
    let error = sessions.start(NewSession::of("alice")).await.unwrap_err();
    assert!(matches!(&error, SessionError::NotSigned(cause) if cause.is_unavailable()), "{error}");
    assert_eq!(error.code(), "signer_unavailable");
}
