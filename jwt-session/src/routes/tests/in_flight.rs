//! Attempts that are being checked: many at once, and those whose client goes away before it is answered.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::world::*;
use crate::routes::*;
use crate::{NewSession, SecurityEvent};

/// A check of a password that takes until it is let go, as if by a hash in a thread of its own.
#[derive(Clone)]
struct Gate(Arc<Gated>);

struct Gated {
    is_open: Semaphore,
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Gate {
    fn new() -> Self {
        let (begun, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Gated { is_open: Semaphore::new(0), begun, done }))
    }

    async fn pass(&self) {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        let _open = self.0.is_open.acquire().await.unwrap();
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets all go, and waits for those that have begun.
    async fn open(&self) {
        self.0.is_open.add_permits(1);
        until(|| self.0.done.load(Ordering::Relaxed) == self.begun()).await;
    }

    fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }
}

/// A name is its own password.
async fn gated_world(gate: &Gate) -> World {
    let (world, gate) = (world().await, gate.clone());
    let login = move |credentials: Credentials| {
        let gate = gate.clone();
        async move {
            gate.pass().await;
            let name = credentials.username();
            Ok::<_, LoginUnavailable>((credentials.password() == name).then(|| NewSession::of(name)))
        }
    };
    let routes = Routes::builder(world.sessions.clone(), world.auth.clone(), login);
    let routes = routes.with_tls_in_front().with_address(|_, peer| peer).build().unwrap();
    World { routes, ..world }
}

/// Lets other tasks run until it is so.
async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nobody goes on with it");
}

/// Polls a request once, as a server does, and drops it, as it does when the client resets the stream.
async fn abandon<F: Future>(request: F) {
    let mut request = Box::pin(request);
    core::future::poll_fn(|context| {
        assert!(request.as_mut().poll(context).is_pending());
        core::task::Poll::Ready(())
    })
    .await;
    drop(request);
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn a_right_password_among_many_guesses_at_once_is_told_no_more_than_it_would_be_in_a_row() {
    let gate = Gate::new();
    let world = gated_world(&gate).await;
    let guesses = (0..100).map(|n| guess(&world, "alice", if n == 50 { "alice" } else { "wrong" }));
    let let_go = async {
        until(|| gate.begun() == 100).await;
        // One after the other, in the order of their beginning.
        gate.open().await;
    };
    let (answers, ()) = tokio::join!(futures_of(guesses), let_go);
    assert_eq!(answers[50].status, 429);
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
}

#[tokio::test]
async fn guesses_that_are_given_up_hold_their_places_and_count_when_they_are_checked() {
    let gate = Gate::new();
    let world = gated_world(&gate).await;
    for _ in 0..500 {
        abandon(guess(&world, "alice", "wrong")).await;
    }
    assert_eq!(gate.begun(), 128, "as many as may be checked at a time");
    let busy = guess(&world, "alice", "alice").await;
    assert_eq!((busy.status, values(&busy, "retry-after")), (429, vec!["1"]));
    gate.open().await;
    let refused = guess(&world, "alice", "alice").await;
    assert_eq!((refused.status, values(&refused, "retry-after")), (429, vec!["60"]), "ten were wrong");
    assert_eq!(gate.begun(), 128);
    world.clock.advance(60);
    assert_eq!(guess(&world, "alice", "alice").await.status, 200);
}

#[tokio::test]
async fn a_right_password_whose_client_went_away_starts_its_session() {
    let gate = Gate::new();
    let world = gated_world(&gate).await;
    abandon(guess(&world, "alice", "alice")).await;
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    gate.open().await;
    until(|| world.events.lock().unwrap().iter().any(|it| matches!(it, SecurityEvent::Login { .. }))).await;
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
}

#[tokio::test]
async fn secrets_of_clients_that_are_given_up_count() {
    let (refresh, revoke) = ("grant_type=refresh_token&refresh_token=x&client_id=bff", "token=x");
    for (path, body) in [("/introspect", "token=x"), ("/revoke", revoke), ("/refresh", refresh)] {
        let gate = Gate::new();
        let check = gate.clone();
        let world = world_of(|builder| {
            builder.with_confidential_client("bff", Mode::Json).with_client_check(move |_| {
                let gate = check.clone();
                async move {
                    gate.pass().await;
                    Ok(false)
                }
            })
        })
        .await;
        let wrong = basic("bff", "wrong");
        let fields = [FORM, ("Authorization", &*wrong)];
        for _ in 0..10 {
            abandon(world.send("POST", path, &fields, body)).await;
        }
        gate.open().await;
        assert_eq!(world.send("POST", path, &fields, body).await.status, 429, "{path}");
        assert_eq!(gate.begun(), 10);
    }
}

#[tokio::test]
#[should_panic(expected = "of the application's")]
async fn a_panic_of_the_check_reaches_the_server() {
    let world = world().await;
    let login = |credentials: Credentials| async move {
        assert!(credentials.username().is_empty(), "a fault of the application's");
        Ok::<_, LoginUnavailable>(None::<NewSession>)
    };
    let routes = Routes::builder(world.sessions.clone(), world.auth.clone(), login);
    let routes = routes.with_tls_in_front().with_address(|_, peer| peer).build().unwrap();
    guess(&World { routes, ..world }, "alice", "x").await;
}

#[test]
fn without_a_runtime_an_attempt_is_made_as_far_as_it_is_polled() {
    let world = tokio::runtime::Runtime::new().unwrap().block_on(world());
    let head = jwt_core::request::SimpleHead::post("/login").with_field(JSON.0, JSON.1);
    let request = RouteRequest::new(&head).with_body(br#"{"username":"alice","password":"wrong"}"#);
    let mut answer = world.routes.handle(request);
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    let status = loop {
        if let core::task::Poll::Ready(response) = answer.as_mut().poll(&mut context) {
            break response.status;
        }
    };
    assert_eq!(status, 400);
}
