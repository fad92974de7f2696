//! Tokens whose runtime ends before them, or is kept and not driven.

use core::future::poll_fn;
use core::task::Poll;

use tokio::runtime::{Builder, Runtime};

use super::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// As the runtimes of tests do, which share what is static.
#[test]
fn where_a_runtime_ends_before_the_token_the_next_one_fetches() {
    let server = Server::with(Reply::Tokens(60));
    let first = runtime();
    let token = first.block_on(builder(&server).fetch()).unwrap();
    drop(first);
    assert!(token.held().is_some(), "it serves to its end, which needs nobody");
    runtime().block_on(async {
        sleep(seconds(60)).await;
        assert!(token.token().await.is_ok());
        // And is renewed ahead of its end from then on.
        sleep(seconds(600)).await;
        assert!(token.held().is_some());
    });
}

/// How far the first caller's request gets before its runtime is left alone.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The caller was polled once, and nothing else was.
    Polled,
    /// The server was asked, and has not answered.
    Asked,
}

/// A token for which one caller waits, in a runtime that was driven up to there.
fn left_at(stage: Stage, server: &Server) -> (Runtime, ServiceToken) {
    let runtime = runtime();
    let token = runtime.block_on(async {
        let token = started(server);
        {
            let mut caller = Box::pin(token.token());
            poll_fn(|context| {
                assert!(caller.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            if let Stage::Asked = stage {
                sleep(Duration::from_millis(10)).await;
            }
        }
        token
    });
    (runtime, token)
}

/// Asks again and again, as requests come in; a minute at most.
async fn until(token: &ServiceToken, wanted: impl Fn(&str) -> bool) -> String {
    let asking = async {
        loop {
            match text(token).await {
                Ok(text) if wanted(&text) => return text,
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    };
    timeout(seconds(60), asking).await.expect("callers wait for a request that nobody goes on with")
}

#[test]
fn a_request_whose_runtime_is_not_driven_any_more_is_made_again_by_the_next_one() {
    for (stage, asked) in [(Stage::Polled, 0), (Stage::Asked, 1)] {
        let server = Server::with(Reply::Tokens(600));
        let (kept, token) = left_at(stage, &server);
        assert_eq!(server.asked(), asked, "{stage:?}");
        let again = format!("t{}", asked + 1);
        runtime().block_on(async {
            let before = Instant::now();
            assert_eq!(until(&token, |_| true).await, again, "{stage:?}");
            assert!(before.elapsed() < seconds(14), "{stage:?}: {:?}", before.elapsed());
            // It was one request, and the token is renewed ahead of its end.
            sleep(seconds(2)).await;
            assert_eq!((text(&token).await, server.asked()), (Ok(again.clone()), asked + 1), "{stage:?}");
        });
        // Should it be driven again after all, what it had asked for is not believed, and it asks for nothing more.
        kept.block_on(async { sleep(seconds(300)).await });
        assert_eq!(server.asked(), asked + 1, "{stage:?}");
        let held = token.held().map(|held| held.as_str().to_owned());
        assert_eq!((held, token.status().failures), (Some(again), 0), "{stage:?}");
    }
}

#[test]
fn a_request_whose_runtime_has_ended_is_made_again_by_the_next_one() {
    for stage in [Stage::Polled, Stage::Asked] {
        let server = Server::with(Reply::Tokens(600));
        let (ended, token) = left_at(stage, &server);
        drop(ended);
        runtime().block_on(async {
            let before = Instant::now();
            until(&token, |_| true).await;
            // It may count as a failure, after which the server is left alone for a moment.
            assert!(before.elapsed() < seconds(2), "{stage:?}: {:?}", before.elapsed());
        });
    }
}

#[test]
fn a_renewal_after_a_refusal_is_made_again_too() {
    let server = Server::with(Reply::Tokens(3_600));
    let kept = runtime();
    let token = kept.block_on(async {
        let token = builder(&server).fetch().await.unwrap();
        token.invalidate(&token.token().await.unwrap());
        sleep(Duration::from_millis(10)).await;
        token
    });
    assert_eq!(server.asked(), 2);
    runtime().block_on(async {
        assert_eq!(text(&token).await, ok("t1"), "better than none");
        let before = Instant::now();
        assert_eq!(until(&token, |text| text != "t1").await, "t3");
        assert!(before.elapsed() < seconds(14), "{:?}", before.elapsed());
    });
}
