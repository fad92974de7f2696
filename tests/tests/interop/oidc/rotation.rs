//! New keys while requests run, and keys that are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::client::service_token;
use super::*;

/// What each of the users does more, before and after a change of keys.
const MORE: usize = 5;

/// Users who take a new token for each request, one for each algorithm, until they are stopped.
struct Users {
    stop: Arc<AtomicBool>,
    done: Arc<[AtomicUsize; ALGORITHMS.len()]>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Users {
    fn start(provider: &Arc<Provider>, user: &User) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done: Arc<[AtomicUsize; ALGORITHMS.len()]> = Arc::default();
        let tasks = ALGORITHMS.into_iter().enumerate().map(|(index, algorithm)| {
            let (provider, user) = (Arc::clone(provider), user.clone());
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let token = service_token(&provider, &format!("service-{algorithm}"), AUDIENCE).await;
                    let answer = user.present(&token).await;
                    if answer.status != 200 {
                        failed.push(format!("{algorithm}: {answer:?}"));
                    }
                    done[index].fetch_add(1, Ordering::Relaxed);
                }
                failed
            })
        });
        Self { tasks: tasks.collect(), stop, done }
    }

    /// Until each of them was answered some more times.
    async fn go_on(&self) {
        let before: Vec<usize> = self.done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
        until("requests", async || {
            let done = self.done.iter().map(|done| done.load(Ordering::Relaxed));
            done.zip(&before).all(|(done, before)| done >= before + MORE)
        })
        .await;
    }

    /// What failed.
    async fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for task in self.tasks {
            failed.extend(task.await.unwrap());
        }
        failed
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn no_request_fails_while_keys_rotate_and_a_key_that_is_gone_is_refused() {
    let provider = Arc::new(Provider::start().await);
    for framework in Framework::ALL {
        let oidc = service(&provider).discover().await.unwrap();
        let (_server, user) = protect(*framework, &oidc);
        let mut old = Vec::new();
        for algorithm in ALGORITHMS {
            old.push(service_token(&provider, &format!("service-{algorithm}"), AUDIENCE).await);
        }
        let asked = provider.requests("/jwks").await;

        // Published and signed by in the same moment, as hasty providers do it.
        let users = Users::start(&provider, &user);
        users.go_on().await;
        provider.ask("rotate").await;
        users.go_on().await;
        // The old keys are still published.
        for token in &old {
            assert_eq!(user.status(token).await, 200, "{framework}");
        }
        let failed = users.stop().await;
        assert_eq!(failed, [""; 0], "{framework}");
        assert_eq!(
            provider.requests("/jwks").await,
            asked + 1,
            "{framework}: one look for all of the new keys"
        );

        // Gone at the provider, and gone here as soon as its set is read again.
        provider.ask("drop").await;
        provider.ask("rotate").await;
        for algorithm in ALGORITHMS {
            let token = service_token(&provider, &format!("service-{algorithm}"), AUDIENCE).await;
            assert_eq!(user.status(&token).await, 200, "{framework} {algorithm}");
        }
        for token in &old {
            let answer = user.present(token).await;
            assert_eq!(answer.status, 401, "{framework}: {answer:?}");
            assert!(answer.challenge.unwrap().contains("invalid_token"), "{framework}");
        }
        assert_eq!(provider.requests("/jwks").await, asked + 2, "{framework}");
        assert_eq!(oidc.status().failures, 0, "{framework}");
    }
}
