//! Attacks on sessions: refresh tokens that come twice, at once or late, what was taken back, and the cookies that carry
//! it all. Over sockets to the ready-made routes, in each framework that has them.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{TokenBuilder, jws};
use jwt_session::routes::{LoginUnavailable, Routes, RoutesError};
use jwt_session::{AttemptRefusal, EndReason, RefreshRefusal, SecurityEvent};
use sha2::{Digest as _, Sha256};
use tests::tokens::{base64url, keys};
use tests::wire::Response;

use super::algorithms::{difference, order_of_p256};
use super::covers;
use super::house::{FORM, House, Household, JSON, ORIGIN, OURS, Plan, Tokens, basic, refresh_body, wait};
use crate::routes::world::{FRAMEWORKS, cookies};

covers! {
    an_attribute_in_a_cookies_path_or_value [54];
    a_cookie_that_others_may_keep [55];
    a_token_that_many_present_at_once [77 R14];
    the_same_second [78];
    a_refresh_that_meets_a_logout [79 R15];
    a_token_that_comes_again [80];
    a_store_that_is_read_by_others [81];
    a_verdict_that_outlives_its_reason [82];
    a_revoked_token_in_other_words [84];
}

fn is_refused(response: &Response) {
    assert_eq!((response.status, &*response.text()), (400, r#"{"error":"invalid_grant"}"#));
}

#[test]
fn an_attribute_in_a_cookies_path_or_value() {
    let household = wait(Household::of(&Plan::default()));
    for prefix in [
        "/a; Domain=example.com",
        "/a;SameSite=None",
        "/a, b",
        "/a b",
        "/a\r\nSet-Cookie: x=y",
        "/a\u{0}",
        "/ä",
        "/a%3B",
        "/a?b",
        "/../b",
        "a",
        "/",
    ] {
        let nobody = |_: jwt_session::routes::Credentials| async { Ok::<_, LoginUnavailable>(None) };
        let verifier = household.routes.auth().clone();
        let built = Routes::builder(household.sessions.clone(), verifier, nobody).with_prefix(prefix).build();
        assert_eq!(built.unwrap_err(), RoutesError::Prefix { value: prefix.to_owned() });
    }
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan::default());
        // What a user can choose ends up in claims, and there in base64url.
        for name in ["a;b", "a\\r\\nSet-Cookie: x=y", "a, b", "\\\"", "; Domain=example.com; SameSite=None"] {
            let body = format!(r#"{{"username":"{name}","password":"{name}","client_id":"spa"}}"#);
            let response = house.post("/auth/login", &[JSON, OURS], &body);
            // A subject without control characters.
            assert_eq!(response.status, if name.contains("\\r") { 500 } else { 200 }, "{name} {framework}");
            let set: Vec<_> = response.fields.iter().filter(|(field, _)| field == "set-cookie").collect();
            assert_eq!(set.len(), if response.status == 200 { 3 } else { 0 }, "{name} {framework}");
            for (_, cookie) in set {
                let (pair, attributes) = cookie.split_once("; ").unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')));
                let expected = match name {
                    "__Host-access" => "Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax",
                    "__Secure-refresh" => {
                        "Path=/auth/refresh; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict"
                    }
                    "__Host-refresh-session" => "Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict",
                    other => panic!("{other}"),
                };
                assert_eq!(attributes, expected, "{name} {framework}");
            }
        }
    }
}

#[test]
fn a_cookie_that_others_may_keep() {
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan::default());
        for client in ["spa", "page", "app"] {
            let body = format!("username=alice&password=alice&client_id={client}");
            let login = house.post("/auth/login", &[FORM, OURS], &body);
            let held = cookies(&login);
            let with = [FORM, OURS, ("Cookie", &*held)];
            let refresh = match client {
                "app" => house.refresh(&Tokens::of(&login).refresh),
                _ => house.post(
                    "/auth/refresh",
                    &with,
                    &format!("grant_type=refresh_token&client_id={client}"),
                ),
            };
            let now = cookies(&refresh);
            let now = [FORM, OURS, ("Cookie", &*now)];
            let is_spa = client == "spa";
            let logout = if is_spa { house.post("/auth/logout-all", &now, "a=b") } else { refresh.clone() };
            house.advance(31);
            // Of a token that is worth nothing any more: the cookies are taken back.
            let refused =
                house.post("/auth/refresh", &with, &format!("grant_type=refresh_token&client_id={client}"));
            let answers = [("login", login), ("refresh", refresh), ("logout", logout), ("refused", refused)];
            for (what, response) in answers {
                let what = format!("{what} of {client} in {framework}");
                let sets = response.fields.iter().any(|(name, _)| name == "set-cookie");
                assert_eq!(sets, client != "app", "{what}: {}", response.status);
                assert_eq!(response.field("cache-control"), Some("no-store"), "{what}");
                if sets {
                    assert_eq!(response.field("vary"), Some("Cookie"), "{what}");
                }
            }
        }
    }
}

