//! A request asks what is revoked in memory, and no store: counted over sockets, in each framework.

#![allow(clippy::unwrap_used, reason = "what fails in here fails a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jwt_core::{Algorithm, HmacSecret, Issuer, RequestAuth, SigningKey, Verifier};
use jwt_session::jwt_core::keys::BoxFuture;
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError};
use jwt_session::{MemoryStore, NewSession, Refresh, Session, SessionId, Sessions};
use tests::routes::protected;
use tests::server::{Framework, TestServer};
use tests::wire::{Request, exchange};

const REQUESTS: usize = 1_000;

/// Counts whatever it is asked.
struct Counted {
    store: MemoryStore,
    calls: Arc<AtomicUsize>,
}

impl Counted {
    fn store(&self) -> &MemoryStore {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl SessionStore for Counted {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        self.store().transact(scope, change)
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        self.store().sessions(of, after, most)
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store().revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.store().remove_expired()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_makes_no_call_to_the_store() {
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let (issuer, verifier) = (issuer.build().unwrap(), verifier.build().unwrap());
    for framework in Framework::ALL {
        let calls = Arc::new(AtomicUsize::new(0));
        let store = Counted { store: MemoryStore::new(), calls: calls.clone() };
        // What is done beside requests is another matter.
        let sessions = Sessions::builder(issuer.clone(), store).without_upkeep().open().await.unwrap();
        let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
        let gone = sessions.start(NewSession::of("alice")).await.unwrap();
        sessions.end(gone.session()).await.unwrap();
        let auth = RequestAuth::new(verifier.clone()).with_check(sessions.revocations().clone());
        let server = TestServer::start(*framework, protected(&auth)).unwrap();
        let address = server.address();
        let asked = async |token: &str| {
            let request = Request::get("/me").bearer(token);
            tokio::task::spawn_blocking(move || exchange(address, &request).status).await.unwrap()
        };

        let before = calls.load(Ordering::Relaxed);
        assert!(before > 0, "{framework}: they are counted");
        for n in 0..REQUESTS {
            // Every other one of the session that was ended.
            let (token, status) = if n % 2 == 0 { (&tokens, 200) } else { (&gone, 401) };
            assert_eq!(asked(token.access_token()).await, status, "{framework}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), before, "{framework}: calls of {REQUESTS} requests");

        let next = sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
        // It is read, then written.
        assert_eq!(calls.load(Ordering::Relaxed), before + 2, "{framework}: a refresh is counted");
        assert_eq!(asked(next.access_token()).await, 200, "{framework}");
    }
}
