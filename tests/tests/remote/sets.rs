//! Sets that are good in part, and what an answer says beside its keys: how long they are fresh, and by which tag they
//! are known.

use std::sync::Arc;
use std::time::Instant;

use jwt_core::{Reason, SigningKey};
use serde_json::json;
use tracing::Level;

use super::fault_server::{Answer, FaultServer, Response};
use super::faults::oct;
use super::told::{Line, Told};
use crate::attacks::covers;

use super::{Shared, bogus, fresh, held, jwk, jwks, key, keys_at, set_of, token, verifier};

covers! {
    a_bad_key_among_nine_costs_one_key_and_is_told_once [70 71 72 R5];
    of_a_kid_that_stands_twice_neither_key_is_used [70 R5];
    a_private_key_that_is_published_verifies_nothing [71];
    keys_that_change_with_each_answer_cost_no_more_than_strangers_do [66];
}

/// Sets with a bad key among good ones: the bad one's `kid`, its JWK, and the code of what is wrong with it.
fn bad_keys() -> Vec<(&'static str, serde_json::Value, &'static str)> {
    let changed = |key_id: &str, name: &str, value: serde_json::Value| {
        let mut jwk = jwk(&key(key_id));
        jwk[name] = value;
        jwk
    };
    let mut for_encryption = changed("oaep", "use", json!("enc"));
    for_encryption["alg"] = json!("RSA-OAEP");
    let private = serde_json::from_str(&key("private").insecure_private_jwk().unwrap()).unwrap();
    vec![
        ("encryption", changed("encryption", "use", json!("enc")), "key_use"),
        ("no-verify", changed("no-verify", "key_ops", json!(["encrypt"])), "key_operations"),
        ("oaep", for_encryption, "key_use"),
        ("secret", oct(), "remote_secret"),
        ("private", private, "remote_private_key"),
        ("short", changed("short", "x", json!("AA")), "member_length"),
        ("off-curve", changed("off-curve", "y", jwk(&key("other"))["x"].clone()), "key_rejected"),
        ("of-tomorrow", changed("of-tomorrow", "kty", json!("quantum")), "unknown_key_type"),
        ("number", changed("number", "alg", json!(7)), "malformed_member"),
    ]
}

#[tokio::test]
async fn a_bad_key_among_nine_costs_one_key_and_is_told_once() {
    let (told, _guard) = Told::listen();
    for (bad, jwk_of_bad, code) in bad_keys() {
        let good: Vec<_> = (0..8).map(|n| key(&format!("good-{n}"))).collect();
        let mut set: Vec<_> = good.iter().map(jwk).collect();
        set.insert(4, jwk_of_bad);
        let server = FaultServer::always(Answer::json(set_of(set))).await;
        let keys = keys_at(&server.url("/jwks"));
        keys.wait().await.unwrap();
        let verifier = verifier(&keys);
        for key in &good {
            assert_eq!(held(&verifier, &token(key)), Ok(()), "{bad}");
        }
        let of_bad = token(&key("x").with_key_id(bad).unwrap());
        assert_eq!(held(&verifier, &of_bad), Err(Reason::UnknownKey), "{bad}");
        // The same set once more, which is no news.
        assert_eq!(fresh(&verifier, &of_bad).await, Err(Reason::UnknownKey), "{bad}");
        assert_eq!(server.count("/jwks"), 2, "{bad}");
        let lines = told.of(&server.url("/jwks"), "keys of a fetched set are not used");
        // A key for something else than signatures is nobody's mistake.
        let is_amiss = !matches!(code, "key_use" | "key_operations");
        assert_eq!(lines.len(), usize::from(is_amiss), "{bad}: {lines:?}");
        for line in lines {
            assert_eq!((line.field("used"), line.field("skipped")), (Some("8"), Some("1")), "{bad}");
        }
        let skipped = told.with("a key of a JWK set is ");
        let level = if is_amiss { Level::WARN } else { Level::DEBUG };
        let is_mine = |line: &&Line| line.field("reason") == Some(code) && line.level == level;
        let mine: Vec<_> = skipped.iter().filter(is_mine).collect();
        assert!(!mine.is_empty(), "{bad}: {skipped:?}");
        assert!(mine.iter().all(|line| line.field("index") == Some("4")), "{bad}: {mine:?}");
    }
}

#[tokio::test]
async fn of_a_kid_that_stands_twice_neither_key_is_used() {
    let (good, one, other) = (key("good"), key("twice"), key("twice"));
    let server = FaultServer::always(Answer::json(jwks([&one, &good, &other]))).await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    let verifier = verifier(&keys);
    assert_eq!(held(&verifier, &token(&good)), Ok(()));
    for key in [one, other] {
        assert_eq!(held(&verifier, &token(&key)), Err(Reason::UnknownKey));
    }
}

