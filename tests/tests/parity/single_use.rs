//! Routes that take each token once.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use jwt_core::ManualClock;
use jwt_core::{BoxFuture, RequestAuth, Requirement};
use jwt_session::store::{ReplayStore, StoreError, StoreErrorKind, UseId};
use jwt_session::{MemoryStore, UsedTokens};
use tests::routes::{Endpoint, Layer, Route, Routes};
use tests::tokens::{Forged, NOW, good};
use tests::wire::{Request, exchange};

use super::{Expected, Table, rules};
use crate::attacks::twin;

const PAY: Requirement = Requirement::scope("pay");

fn once(auth: &RequestAuth, store: impl ReplayStore) -> RequestAuth {
    auth.clone().require_single_use(PAY, UsedTokens::on(store))
}

fn memory() -> MemoryStore {
    MemoryStore::new().with_clock(ManualClock::at(NOW))
}

/// `/pay` under rules of its own, `/nested` and `/twice` inside of those of the others, `/handle` by extractors alone,
/// `/me` for any number of uses.
fn routes(auth: &RequestAuth, store: impl ReplayStore) -> Routes {
    let once = once(auth, store);
    let (plain, single) = (Layer::Auth(auth.clone()), Layer::Auth(once.clone()));
    let route = |path, layers: &[&Layer]| Route {
        path,
        layers: layers.iter().copied().cloned().collect(),
        endpoint: Endpoint::Me,
    };
    let optional = Layer::Auth(once.clone().optional());
    [
        route("/pay", &[&single]),
        route("/nested", &[&plain, &single]),
        route("/twice", &[&single, &single]),
        route("/handle", &[&Layer::Handle(once)]),
        Route { endpoint: Endpoint::Optional, ..route("/optional", &[&optional]) },
        route("/me", &[&plain]),
    ]
    .into()
}

/// A token that no other row has used.
fn fresh(scope: &str) -> String {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let mut number = NUMBER.lock().unwrap();
    *number += 1;
    good(|token| token.with_scope(scope).with_token_id(format!("once-{number}")))
}

fn cookie(request: Request, token: &str) -> Request {
    request.with("Cookie", format!("__Host-access={token}"))
}

#[test]
fn each_token_is_taken_once() {
    let auth = rules(
        r#"sources = ["header", "cookie:__Host-access"]
        allow_preflight = true"#,
    );
    let table = Table::of_each("single use", || routes(&auth, memory()));
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    let used = |name: &str, path: &str, token: &str| {
        for _ in 0..2 {
            row(name, Request::post(path).bearer(token), Expected::not_valid());
        }
    };
    for path in ["/pay", "/nested", "/twice", "/handle"] {
        let token = fresh("pay");
        row(path, Request::get(path).bearer(&token), Expected::me(&token));
        used(path, path, &token);
        used("on another route of the same store", "/pay", &token);
        row("a route that does not count", Request::get("/me").bearer(&token), Expected::me(&token));

        // What is refused for another reason uses nothing up.
        row(path, Request::post(path), Expected::no_credentials());
        row(path, Request::post(path).bearer("a.b.c"), Expected::not_valid());
        let token = fresh("read");
        for _ in 0..2 {
            row(path, Request::post(path).bearer(&token), Expected::insufficient_scope(Some("pay")));
        }
        row("it was not used", Request::get("/me").bearer(&token), Expected::me(&token));

        let token = fresh("pay");
        let foreign = cookie(Request::post(path), &token).with("Sec-Fetch-Site", "cross-site");
        row("a foreign page", foreign, Expected::cross_origin());
        let two = cookie(Request::post(path).bearer(&token), &token);
        row("two carriers", two, Expected::invalid_request());
        let preflight = Request::new("OPTIONS", path)
            .with("Origin", "https://app.example.com")
            .with("Access-Control-Request-Method", "POST")
            .bearer(&token);
        row("a preflight", preflight, Expected::method_not_allowed("GET,HEAD,POST"));
        row(path, Request::post(path).bearer(&token), Expected::me(&token));
        // The same token stays used, in whatever clothes it comes.
        let ours = cookie(Request::post(path), &token).with("Sec-Fetch-Site", "same-origin");
        row("another carrier", ours, Expected::not_valid());
        row("the other signature", Request::post(path).bearer(&twin(&token)), Expected::not_valid());
    }
    row("nobody, where nobody is let in", Request::get("/optional"), Expected::no_credentials());
    let token = fresh("pay");
    row("optional", Request::get("/optional").bearer(&token), Expected::subject("alice"));
    used("optional", "/pay", &token);

    // By the methods that a route does not have, too: the layer stands before the router of methods.
    let token = fresh("pay");
    let delete = Request::new("DELETE", "/pay").bearer(&token);
    row("another method", delete, Expected::method_not_allowed("GET,HEAD,POST"));
    used("another method", "/pay", &token);

    for (name, nameless) in [
        ("no jti", Forged::new().claim("scope", "pay").without_claim("jti").sign()),
        ("expired", Forged::new().claim("scope", "pay").claim("exp", NOW - 3_600).sign()),
    ] {
        let expected = if name == "expired" { Expected::expired() } else { Expected::not_valid() };
        row(name, Request::post("/pay").bearer(&nameless), expected);
    }
    table.finish(70);
}

/// Out of order while it is told to be.
#[derive(Clone)]
struct Moody(MemoryStore, Arc<AtomicBool>);

impl ReplayStore for Moody {
    fn consume(&self, id: UseId, until: Duration) -> BoxFuture<'_, Result<bool, StoreError>> {
        match self.1.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(StoreErrorKind::Unavailable.into()) }),
            false => self.0.consume(id, until),
        }
    }
}

#[test]
fn a_store_that_is_down_is_503_and_uses_nothing_up() {
    let (auth, is_down) = (rules(""), Arc::new(AtomicBool::new(true)));
    let table = Table::of_each("single use, store down", || routes(&auth, Moody(memory(), is_down.clone())));
    let token = fresh("pay");
    for path in ["/pay", "/nested", "/twice", "/handle", "/optional"] {
        table.row(path, &Request::get(path).bearer(&token), &Expected::unavailable());
    }
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    row("the requirement comes first", Request::get("/pay").bearer(&fresh("read")), {
        Expected::insufficient_scope(Some("pay"))
    });
    is_down.store(false, Ordering::SeqCst);
    row("it is back", Request::get("/pay").bearer(&token), Expected::me(&token));
    row("it is back", Request::get("/pay").bearer(&token), Expected::not_valid());
    is_down.store(true, Ordering::SeqCst);
    row("a used token", Request::get("/pay").bearer(&token), Expected::unavailable());
    table.finish(9);
}

#[test]
fn of_parallel_requests_with_one_token_one_goes_on() {
    const CALLERS: usize = 40;
    let auth = rules("");
    let table = Table::of_each("single use, at once", || routes(&auth, memory()));
    for (framework, server) in table.servers() {
        for path in ["/pay", "/nested", "/handle"] {
            let (token, barrier, address) = (fresh("pay"), Barrier::new(CALLERS), server.address());
            let request = Request::post(path).bearer(&token);
            let mut statuses: Vec<u16> = thread::scope(|scope| {
                let call = || {
                    barrier.wait();
                    exchange(address, &request).status
                };
                let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(call)).collect();
                callers.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            statuses.sort_unstable();
            let mut expected = vec![401; CALLERS];
            expected[0] = 200;
            assert_eq!(statuses, expected, "{framework} {path}");
        }
    }
}
