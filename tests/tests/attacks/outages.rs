//! A store that fails, is silent or loses its answers, and callers that go away: nobody is let in, nobody is logged out,
//! and nothing has to be mended by hand.

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

use jwt_core::request::SimpleHead;
use jwt_session::SessionInfo;
use jwt_session::store::StoreErrorKind;
use tests::wire::Response;

use super::covers;
use super::house::{FORM, House, Household, Mood, OURS, Plan, Tokens, basic, refresh_body, wait};
use crate::routes::world::{FRAMEWORKS, cookies};

covers! {
    a_store_that_fails_in_any_way [85 R1];
    a_store_that_comes_back [R2];
    an_answer_that_is_lost_behind_the_store [R16];
    a_caller_that_hangs_up [R16 R17];
    a_request_that_is_given_up_at_any_step [R17];
}

const MOODS: [Mood; 7] = [
    Mood::Fails(StoreErrorKind::Unavailable),
    Mood::Fails(StoreErrorKind::Full),
    Mood::Fails(StoreErrorKind::Corrupt),
    Mood::Fails(StoreErrorKind::Failed),
    Mood::Silent,
    Mood::WritesAndFails,
    Mood::WritesAndIsSilent,
];

/// It waits for a silent store no longer than this.
fn impatient() -> Plan {
    Plan { patience: Duration::from_millis(20), ..Plan::default() }
}

