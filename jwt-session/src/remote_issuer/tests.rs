use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

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
    assert_eq!(error.to_string(), "too many signatures are under way already");
    assert!(error.is_unavailable());
    // Where who waited has gone, the place is free again when the work is done.
    assert!(tokio::time::timeout(Duration::from_secs(1), issuer.sign(issuer.token())).await.is_err());
    assert_eq!(issuer.sign(issuer.token()).await.unwrap_err().code(), "signer_overloaded");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(issuer.sign(issuer.token()).await.is_ok());
}

/// A module that blocks a thread until it is let go.
struct Hanging {
    key: SigningKey,
    gate: Arc<(Mutex<bool>, Condvar)>,
    running: Arc<AtomicUsize>,
}

impl Signer for Hanging {
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        let (key, message) = (self.key.clone(), message.to_vec());
        let (gate, running) = (self.gate.clone(), self.running.clone());
        running.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || {
                let is_shut = |is_open: &mut bool| !*is_open;
                drop(gate.1.wait_while(gate.0.lock().unwrap(), is_shut).unwrap());
                running.fetch_sub(1, Ordering::SeqCst);
                let mut signature = Vec::new();
                key.sign(&message, &mut signature).map(|()| signature)
            });
            work.await.map_err(SignError::new)?
        })
    }
}

/// Opens the gate, also where a test fails: else its threads would hang.
struct Opens(Arc<(Mutex<bool>, Condvar)>);

impl Drop for Opens {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

#[tokio::test(start_paused = true)]
async fn a_signer_that_hangs_keeps_its_places_and_no_more_and_is_used_again_once_it_answers() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let (gate, running) = (Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicUsize::new(0)));
    let issuer = Issuer::builder().with_key(SigningKey::remote(key.verifying_key()));
    let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
    let signer = Hanging { key, gate: gate.clone(), running: running.clone() };
    let opens = Opens(gate);
    let issuer = RemoteIssuer::new(issuer, signer).with_most_waiting(2);
    for round in 0..5 {
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let issuer = issuer.clone();
                tokio::spawn(async move { issuer.sign(issuer.token()).await.unwrap_err().code().to_owned() })
            })
            .collect();
        // A blocked thread holds up the paused time.
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(5)).await;
        let mut codes = Vec::new();
        for waiting in waiting {
            codes.push(waiting.await.unwrap());
        }
        let expected = if round == 0 {
            ["signer_too_slow", "signer_too_slow", "signer_overloaded"]
        } else {
            ["signer_overloaded"; 3]
        };
        assert_eq!(codes, expected, "round {round}");
        assert_eq!(running.load(Ordering::SeqCst), 2, "round {round}: of many, two are under way");
    }
    drop(opens);
    // The tasks that nobody waits for come to their end.
    while issuer.waiting.available_permits() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(issuer.sign(issuer.token()).await.is_ok());
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_signer_that_panics_is_unavailable_and_gives_its_place_back() {
    struct Panicking;
    impl Signer for Panicking {
        fn sign<'s>(&'s self, _: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
            Box::pin(async { panic!("as a module may") })
        }
    }
    let (issuer, _) = world(slow);
    let issuer = RemoteIssuer::new(issuer.issuer().clone(), Panicking).with_most_waiting(1);
    for _ in 0..2 {
        assert_eq!(issuer.sign(issuer.token()).await.unwrap_err().code(), "signer_unavailable");
    }
}

#[test]
fn without_a_runtime_nothing_is_signed_and_nothing_panics() {
    let (issuer, _) = world(slow);
    let mut asked = Box::pin(issuer.sign(issuer.token()));
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    let core::task::Poll::Ready(answer) = asked.as_mut().poll(&mut context) else {
        panic!("nobody is asked")
    };
    assert_eq!(answer.unwrap_err().code(), "signer_unavailable");
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
