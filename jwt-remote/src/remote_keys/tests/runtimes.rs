//! Sources whose runtime ends before them, or is kept and not driven.

use tokio::runtime::{Builder, Runtime};

use super::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Has the task of a runtime that nobody drives found out, with the next wish, that it is stuck.
async fn until_stuck(keys: &RemoteKeys) {
    keys.0.hub.wake();
    // Longer than the set is fresh, so that the next fetch is due as well.
    sleep(Duration::from_secs(700)).await;
}

/// As the runtimes of tests do, which share what is static.
#[test]
fn where_a_runtime_ends_before_its_sources_the_next_one_fetches() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let first = runtime();
    let keys = first.block_on(async { keys_from(&provider) });
    let verifier = verifier(&keys);
    // It ends with a fetch that was begun, and never polled.
    drop(first);
    assert!(!keys.has_keys());
    let second = runtime();
    second.block_on(async {
        // The fetch that was dropped has failed, and the source is left alone for a moment.
        sleep(Duration::from_secs(2)).await;
        assert_eq!(verdict(&verifier, &token(&old)).await, Ok(()));
        provider.answers(Answer::Keys(vec![new.clone()]));
        assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
    });
    assert!(verifier.verify(&token(&new)).is_ok(), "no runtime is needed to verify");
    drop(second);
    let refused = verifier.verify(&token(&new)).unwrap_err().reason();
    assert_eq!(refused, Reason::KeysUnavailable, "nobody keeps them fresh, or takes them away");
    assert_eq!(runtime().block_on(verdict(&verifier, &token(&new))), Ok(()));
}

#[test]
fn where_a_runtime_is_kept_and_nobody_drives_it_the_next_one_fetches() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let kept = runtime();
    let keys = kept.block_on(async {
        let keys = keys_from(&provider);
        keys.wait().await.unwrap();
        keys
    });
    let verifier = verifier(&keys);
    provider.answers(Answer::Keys(vec![new.clone()]));
    let second = runtime();
    second.block_on(async {
        // As one that is merely slow, at first.
        assert_eq!(verdict(&verifier, &token(&new)).await, Err(Reason::UnknownKey));
        assert!(verifier.verify(&token(&old)).is_ok());
        sleep(Duration::from_secs(11)).await;
        assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
        assert_eq!(verifier.verify(&token(&old)).map(drop).unwrap_err().reason(), Reason::UnknownKey);
    });
    let asked = provider.asked();
    // Should it be driven again after all, its task finds that it is no longer asked for.
    kept.block_on(async { sleep(Duration::from_secs(300)).await });
    assert_eq!(provider.asked(), asked);
    assert!(verifier.verify(&token(&new)).is_ok());
}

#[test]
fn what_was_promised_before_a_task_was_lost_is_one_fetch() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old]));
    let kept = runtime();
    let keys = kept.block_on(async { keys_of(&provider).await });
    let verifier = verifier(&keys);
    let gate = Arc::new(Notify::new());
    provider.answers(Answer::Gated(vec![new.clone()], Arc::clone(&gate)));
    runtime().block_on(async {
        until_stuck(&keys).await;
        let token = token(&new);
        let (verdict, ()) = tokio::join!(verdict(&verifier, &token), async {
            for _ in 0..10 {
                sleep(Duration::from_millis(100)).await;
                // The task comes round, and the fetch is still under way.
                keys.0.hub.wake();
            }
            assert_eq!(provider.asked(), 2);
            gate.notify_one();
        });
        assert_eq!((verdict, provider.asked()), (Ok(()), 2));
    });
}

#[test]
fn an_answer_that_a_lost_task_had_asked_for_is_not_believed() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let (kept, gate) = (runtime(), Arc::new(Notify::new()));
    let keys = kept.block_on(async {
        let keys = keys_of(&provider).await;
        // A refresh is under way when nobody drives it any more.
        let older = vec![old.clone(), key("older")];
        provider.answers(Answer::Gated(older, Arc::clone(&gate)));
        let hint = RefreshHint::unknown_key(Some("other"), Algorithm::ES256);
        let Grant::Fetch(_) = keys.refresh().request(hint) else { panic!("refused") };
        sleep(Duration::from_millis(100)).await;
        keys
    });
    assert_eq!(provider.asked(), 2);
    // Its answer is there, and will be read before the task learns that it is given up.
    gate.notify_one();
    provider.answers(Answer::Keys(vec![new.clone()]));
    let verifier = verifier(&keys);
    let second = runtime();
    second.block_on(async {
        until_stuck(&keys).await;
        assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
    });
    kept.block_on(async { sleep(Duration::from_millis(1)).await });
    assert!(verifier.verify(&token(&new)).is_ok(), "the older answer took its place");
    assert_eq!(verifier.verify(&token(&old)).map(drop).unwrap_err().reason(), Reason::UnknownKey);
    assert_eq!((keys.status().failures, provider.asked()), (0, 3));
}

/// With the first set.
async fn keys_of(provider: &Provider) -> RemoteKeys {
    let keys = keys_from(provider);
    keys.wait().await.unwrap();
    keys
}