/// Our own outage (never 401, for clients throw away good sessions then).
fn is_unavailable(response: &Response, what: &str) {
    assert_eq!(response.status, 503, "{what}");
    assert_eq!(response.text(), r#"{"error":"temporarily_unavailable"}"#, "{what}");
    assert_eq!(response.field("retry-after"), Some("5"), "{what}");
    assert!(response.field("set-cookie").is_none(), "{what}: no cookie is set or cleared");
}

/// Method, path, fields and body.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn a_store_that_fails_in_any_way() {
    for framework in FRAMEWORKS {
        for mood in MOODS {
            let house = House::new(framework, &impatient());
            let (tokens, other) = (house.login("alice"), house.login("alice"));
            let spa = "username=alice&password=alice&client_id=spa";
            let held = cookies(&house.post("/auth/login", &[FORM, OURS], spa));
            let bearer = format!("Bearer {}", tokens.access);
            let ours = [FORM, ("Authorization", &*bearer)];
            let by_cookie = [FORM, OURS, ("Cookie", &*held)];
            let client = basic("app");
            let service = [FORM, ("Authorization", &*client)];
            let ids = || -> Vec<_> {
                let all = wait(house.inside.sessions.list("alice")).unwrap();
                all.iter().map(SessionInfo::id).collect()
            };
            let before = ids();
            house.login("alice");
            let id = ids().into_iter().find(|id| !before.contains(id)).unwrap();
            let path = format!("/auth/sessions/{id}");
            let (refresh, gone) = (refresh_body(&tokens.refresh), refresh_body(&other.refresh));
            let revoke = format!("token={}", other.refresh);
            let by_id = format!("token={}", other.access);
            house.set_mood(mood);
            let asked: [Asked<'_>; 9] = [
                ("POST", "/auth/login", &[FORM], "username=alice&password=alice&client_id=app"),
                ("POST", "/auth/refresh", &[FORM], &refresh),
                ("POST", "/auth/refresh", &by_cookie, "grant_type=refresh_token&client_id=spa"),
                ("POST", "/auth/logout", &[FORM], &gone),
                ("POST", "/auth/revoke", &service, &revoke),
                ("POST", "/auth/revoke", &service, &by_id),
                ("DELETE", &path, &ours, ""),
                ("POST", "/auth/logout", &ours, "a=b"),
                ("POST", "/auth/logout-all", &ours, "a=b"),
            ];
            for (method, path, fields, body) in asked {
                let what = format!("{method} {path} {mood:?} in {framework}");
                let response = house.send(method, path, fields, body);
                // What this very store wrote before it failed is not in doubt: the session of the access token has ended.
                let has_written = matches!(mood, Mood::WritesAndFails | Mood::WritesAndIsSilent);
                if response.status == 401 {
                    assert!(has_written && path == "/auth/logout-all", "{what}");
                    continue;
                }
                // The session that was written as ended is known as that, and there is nothing left to write.
                if response.status == 200 && path == "/auth/revoke" && body == by_id {
                    assert!(has_written, "{what}");
                    assert_eq!(house.me(&other.access), 401, "{what}");
                    continue;
                }
                is_unavailable(&response, &what);
            }
            if matches!(mood, Mood::Fails(_) | Mood::Silent) {
                let list = house.send("GET", "/auth/sessions", &ours[1..], "");
                is_unavailable(&list, &format!("GET /auth/sessions {mood:?} in {framework}"));
                // A request that needs no store is served: what is revoked is in memory.
                assert_eq!(house.me(&tokens.access), 200, "{mood:?} in {framework}");
                let told = house.post("/auth/introspect", &service, &format!("token={}", tokens.access));
                assert!(told.text().starts_with(r#"{"active":true"#), "{mood:?} in {framework}");
            }
        }
    }
}

#[test]
fn a_store_that_comes_back() {
    for framework in FRAMEWORKS {
        for mood in MOODS {
            // An outage uses up nobody's attempts.
            let house = House::new(framework, &Plan { limit: 5, ..impatient() });
            let tokens = house.login("alice");
            house.set_mood(mood);
            for _ in 0..6 {
                let login = "username=alice&password=alice&client_id=app";
                is_unavailable(&house.post("/auth/login", &[FORM], login), &format!("{mood:?}"));
                is_unavailable(&house.refresh(&tokens.refresh), &format!("{mood:?}"));
            }
            house.set_mood(Mood::Good);
            let what = format!("{mood:?} in {framework}");
            // The very next request.
            house.login("alice");
            let answer = house.refresh(&tokens.refresh);
            match mood {
                // The successor has been given out six times, for all the store knows.
                Mood::WritesAndFails | Mood::WritesAndIsSilent => assert_eq!(answer.status, 400, "{what}"),
                _ => assert_eq!(house.me(&Tokens::of(&answer).access), 200, "{what}"),
            }
            let codes = house.codes();
            assert_eq!(codes.iter().filter(|code| **code == "login_refused").count(), 1, "{what}: {codes:?}");
            assert!(!codes.contains(&"refresh_reuse"), "{what}: {codes:?}");
        }
    }
}

#[test]
fn an_answer_that_is_lost_behind_the_store() {
    for framework in FRAMEWORKS {
        for mood in [Mood::WritesAndFails, Mood::WritesAndIsSilent] {
            for grace in [30, 0] {
                let what = format!("{mood:?}, grace {grace}, in {framework}");
                let house = House::new(framework, &Plan { grace, ..impatient() });
                let first = house.login("alice");
                house.set_mood(mood);
                let before = house.written();
                is_unavailable(&house.refresh(&first.refresh), &what);
                assert_eq!(house.written(), before + 1, "{what}: it was written");
                house.set_mood(Mood::Good);
                if grace == 0 {
                    // As documented: who asks again is taken for a thief, and logs in.
                    assert_eq!(house.refresh(&first.refresh).status, 400, "{what}");
                    assert_eq!(house.me(&first.access), 401, "{what}");
                    assert_eq!(house.me(&house.login("alice").access), 200, "{what}");
                    continue;
                }
                let again = Tokens::of(&house.refresh(&first.refresh));
                let once_more = Tokens::of(&house.refresh(&first.refresh));
                assert_eq!(again.refresh, once_more.refresh, "{what}: one successor");
                let next = Tokens::of(&house.refresh(&again.refresh));
                assert_eq!(house.me(&next.access), 200, "{what}");
                assert!(!house.codes().contains(&"refresh_reuse"), "{what}");
            }
        }
    }
}

/// Sends a refresh, and hangs up as soon as the store has written.
fn hang_up(house: &House, token: &str) {
    let body = refresh_body(token);
    let before = house.written();
    let mut stream = TcpStream::connect(house.address()).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n{body}",
        FORM.1
    )
    .unwrap();
    let begin = Instant::now();
    while house.written() == before {
        assert!(begin.elapsed() < Duration::from_secs(60), "the store was never asked");
        std::thread::yield_now();
    }
}

#[test]
fn a_caller_that_hangs_up() {
    for framework in FRAMEWORKS {
        // Long enough that it is the caller who gives up.
        let house = House::new(framework, &Plan { patience: Duration::from_secs(2), ..Plan::default() });
        for mood in [Mood::Good, Mood::WritesAndIsSilent] {
            let first = house.login("alice");
            house.set_mood(mood);
            hang_up(&house, &first.refresh);
            house.set_mood(Mood::Good);
            let again = Tokens::of(&house.refresh(&first.refresh));
            assert_eq!(house.me(&again.access), 200, "{mood:?} in {framework}");
            let next = Tokens::of(&house.refresh(&again.refresh));
            assert_eq!(house.me(&next.access), 200, "{mood:?} in {framework}");
        }
        assert!(!house.codes().contains(&"refresh_reuse"), "{framework}");
    }
}

#[test]
fn a_request_that_is_given_up_at_any_step() {
    const LOGIN: &str = "username=alice&password=alice&client_id=app";
    const ALL: usize = usize::MAX;
    wait(async {
        for what in ["/auth/login", "/auth/refresh", "/auth/logout", "/auth/logout-all", "/auth/revoke"] {
            let mut polls = 0;
            loop {
                let household = Household::of(&Plan::default()).await;
                let login = household.ask_for("POST", "/auth/login", &[FORM], LOGIN, ALL).await.unwrap();
                let first = Tokens::of_routes(&login);
                let (bearer, client) = (format!("Bearer {}", first.access), basic("app"));
                let (refresh, token) = (refresh_body(&first.refresh), format!("token={}", first.refresh));
                let (fields, body) = match what {
                    "/auth/login" => (vec![FORM], LOGIN),
                    "/auth/logout-all" => (vec![FORM, ("Authorization", &*bearer)], "a=b"),
                    "/auth/revoke" => (vec![FORM, ("Authorization", &*client)], &*token),
                    _ => (vec![FORM], &*refresh),
                };
                let answer = household.ask_for("POST", what, &fields, body, polls).await;
                let case = format!("{what} given up after {polls} polls");
                // What had begun by then goes on in a task of its own, to its end.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                // It is as if it had not been, or it is whole.
                let session = &household.sessions.list("alice").await.unwrap();
                let verified = household.routes.auth();
                let head = SimpleHead::get("/me").with_field("Authorization", &*bearer);
                let is_in = matches!(
                    verified.decide(&head, None),
                    jwt_core::Step::Decided(jwt_core::Decision::Proceed(_))
                );
                let again = household.ask_for("POST", "/auth/refresh", &[FORM], &refresh, ALL).await.unwrap();
                assert_eq!(is_in, again.status == 200, "{case}");
                assert_eq!(is_in, !session.is_empty(), "{case}");
                if is_in {
                    let next = refresh_body(&Tokens::of_routes(&again).refresh);
                    let next = household.ask_for("POST", "/auth/refresh", &[FORM], &next, ALL).await.unwrap();
                    assert_eq!(next.status, 200, "{case}: the next caller goes on");
                }
                let login = household.ask_for("POST", "/auth/login", &[FORM], LOGIN, ALL).await.unwrap();
                assert_eq!(login.status, 200, "{case}: nothing is stuck");
                if answer.is_some() {
                    assert!(polls >= 2, "{case}: it has steps to be given up at");
                    break;
                }
                polls += 1;
            }
        }
    });
}