/// All of them at once; their answers in no order.
fn at_once(house: &House, token: &str, callers: usize) -> Vec<Response> {
    let barrier = Barrier::new(callers);
    thread::scope(|scope| {
        let calls: Vec<_> = (0..callers)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    house.refresh(token)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

#[test]
fn a_token_that_many_present_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for framework in FRAMEWORKS {
        for file in [None, Some(folder.path().join(format!("{framework}.db")))] {
            let plan = Plan { file: file.clone(), ..Plan::default() };
            let house = House::new(framework, &plan);
            for (callers, rounds) in [(2, 10), (10, 5), (100, 1)] {
                for round in 0..rounds {
                    let what = format!("{callers} callers, round {round}, in {framework}, {file:?}");
                    // Nobody is over a limit.
                    house.advance(60);
                    let first = house.login("alice");
                    let answers = at_once(&house, &first.refresh, callers);
                    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
                    assert_eq!(good.len(), callers.min(6), "{what}");
                    answers.iter().filter(|answer| answer.status != 200).for_each(is_refused);
                    let successors: BTreeSet<_> =
                        good.iter().map(|answer| Tokens::of(answer).refresh).collect();
                    assert_eq!(successors.len(), 1, "{what}");
                    let next = house.refresh(successors.first().unwrap());
                    assert_eq!(house.me(&Tokens::of(&next).access), 200, "{what}");
                }
            }
            assert!(!house.codes().contains(&"refresh_reuse"));
        }
        // Without a grace the second one is a thief, or was robbed.
        let house = House::new(framework, &Plan { grace: 0, ..Plan::default() });
        for callers in [2, 10, 100] {
            house.advance(60);
            let first = house.login("alice");
            let answers = at_once(&house, &first.refresh, callers);
            let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(good.len(), 1, "{callers} callers in {framework}");
            answers.iter().filter(|answer| answer.status != 200).for_each(is_refused);
            let won = Tokens::of(good[0]);
            is_refused(&house.refresh(&won.refresh));
            assert_eq!((house.me(&won.access), house.me(&first.access)), (401, 401));
        }
        assert_eq!(house.codes().iter().filter(|code| **code == "refresh_reuse").count(), 3);
    }
}

#[test]
fn the_same_second() {
    for framework in FRAMEWORKS {
        for back in [0, 3_600] {
            let house = House::new(framework, &Plan::default());
            let before = house.login("alice");
            let authorization = format!("Bearer {}", before.access);
            let logout = house.post("/auth/logout-all", &[FORM, ("Authorization", &authorization)], "a=b");
            assert_eq!(logout.status, 204);
            // By a clock that stood still, or was set back.
            house.inside.clock.set(super::house::START - back);
            let after = house.login("alice");
            assert_eq!((house.me(&before.access), house.me(&after.access)), (401, 200), "{framework}");
            is_refused(&house.refresh(&before.refresh));
            // Three generations in one instant: which is older is no question of time.
            let second = Tokens::of(&house.refresh(&after.refresh));
            let third = Tokens::of(&house.refresh(&second.refresh));
            assert!(second.refresh != third.refresh && house.me(&third.access) == 200);
            is_refused(&house.refresh(&after.refresh));
            is_refused(&house.refresh(&third.refresh));
            assert_eq!(house.me(&third.access), 401, "{framework}");
            assert!(house.codes().ends_with(&["refresh_reuse", "refresh_refused", "refresh_refused"]));
        }
    }
}

/// What a client holds that refreshes until it is refused; `met` is behind the first time.
fn refresh_on(house: &House, first: &Tokens, met: &Barrier) -> Vec<Tokens> {
    let mut held = vec![first.clone(), Tokens::of(&house.refresh(&first.refresh))];
    met.wait();
    for _ in 0..20 {
        let response = house.refresh(&held.last().unwrap().refresh);
        if response.status != 200 {
            break;
        }
        held.push(Tokens::of(&response));
    }
    held
}

#[test]
fn a_refresh_that_meets_a_logout() {
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan::default());
        for round in 0..12 {
            house.advance(60);
            let first = house.login("alice");
            let authorization = format!("Bearer {}", first.access);
            let bearer = [FORM, ("Authorization", &*authorization)];
            let met = Barrier::new(4);
            let held: Vec<Tokens> = thread::scope(|scope| {
                let clients: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| refresh_on(&house, &first, &met))).collect();
                met.wait();
                let ended = match round % 4 {
                    0 => house.post("/auth/logout", &bearer, "a=b"),
                    1 => house.post("/auth/logout-all", &bearer, "a=b"),
                    2 => house.post("/auth/logout", &[FORM], &refresh_body(&first.refresh)),
                    _ => {
                        let token = format!("token={}", first.refresh);
                        house.post("/auth/revoke", &[FORM, ("Authorization", &basic("app"))], &token)
                    }
                };
                // 401 where an old token of a client ended the session first.
                assert!(matches!(ended.status, 200 | 204 | 401), "{round} {framework}: {}", ended.status);
                // From here on nothing is good that was, whatever is under way.
                assert_eq!(house.me(&first.access), 401, "{round} {framework}");
                clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
            });
            assert!(held.len() >= 6, "{round} {framework}");
            for tokens in held {
                is_refused(&house.refresh(&tokens.refresh));
                assert_eq!(house.me(&tokens.access), 401, "{round} {framework}");
            }
        }
    }
}

