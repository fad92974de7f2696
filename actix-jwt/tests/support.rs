//! Keys, tokens, requests, and an authority that answers when it is told to.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Poll, Waker};
use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::test::{self, TestRequest};
use jwt_core::keys::Verify;
use jwt_core::{
    Algorithm, Issuer, Presented, SigningKey, TokenAuthority, TokenBuilder, Verdict, Verifier, VerifyingKey,
};

pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const ISSUER: &str = "https://id.example.com/";

/// The claims of most tests.
#[derive(serde::Deserialize)]
pub(crate) struct User {
    pub(crate) sub: String,
}

/// Another type for the same claims.
#[derive(serde::Deserialize)]
pub(crate) struct Expiry {
    pub(crate) exp: u64,
}

/// Claims that no token here has.
#[derive(serde::Deserialize)]
pub(crate) struct Tenant {
    #[expect(dead_code, reason = "never deserialised")]
    pub(crate) tenant: String,
}

/// An issuer, and what verifies its tokens.
pub(crate) struct House {
    pub(crate) issuer: Issuer,
    pub(crate) verifier: Verifier,
    /// How many signatures were checked.
    pub(crate) signatures: Arc<AtomicUsize>,
}

struct Counting {
    key: VerifyingKey,
    signatures: Arc<AtomicUsize>,
}

impl Verify for Counting {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signatures.fetch_add(1, Ordering::SeqCst);
        self.key.verify(message, signature)
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::of(ISSUER)
    }

    pub(crate) fn of(name: &'static str) -> Self {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let signatures = Arc::<AtomicUsize>::default();
        let counting = Counting { key: key.verifying_key(), signatures: signatures.clone() };
        let counting = VerifyingKey::custom(Algorithm::ES256, counting);
        let issuer =
            Issuer::builder().with_key(key).with_audience(AUDIENCE).with_issuer(name).build().unwrap();
        let verifier =
            Verifier::builder().with_key(counting).with_audience(AUDIENCE).with_issuer(name).build().unwrap();
        Self { issuer, verifier, signatures }
    }

    pub(crate) fn alice(&self) -> TokenBuilder<'_> {
        self.issuer.token().with_subject("alice")
    }

    pub(crate) fn token(&self) -> String {
        self.alice().sign().unwrap()
    }

    pub(crate) fn signatures_checked(&self) -> usize {
        self.signatures.load(Ordering::SeqCst)
    }
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

pub(crate) fn bearer(path: &str, token: &str) -> TestRequest {
    get(path).insert_header(("authorization", format!("Bearer {token}")))
}

/// A response as it goes onto the wire: status, fields in order of their names, body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) async fn of<B: MessageBody>(response: ServiceResponse<B>) -> Self {
        let status = response.status().as_u16();
        let mut fields: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
            .collect();
        fields.sort();
        let body = test::read_body(response).await;
        Self { status, fields, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request to an initialised service.
macro_rules! send {
    ($app:expr, $request:expr) => {
        $crate::support::Wire::of(actix_web::test::call_service(&$app, $request.to_request()).await).await
    };
}
pub(crate) use send;

/// Whether `future` must still wait, after one poll.
pub(crate) async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// What opens once.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        state.1.drain(..).for_each(Waker::wake);
    }

    pub(crate) async fn passed(self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// An authority that waits for a gate before it verifies.
pub(crate) struct Slow {
    pub(crate) verifier: Verifier,
    pub(crate) gate: Gate,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Slow {
    pub(crate) fn new(house: &House, gate: &Gate) -> Self {
        Self { verifier: house.verifier.clone(), gate: gate.clone(), asked: Arc::default() }
    }
}

impl TokenAuthority for Slow {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (verifier, gate) = (self.verifier.clone(), self.gate.clone());
        let token = presented.token().to_owned();
        Verdict::Wait(Box::pin(async move {
            gate.passed().await;
            verifier.verify(&token)
        }))
    }

    fn now(&self) -> Duration {
        self.verifier.now()
    }
}
