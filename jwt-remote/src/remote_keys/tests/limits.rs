//! What a fetch may take, and those who wait for it, where it is configured.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::*;
use crate::{FetchLimits, Oidc};

const SECOND: Duration = Duration::from_secs(1);

fn started(provider: &Provider, limits: FetchLimits) -> RemoteKeys {
    let remote = Remote::with_client(provider.clone());
    RemoteKeys::at("https://id/jwks").with_remote(&remote).with_fetch_limits(limits).start().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_fetch_ends_when_its_time_is_over() {
    for seconds in [1, 20] {
        let limits = FetchLimits::default().with_timeout(SECOND * seconds);
        let keys = started(&Provider::with(Answer::Never), limits.clone());
        let before = Instant::now();
        assert_eq!(keys.wait().await.unwrap_err().code(), "timeout");
        assert_eq!(before.elapsed(), SECOND * seconds);
        // Also where the start waits for it, which it does for as long as that.
        let remote = Remote::with_client(Provider::with(Answer::Never));
        let keys = RemoteKeys::at("https://id/jwks").with_remote(&remote).with_fetch_limits(limits);
        let before = Instant::now();
        assert_eq!(keys.fetch().await.unwrap_err().code(), "timeout");
        assert_eq!(before.elapsed(), SECOND * seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn no_longer_answer_is_read_than_is_allowed() {
    let provider = Provider::with(Answer::Keys((0..10).map(|n| key(&format!("k{n}"))).collect()));
    let keys = started(&provider, FetchLimits::default().with_most_bytes(1_024));
    assert_eq!(keys.wait().await.unwrap_err().code(), "too_long");
    provider.answers(Answer::Keys(vec![key("one")]));
    sleep(SECOND * 2).await;
    assert!(keys.has_keys());
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_as_long_and_as_many_as_is_allowed() {
    let limits = FetchLimits::default().with_wait(SECOND / 2).with_most_waiting(3);
    let keys = started(&Provider::with(Answer::Never), limits);
    let (verifier, token) = (verifier(&keys), token(&key("a")));
    let before = Instant::now();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(verdict(&verifier, &token))).collect();
    assert!(waiting.iter_mut().all(|request| request.now_or_never().is_none()));
    assert_eq!(verdict(&verifier, &token).now_or_never(), Some(Err(Reason::KeysUnavailable)), "no room");
    assert_eq!(join_all(waiting).await, vec![Err(Reason::KeysUnavailable); 3]);
    assert_eq!(before.elapsed(), SECOND / 2);
}

#[tokio::test(start_paused = true)]
async fn freshness_is_what_is_configured() {
    for (said, most) in [("public", 30), ("max-age=1", 20), ("max-age=3600", 40)] {
        let limits = FetchLimits::default().with_freshness(SECOND * 30, SECOND * 20..=SECOND * 40);
        let provider = Provider::with(Answer::FreshKeys(vec![key("a")], said));
        let keys = started(&provider, limits);
        keys.wait().await.unwrap();
        // It falls due between 72 and 88 per cent of it.
        sleep(SECOND * most * 70 / 100).await;
        assert_eq!(provider.asked(), 1, "{said}");
        sleep(SECOND * most * 19 / 100).await;
        assert_eq!(provider.asked(), 2, "{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_to_is_refused_at_the_start_of_whatever_has_keys() {
    let never = FetchLimits::default().with_timeout(Duration::ZERO);
    let remote = Remote::with_client(Provider::with(Answer::Never));
    let keys = RemoteKeys::at("https://id/jwks").with_remote(&remote).with_fetch_limits(never.clone());
    let issuer = Oidc::issuer("https://id").with_audience("api").with_remote(&remote);
    let tenants = Oidc::tenants("https://id.example.com/{tenant}").with_audience("api").allow(["a"]);
    for error in [
        keys.start().unwrap_err(),
        issuer.with_fetch_limits(never.clone()).start().unwrap_err(),
        tenants.with_remote(&remote).with_fetch_limits(never).start().unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "0ns is no time-out of a fetch: 100ms to 60s");
    }
}