#[test]
fn a_token_that_comes_again() {
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan::default());
        let (first, elsewhere) = (house.login("alice"), house.login("alice"));
        let second = Tokens::of(&house.refresh(&first.refresh));
        // The answer was lost on its way.
        house.advance(29);
        assert_eq!(Tokens::of(&house.refresh(&first.refresh)).refresh, second.refresh, "{framework}");
        // Whoever comes later than that is a thief, or was robbed.
        house.advance(1);
        is_refused(&house.refresh(&first.refresh));
        is_refused(&house.refresh(&second.refresh));
        assert_eq!((house.me(&first.access), house.me(&second.access)), (401, 401), "{framework}");
        assert_eq!(house.me(&elsewhere.access), 200, "another session of hers lives on");
        let codes = house.codes();
        assert_eq!(
            codes,
            ["login", "login", "refresh", "refresh", "refresh_reuse", "refresh_refused", "refresh_refused"]
        );
        let events = house.inside.events.lock().unwrap().clone();
        let SecurityEvent::RefreshRefused { session, address, why, .. } = &events[5] else {
            panic!("{codes:?}")
        };
        let session = wait(house.inside.sessions.session(session.unwrap())).unwrap().unwrap();
        assert_eq!(session.ended().unwrap().why(), EndReason::RefreshReuse);
        assert_eq!(*address, Some([127, 0, 0, 1].into()), "where it came from");
        assert_eq!(*why, AttemptRefusal::RefreshToken(RefreshRefusal::Reuse));

        // A browser is told by 401, and its cookies are taken back.
        let spa = "username=alice&password=alice&client_id=spa";
        let held = cookies(&house.post("/auth/login", &[FORM, OURS], spa));
        let with = [FORM, OURS, ("Cookie", &*held)];
        assert_eq!(house.post("/auth/refresh", &with, "grant_type=refresh_token&client_id=spa").status, 200);
        house.advance(30);
        let refused = house.post("/auth/refresh", &with, "grant_type=refresh_token&client_id=spa");
        let cleared = refused.fields.iter().filter(|(_, value)| value.contains("=; Path=")).count();
        assert_eq!((refused.status, cleared), (401, 3), "{framework}");
    }
}

