//! Keys that are given up at a word.

use super::*;

/// Metadata that lead to the keys of a provider.
const METADATA: &str = r#"{"issuer":"https://id","jwks_uri":"https://id/jwks"}"#;

fn held(verifier: &Verifier, token: &str) -> Result<(), Reason> {
    verifier.verify(token).map(drop).map_err(|error| error.reason())
}

#[tokio::test(start_paused = true)]
async fn what_is_purged_verifies_nothing_from_that_moment_and_is_fetched_anew() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let keys = keys_from(&provider);
    keys.wait().await.unwrap();
    let verifier = verifier(&keys);
    let (of_old, of_new) = (token(&old), token(&new));
    assert_eq!(held(&verifier, &of_old), Ok(()));

    provider.answers(Answer::Keys(vec![new]));
    keys.purge();
    assert_eq!(held(&verifier, &of_old), Err(Reason::KeysUnavailable));
    let status = keys.status();
    assert!(!status.has_keys && status.age.is_none(), "{status:?}");
    // Whoever comes waits for the one fetch.
    assert_eq!(verdict(&verifier, &of_new).await, Ok(()));
    assert_eq!(held(&verifier, &of_old), Err(Reason::UnknownKey));
    assert_eq!(provider.asked(), 2);

    // The same set again is a new one: nothing is compared with what was given up.
    keys.purge();
    keys.wait().await.unwrap();
    assert_eq!((held(&verifier, &of_new), provider.asked()), (Ok(()), 3));
}

#[tokio::test(start_paused = true)]
async fn after_a_purge_a_failing_provider_leaves_nothing_that_verifies() {
    let old = key("old");
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let keys = keys_from(&provider);
    keys.wait().await.unwrap();
    let (verifier, token) = (verifier(&keys), token(&old));
    provider.answers(Answer::Status(500));
    keys.purge();
    assert_eq!(keys.wait().await.unwrap_err().code(), "status");
    for _ in 0..24 {
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(verdict(&verifier, &token).await, Err(Reason::KeysUnavailable));
    }
    // Also while it fails, a purge has it asked at once.
    let asked = provider.asked();
    keys.purge();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(provider.asked(), asked + 1);
    provider.answers(Answer::Keys(vec![old]));
    sleep(Duration::from_secs(61)).await;
    assert_eq!(verdict(&verifier, &token).await, Ok(()), "it recovers by itself");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_was_under_way_at_a_purge_is_not_believed() {
    let (old, new) = (key("old"), key("new"));
    let gate = Arc::new(Notify::new());
    let provider = Provider::with(Answer::Gated(vec![old.clone()], Arc::clone(&gate)));
    let keys = keys_from(&provider);
    let verifier = verifier(&keys);
    sleep(Duration::from_millis(100)).await;
    provider.answers(Answer::Keys(vec![new.clone()]));
    keys.purge();
    assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
    gate.notify_one();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(held(&verifier, &token(&new)), Ok(()));
    assert_eq!(held(&verifier, &token(&old)), Err(Reason::UnknownKey));
    assert_eq!(provider.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_an_issuer_has_its_metadata_read_again() {
    /// Serves metadata, and keys at whichever address.
    struct Issuer(Provider, Arc<AtomicUsize>);
    impl HttpClient for Issuer {
        fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
            if !request.url.contains("/.well-known/") {
                return self.0.send(request);
            }
            self.1.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(HttpResponse::new(200, Vec::new(), METADATA.into())) })
        }
    }
    let (provider, read) = (Provider::with(Answer::Keys(vec![key("a")])), Arc::default());
    let remote = Remote::with_client(Issuer(provider.clone(), Arc::clone(&read)));
    let issuer = crate::Oidc::issuer("https://id").with_audience("api").with_remote(&remote);
    let issuer = issuer.discover().await.unwrap();
    provider.answers(Answer::Status(500));
    issuer.purge();
    assert!(!issuer.has_keys());
    assert_eq!(issuer.wait().await.unwrap_err().code(), "status");
    assert_eq!(read.load(Ordering::SeqCst), 2);
}