#[tokio::test]
async fn a_private_key_that_is_published_verifies_nothing() {
    let leaked = key("leaked");
    let private = serde_json::from_str(&leaked.insecure_private_jwk().unwrap()).unwrap();
    let server = FaultServer::always(Answer::json(set_of([jwk(&key("good")), private]))).await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    assert_eq!(held(&verifier(&keys), &token(&leaked)), Err(Reason::UnknownKey));
}

#[tokio::test]
async fn keys_that_change_with_each_answer_cost_no_more_than_strangers_do() {
    let served: Shared<Vec<SigningKey>> = Shared::default();
    let publish = Arc::clone(&served);
    let server = FaultServer::start(move |_| {
        let mut served = publish.lock().unwrap();
        let next = key(&format!("k{}", served.len()));
        served.push(next.clone());
        Answer::json(jwks([&next]))
    })
    .await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    let (began, verifier) = (Instant::now(), verifier(&keys));
    for n in 0..1_000 {
        // A provider that signs by a key which it has not published yet.
        let ahead = token(&key(&format!("k{}", n + 1)));
        let verdict = fresh(&verifier, &ahead).await;
        // Its name comes with the next answer, under another key.
        assert!(matches!(verdict, Err(Reason::UnknownKey | Reason::BadSignature)), "{verdict:?}");
        let last = served.lock().unwrap().last().cloned().unwrap();
        assert_eq!(held(&verifier, &token(&last)), Ok(()), "what was fetched last is good");
    }
    let most = 1 + 2 + began.elapsed().as_secs() as usize / 30;
    let asked = server.count("/jwks");
    assert!((3..=most).contains(&asked), "{asked} requests, {most} at most");
}

#[tokio::test]
async fn a_tag_is_sent_back_and_a_304_keeps_the_keys_and_what_was_verified_by_them() {
    let (old, new) = (key("old"), key("new"));
    let set = |keys: &[SigningKey], tag: &str| {
        Response::json(jwks(keys)).with("etag", tag).with("cache-control", "max-age=3600")
    };
    let first = set(std::slice::from_ref(&old), "\"v1\"");
    let server = FaultServer::start(move |asked| {
        Answer::Good(match asked.field("if-none-match") {
            Some("\"v1\"") => Response::new(304, "").with("etag", "\"v1\""),
            _ => first.clone(),
        })
    })
    .await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    assert_eq!(server.last().unwrap().field("if-none-match"), None);
    let (verifier, mut bogus) = (verifier(&keys), bogus());
    let epoch = keys.live().epoch();
    assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey));
    assert_eq!(server.last().unwrap().field("if-none-match"), Some("\"v1\""));
    assert_eq!((server.count("/jwks"), keys.live().epoch()), (2, epoch));
    assert_eq!(held(&verifier, &token(&old)), Ok(()));
    let status = keys.status();
    assert!(status.failures == 0 && status.error.is_none(), "{status:?}");

    server.answers(Answer::Good(set(std::slice::from_ref(&new), "\"v2\"")));
    assert_eq!(fresh(&verifier, &token(&new)).await, Ok(()));
    assert_eq!(server.last().unwrap().field("if-none-match"), Some("\"v1\""));
    assert_eq!((server.count("/jwks"), keys.live().epoch()), (3, epoch + 1));
    assert_eq!(held(&verifier, &token(&old)), Err(Reason::UnknownKey));
}

#[tokio::test]
async fn an_answer_that_says_it_is_stale_already_has_nobody_ask_again_at_once() {
    for said in ["no-store", "no-cache", "max-age=0", "max-age=1", "max-age=-1", "max-age=x"] {
        let answer = Response::json(jwks([&key("a")])).with("cache-control", said).with("age", "9999");
        let server = FaultServer::always(Answer::Good(answer)).await;
        let keys = keys_at(&server.url("/jwks"));
        keys.wait().await.unwrap();
        let verifier = verifier(&keys);
        for _ in 0..100 {
            assert_eq!(fresh(&verifier, &token(&key("a"))).await, Err(Reason::BadSignature), "{said}");
            tokio::task::yield_now().await;
        }
        assert_eq!(server.count("/jwks"), 1, "{said}");
    }
}

#[tokio::test]
async fn strangers_that_are_not_asked_for_are_told_together() {
    let (told, _guard) = Told::listen();
    let server = FaultServer::always(Answer::json(jwks([&key("a")]))).await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    let (verifier, mut bogus) = (verifier(&keys), bogus());
    for _ in 0..200 {
        assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey));
    }
    let lines = told.of(&server.url("/jwks"), "tokens name keys that this source does not have");
    // One a minute, however many there are.
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].level, lines[0].field("wishes")), (Level::WARN, Some("1")));
}