#[test]
fn a_store_that_is_read_by_others() {
    // Without a store that has files there is nothing to be read.
    for framework in FRAMEWORKS.into_iter().filter(|_| cfg!(feature = "sqlite")) {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { file: Some(folder.path().join("sessions.db")), ..Plan::default() };
        let house = House::new(framework, &plan);
        let first = house.login("alice");
        let second = Tokens::of(&house.refresh(&first.refresh));
        let mut held = Vec::new();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            held.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        let holds = |what: &[u8]| held.windows(what.len()).any(|window| window == what);
        for token in [&first.refresh, &second.refresh] {
            // Behind the name of the session, which is no secret, and the generation.
            let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("rt_").unwrap()).unwrap();
            assert_eq!(bytes.len(), 68);
            for part in bytes[20..].windows(12).chain(token.as_bytes()[32..].windows(16)) {
                assert!(!holds(part), "{framework}: {}", part.escape_ascii());
            }
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
            assert!(
                holds(hash.as_bytes()),
                "{framework}: a store keeps its hash, by which it is known again"
            );
        }
        for access in [&first.access, &second.access] {
            let (_, signature) = access.rsplit_once('.').unwrap();
            assert!(!holds(signature.as_bytes()), "{framework}");
        }
        assert!(holds(b"alice"), "{framework}: a search that finds nothing must be able to find something");
        // What the store holds is worth nothing at the door.
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&second.refresh));
        for guess in [hash.clone(), format!("rt_{hash}"), format!("{}{}", &second.refresh[..51], hash)] {
            is_refused(&house.refresh(&guess));
        }
        assert_eq!(house.refresh(&second.refresh).status, 200);
    }
}

#[test]
fn a_verdict_that_outlives_its_reason() {
    for framework in FRAMEWORKS {
        let here = Plan { key: Some(keys().es256.clone()), ..Plan::default() };
        let there = Plan { audience: "elsewhere", ..here.clone() };
        let (here, there) = (House::new(framework, &here), House::new(framework, &there));
        let ours = here.login("alice");
        let theirs = there.login("alice");
        let (head, signature) = ours.access.rsplit_once('.').unwrap();
        let (_, other) = theirs.access.rsplit_once('.').unwrap();
        let turned: String = signature.chars().rev().collect();
        for _ in 0..3 {
            assert_eq!((here.me(&ours.access), there.me(&theirs.access)), (200, 200), "{framework}");
            // A verdict is of one verifier, and of all of a token.
            assert_eq!((here.me(&theirs.access), there.me(&ours.access)), (401, 401), "{framework}");
            assert_eq!(
                here.me(&format!("{head}.{other}")),
                401,
                "{framework}: the same but for its signature"
            );
            assert_eq!(here.me(&format!("{head}.{turned}")), 401, "{framework}");
            let prefixed = ours.access.replacen("eyJ", "eyK", 1);
            assert_eq!(here.me(&prefixed), 401, "{framework}: the same but for its start");
        }
        // What changes is asked on every request: revocation, and the time.
        let late = here.login("alice");
        assert_eq!(here.me(&late.access), 200);
        let logout = here.post("/auth/logout", &[FORM], &refresh_body(&ours.refresh));
        assert_eq!((logout.status, here.me(&ours.access)), (204, 401), "{framework}");
        here.advance(629);
        assert_eq!(here.me(&late.access), 200, "{framework}: within the leeway");
        here.advance(1);
        assert_eq!(here.me(&late.access), 401, "{framework}");
        // A withdrawn key.
        let house = House::new(framework, &Plan { rotates: true, ..Plan::default() });
        let tokens = house.login("alice");
        assert_eq!((house.me(&tokens.access), house.me(&tokens.access)), (200, 200));
        let ring = house.inside.ring.as_ref().unwrap();
        let leaked = ring.issuer().unwrap().key().key_id().cloned().unwrap();
        wait(ring.drop_key(&leaked)).unwrap();
        assert_eq!(house.me(&tokens.access), 401, "{framework}: on the next request");
        assert_eq!(house.me(&Tokens::of(&house.refresh(&tokens.refresh)).access), 200, "{framework}");
    }
}

#[test]
fn a_revoked_token_in_other_words() {
    let twin = |token: &str| {
        let (start, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let s = difference(&order_of_p256(), &signature[32..]);
        format!("{start}.{}", base64url([&signature[..32], &s].concat()))
    };
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan { upkeep: false, ..Plan::default() });
        let issuer = &house.inside.issuer;
        let (stolen, other) = (house.login("alice"), house.login("alice"));
        assert_eq!((house.me(&stolen.access), house.me(&twin(&stolen.access))), (200, 200), "{framework}");
        let authorization = basic("app");
        let token = format!("token={}", stolen.access);
        let revoked = house.post("/auth/revoke", &[FORM, ("Authorization", &authorization)], &token);
        assert_eq!(revoked.status, 200);
        assert_eq!((house.me(&stolen.access), house.me(&twin(&stolen.access))), (401, 401), "{framework}");
        assert_eq!(house.me(&other.access), 200, "{framework}");
        // What cannot be taken back one by one is not let in.
        let expiry = super::house::START + 600;
        let now = super::house::START;
        let claims = |id: &str| {
            format!(r#"{{"iss":"{ORIGIN}","aud":"api","sub":"bob",{id}"iat":{now},"exp":{expiry}}}"#)
        };
        let sign = |claims: String| jws::sign_typed(claims.as_bytes(), issuer.key(), "at+jwt", None).unwrap();
        let named = sign(claims(r#""jti":"t-1","#));
        assert_eq!((house.me(&sign(claims(""))), house.me(&named)), (401, 200), "{framework}");
        // Of all that was issued to somebody up to a second, that second is part.
        let alone = |token: TokenBuilder<'_>| token.with_subject("alice").sign().unwrap();
        let before = alone(issuer.token());
        assert_eq!(house.me(&before), 200, "{framework}");
        let bearer = format!("Bearer {}", other.access);
        assert_eq!(house.post("/auth/logout-all", &[FORM, ("Authorization", &bearer)], "a=b").status, 204);
        let same_second = alone(issuer.token());
        house.advance(1);
        let after = alone(issuer.token());
        assert_eq!(
            [&before, &same_second, &after, &named].map(|token| house.me(token)),
            [401, 401, 200, 200],
            "{framework}"
        );
        // What is forgotten about a token is forgotten when nothing could let it in any more; by all clocks together, for
        // one by itself has jumped.
        let paused =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Nothing is, for ten minutes; then, while they could by the leeway, it is looked at each second.
        let steps = core::iter::repeat_n(60, 10).chain(core::iter::repeat_n(1, 31));
        for step in steps.chain(core::iter::repeat_n(60, 130)) {
            house.advance(step);
            paused.block_on(async {
                tokio::time::advance(core::time::Duration::from_secs(step)).await;
                house.inside.sessions.remove_expired().await.unwrap();
            });
            assert_eq!((house.me(&stolen.access), house.me(&before)), (401, 401), "{framework}");
        }
        assert!(house.inside.sessions.revocations().is_empty(), "{framework}");
    }
}
