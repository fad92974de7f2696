//! What an issuer may say of itself that is not believed, and what its service does meanwhile (RFC 8414,
//! OpenID Connect Discovery).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use futures_util::future::join_all;
use jwt_core::keys::BoxFuture;
use jwt_core::{Algorithm, Reason, SigningKey};
use jwt_remote::{HttpClient, HttpError, HttpRequest, HttpResponse, Oidc, OidcProvider, Remote};
use serde_json::{Value, json};
use tests::tokens::AUDIENCE;
use tracing::Level;

use super::fault_server::{Answer, FaultServer, PATIENCE, Response};
use super::told::Told;
use crate::attacks::covers;

use super::{bogus, client, fresh, held, jwks, key, most_attempts, remote, token_of, until};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

covers! {
    whoever_lies_of_itself_gets_nobody_to_ask_for_keys [73 75];
    an_issuer_with_tls_names_no_address_without [73 75];
    a_thousand_bogus_keys_cost_three_fetches_and_one_look_at_the_metadata [66 R11];
    metadata_that_cannot_be_read_again_takes_no_keys_away [68];
}

fn metadata(issuer: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let mut metadata = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    });
    change(&mut metadata);
    Answer::json(metadata.to_string())
}

fn provider(issuer: &str, remote: &Remote) -> OidcProvider {
    Oidc::issuer(issuer).with_audience(AUDIENCE).with_remote(remote).start().unwrap()
}

/// What goes wrong, how, and the paths that one attempt asks for.
type Lie = (&'static str, &'static str, fn(&str) -> Answer, &'static [&'static str]);

const LIES: &[Lie] = &[
    ("another issuer", "issuer_mismatch", |_| metadata("https://id.example.com", |_| ()), &[OPENID]),
    ("a slash more", "issuer_mismatch", |issuer| metadata(&format!("{issuer}/"), |_| ()), &[OPENID]),
    ("no issuer", "metadata", |issuer| metadata(issuer, |it| it["issuer"] = Value::Null), &[OPENID]),
    (
        "a list of issuers",
        "metadata",
        |issuer| metadata(issuer, |it| it["issuer"] = json!([issuer])),
        &[OPENID],
    ),
    ("no keys", "metadata", |issuer| metadata(issuer, |it| it["jwks_uri"] = Value::Null), &[OPENID]),
    (
        "a file of this machine",
        "keys_address",
        |issuer| metadata(issuer, |it| it["jwks_uri"] = json!("file://localhost/etc/hostname")),
        &[OPENID],
    ),
    (
        "keys in the address",
        "keys_address",
        |issuer| metadata(issuer, |it| it["jwks_uri"] = json!("data:application/json,{\"keys\":[]}")),
        &[OPENID],
    ),
    (
        "another machine without TLS",
        "keys_address",
        |issuer| metadata(issuer, |it| it["jwks_uri"] = json!("http://192.0.2.1/jwks")),
        &[OPENID],
    ),
    (
        "a relative address",
        "keys_address",
        |issuer| metadata(issuer, |it| it["jwks_uri"] = json!("/jwks")),
        &[OPENID],
    ),
    (
        "shared secrets alone",
        "metadata",
        |issuer| {
            metadata(issuer, |it| it["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]))
        },
        &[OPENID],
    ),
    ("HTML", "metadata", |_| Answer::Good(Response::new(200, "<html>")), &[OPENID]),
    (
        "a redirect",
        "redirect",
        |_| Answer::Good(Response::new(302, "").with("location", "/elsewhere")),
        &[OPENID],
    ),
    ("an error", "status", |_| Answer::status(500), &[OPENID]),
    ("a reset", "connection", |_| Answer::Reset, &[OPENID]),
    ("a hang", "timeout", |_| Answer::Hang, &[OPENID]),
    (
        "a flood",
        "too_long",
        |_| Answer::Endless {
            start: "HTTP/1.1 200 x\r\nconnection: close\r\n\r\n{\"x\":\"",
            again: vec![b'x'; 65_536],
            most: 30 << 20,
        },
        &[OPENID],
    ),
    ("nothing anywhere", "status", |_| Answer::status(404), &[OPENID, OAUTH]),
];

#[tokio::test]
async fn whoever_lies_of_itself_gets_nobody_to_ask_for_keys() {
    let (told, _guard) = Told::listen();
    let remote = remote();
    let (told, good) = (&told, &key("a"));
    join_all(LIES.iter().map(|(name, code, answer, places)| {
        let remote = &remote;
        async move {
            let began = Instant::now();
            let server = FaultServer::always(Answer::Hang).await;
            let issuer = &server.url("");
            server.answers(answer(issuer));
            let provider = provider(issuer, remote);
            until(name, || provider.status().failures >= 1).await;
            let error = provider.status().error.unwrap();
            assert_eq!(error.code(), *code, "{name}: {error}");
            let verdict = fresh(provider.verifier(), &token_of(good, issuer)).await;
            assert_eq!(verdict, Err(Reason::KeysUnavailable), "{name}");
            assert!(provider.metadata().is_none() && !provider.has_keys(), "{name}");
            let (gauge, most) = (server.gauge(), most_attempts(began.elapsed()));
            let asked: usize = places.iter().map(|place| server.count(place)).sum();
            assert_eq!(gauge.asked, asked, "{name}: nothing but metadata was asked for");
            assert!(server.sent() < (15 * asked as u64) << 20, "{name}: {} bytes", server.sent());
            for place in *places {
                let asked = server.count(place);
                assert!((1..=most).contains(&asked), "{name}: {asked} times {place}, {most} at most");
            }
            let words = match *code {
                "issuer_mismatch" => "configure the issuer exactly as its metadata spells it",
                _ => "keys were never fetched",
            };
            let lines = told.of(issuer, words);
            assert!(!lines.is_empty(), "{name}");
            assert!(lines.iter().all(|line| line.level == Level::ERROR), "{name}: {lines:?}");
            assert!(lines.iter().all(|line| line.field("reason") == Some(*code)), "{name}: {lines:?}");
        }
    }))
    .await;
}

#[tokio::test]
async fn metadata_is_found_where_either_standard_puts_it() {
    let good = key("a");
    // An issuer with a path, for which there are three places.
    for place in [
        "/realms/a/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/a",
        "/.well-known/openid-configuration/realms/a",
    ] {
        let server = FaultServer::always(Answer::status(404)).await;
        let (issuer, set) = (server.url("/realms/a"), jwks([&good]));
        let (answer, at) = (metadata(&issuer, |_| ()), place.to_owned());
        server.script(move |asked| match asked.path.as_str() {
            path if path == at => answer.clone(),
            "/realms/a/jwks" => Answer::json(set.clone()),
            _ => Answer::status(404),
        });
        let provider = Oidc::issuer(&issuer).with_audience(AUDIENCE).with_remote(&remote());
        let provider = provider.discover().await.unwrap();
        assert_eq!(held(provider.verifier(), &token_of(&good, &issuer)), Ok(()), "{place}");
        assert_eq!(provider.metadata().unwrap().issuer, issuer);
        assert_eq!((server.count(place), server.count("/realms/a/jwks")), (1, 1), "{place}");
        // Keys are asked for again, and as the key is not among them, the metadata is too: it may have changed.
        assert_eq!(fresh(provider.verifier(), &token_of(&key("b"), &issuer)).await, Err(Reason::UnknownKey));
        assert_eq!((server.count(place), server.count("/realms/a/jwks")), (2, 2), "{place}");
    }
}

/// A flood of tokens with keys that nobody has: the keys are fetched as often as of a bare address, and the metadata,
/// which may have changed, are read again once a minute.
#[tokio::test]
async fn a_thousand_bogus_keys_cost_three_fetches_and_one_look_at_the_metadata() {
    let server = FaultServer::always(Answer::Hang).await;
    let (issuer, good) = (server.url(""), key("good"));
    let (answer, set) = (metadata(&issuer, |_| ()), jwks([&good]));
    server
        .script(move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() });
    let provider = provider(&issuer, &remote());
    provider.wait().await.unwrap();
    let (began, stranger, known) = (Instant::now(), key("stranger"), token_of(&good, &issuer));
    for n in 0..1_000 {
        let bogus = stranger.clone().with_key_id(format!("bogus-{n}")).unwrap();
        let verdict = fresh(provider.verifier(), &token_of(&bogus, &issuer)).await;
        assert_eq!(verdict, Err(Reason::UnknownKey));
        assert_eq!(held(provider.verifier(), &known), Ok(()));
    }
    let seconds = began.elapsed().as_secs() as usize;
    // All requests but the first two, whatever for.
    let (keys, all) = (server.count("/jwks") - 1, server.gauge().asked - 2);
    let (most_keys, most_metadata) = (2 + seconds / 30, 1 + seconds / 60);
    assert!((1..=most_keys).contains(&keys), "{keys} fetches, {most_keys} at most");
    assert!(all <= keys + most_metadata, "{all} requests, {keys} of them for keys");
}

/// Every token would be refused for its algorithm, as if each were forged.
#[tokio::test]
async fn keys_of_which_the_rules_allow_none_are_a_failed_fetch() {
    let (told, _guard) = Told::listen();
    let server = FaultServer::always(Answer::Hang).await;
    let (issuer, good) = (server.url(""), key("a"));
    let (answer, set) = (metadata(&issuer, |_| ()), jwks([&good]));
    server
        .script(move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() });
    let with = |algorithm| {
        let provider = Oidc::issuer(&issuer).with_audience(AUDIENCE).with_remote(&remote());
        provider.with_rules(move |rules| rules.with_algorithms([algorithm]))
    };
    let error = with(Algorithm::RS256).discover().await.unwrap_err();
    assert_eq!(error.code(), "not_allowed");
    let words = "all keys are for ES256, and the rules of this service allow RS256 alone";
    assert!(error.to_string().contains(words), "{error}");
    assert!(!told.of(&issuer, words).is_empty());
    let started = with(Algorithm::RS256).start().unwrap();
    until("the fetch", || started.status().failures >= 1).await;
    assert!(!started.has_keys());
    let verdict = fresh(started.verifier(), &token_of(&good, &issuer)).await;
    assert_eq!(verdict, Err(Reason::AlgorithmNotAllowed), "whose token it is does not matter");

    let provider = with(Algorithm::ES256).discover().await.unwrap();
    assert_eq!(held(provider.verifier(), &token_of(&good, &issuer)), Ok(()));
}

/// It is a good answer, and the key that is held is not in it: whether the rules do not allow those that are, or the
/// metadata do not name them.
#[tokio::test]
async fn keys_of_which_none_is_for_this_service_take_those_of_before_away() {
    const BOTH: [Algorithm; 2] = [Algorithm::ES256, Algorithm::EdDSA];
    let rows: [(&str, Value, &[Algorithm]); 2] = [
        ("not_allowed", json!(["ES256", "EdDSA"]), &[Algorithm::ES256]),
        ("unnamed", json!(["ES256"]), &BOTH),
    ];
    for (code, named, allowed) in rows {
        let (told, _guard) = Told::listen();
        let server = FaultServer::always(Answer::Hang).await;
        let issuer = server.url("");
        let (good, new) =
            (key("a"), SigningKey::generate(Algorithm::EdDSA).unwrap().with_key_id("b").unwrap());
        let answer =
            metadata(&issuer, |members| members["id_token_signing_alg_values_supported"] = named.clone());
        let serve = |set: String| {
            let answer = answer.clone();
            server.script(
                move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() },
            );
        };
        serve(jwks([&good]));
        let provider = Oidc::issuer(&issuer).with_audience(AUDIENCE).with_remote(&remote());
        let provider = provider.with_rules(|rules| rules.with_algorithms(allowed.iter().copied()));
        let provider = Arc::new(provider.discover().await.unwrap());
        let token = token_of(&good, &issuer);
        assert_eq!(held(provider.verifier(), &token), Ok(()));
        // Whoever is told of it looks at once what is left.
        let (asked, looked) = (provider.clone(), Arc::new(AtomicUsize::new(0)));
        let looks = looked.clone();
        told.each(move || {
            let (asked, (tell, told)) = (asked.clone(), mpsc::channel());
            thread::spawn(move || tell.send(asked.status()));
            assert!(told.recv_timeout(PATIENCE).is_ok(), "the status cannot be asked for");
            looks.fetch_add(1, Ordering::Relaxed);
        });
        serve(jwks([&new]));
        let stranger = token_of(&key("c"), &issuer);
        assert_eq!(fresh(provider.verifier(), &stranger).await, Err(Reason::KeysUnavailable), "{code}");
        assert_eq!(provider.status().error.map(|error| error.code()), Some(code));
        assert_eq!(fresh(provider.verifier(), &token).await, Err(Reason::KeysUnavailable), "{code}");
        assert!(!provider.has_keys() && looked.load(Ordering::Relaxed) > 0, "{code}");
        assert!(!told.of(&issuer, "the keys that were held are withdrawn").is_empty(), "{code}");
        // Whatever the provider says next is compared with nothing.
        serve(jwks([&good]));
        provider.purge();
        provider.wait().await.unwrap();
        assert_eq!(held(provider.verifier(), &token), Ok(()), "{code}");
    }
}

#[tokio::test]
async fn a_new_algorithm_or_address_of_the_keys_is_seen_with_the_first_token_that_needs_it() {
    let (old, new) = (key("a"), SigningKey::generate(Algorithm::EdDSA).unwrap().with_key_id("b").unwrap());
    for moves in [false, true] {
        let server = FaultServer::always(Answer::Hang).await;
        let issuer = server.url("");
        let named = |algorithm: &str, keys: &str| {
            let (algorithm, keys) = (algorithm.to_owned(), server.url(keys));
            metadata(&issuer, move |members| {
                members["id_token_signing_alg_values_supported"] = json!([algorithm]);
                members["jwks_uri"] = json!(keys);
            })
        };
        let serve = |metadata: Answer, sets: [(&'static str, String); 2]| {
            server.script(move |asked| match asked.path.as_str() {
                "/.well-known/openid-configuration" => metadata.clone(),
                path => match sets.iter().find(|(at, _)| *at == path) {
                    Some((_, set)) => Answer::json(set.clone()),
                    None => Answer::status(404),
                },
            });
        };
        let before = jwks([&old]);
        serve(named("ES256", "/jwks"), [("/jwks", before.clone()), ("/other", before.clone())]);
        let provider = Oidc::issuer(&issuer).with_audience(AUDIENCE).with_remote(&remote());
        let provider = provider.discover().await.unwrap();
        assert_eq!(held(provider.verifier(), &token_of(&old, &issuer)), Ok(()));
        // Where they move, the old address serves what it did.
        let (keys, first) = if moves { ("/other", before) } else { ("/jwks", jwks([&new])) };
        serve(named("EdDSA", keys), [("/jwks", first), ("/other", jwks([&new]))]);
        assert_eq!(fresh(provider.verifier(), &token_of(&new, &issuer)).await, Ok(()), "moves: {moves}");
        assert_eq!(held(provider.verifier(), &token_of(&old, &issuer)), Err(Reason::UnknownKey));
    }
}

#[tokio::test]
async fn keys_for_algorithms_that_the_provider_does_not_name_are_not_used() {
    let server = FaultServer::always(Answer::Hang).await;
    let (issuer, good) = (server.url(""), key("a"));
    let other = SigningKey::generate(Algorithm::EdDSA).unwrap().with_key_id("b").unwrap();
    let (answer, set) = (metadata(&issuer, |_| ()), jwks([&good, &other]));
    server
        .script(move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() });
    let provider = provider(&issuer, &remote());
    until("keys", || provider.has_keys()).await;
    assert_eq!(held(provider.verifier(), &token_of(&good, &issuer)), Ok(()));
    assert_eq!(held(provider.verifier(), &token_of(&other, &issuer)), Err(Reason::UnknownKey));
}

#[tokio::test]
async fn where_keys_have_moved_the_metadata_is_read_again() {
    let server = FaultServer::always(Answer::Hang).await;
    let (issuer, old, new) = (server.url(""), key("old"), key("new"));
    let (answer, set) = (metadata(&issuer, |_| ()), jwks([&old]));
    server
        .script(move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() });
    let provider = provider(&issuer, &remote());
    until("keys", || provider.has_keys()).await;
    let moved =
        metadata(&issuer, |it| it["jwks_uri"] = json!(format!("{}/moved", it["issuer"].as_str().unwrap())));
    let set = jwks([&new]);
    server.script(move |asked| match asked.path.as_str() {
        OPENID => moved.clone(),
        "/moved" => Answer::json(set.clone()),
        _ => Answer::status(404),
    });
    // The first one finds the old address dead. What comes after that is the schedule's doing.
    assert_eq!(fresh(provider.verifier(), &bogus()()).await, Err(Reason::UnknownKey));
    until("the new keys", || held(provider.verifier(), &token_of(&new, &issuer)).is_ok()).await;
    assert_eq!(held(provider.verifier(), &token_of(&old, &issuer)), Err(Reason::UnknownKey));
    assert_eq!((server.count(OPENID), server.count("/moved")), (2, 1));
}

#[tokio::test]
async fn metadata_that_cannot_be_read_again_takes_no_keys_away() {
    for outage in [Answer::status(500), Answer::Hang] {
        let server = FaultServer::always(Answer::Hang).await;
        let (issuer, old, new) = (server.url(""), key("old"), key("new"));
        let serve = |metadata: Answer, set: String| {
            server.script(move |asked| match asked.path.as_str() {
                "/jwks" => Answer::json(set.clone()),
                _ => metadata.clone(),
            });
        };
        serve(metadata(&issuer, |_| ()), jwks([&old]));
        let provider = provider(&issuer, &remote());
        until("keys", || provider.has_keys()).await;
        serve(outage, jwks([&old]));
        // Whoever makes up a key has the metadata read again: in vain, and for nobody's harm.
        let asked = Instant::now();
        assert_eq!(fresh(provider.verifier(), &bogus()()).await, Err(Reason::UnknownKey));
        until("a good fetch", || provider.status().age.is_some_and(|age| age < asked.elapsed())).await;
        serve(Answer::status(500), jwks([&old, &new]));
        assert_eq!(fresh(provider.verifier(), &token_of(&new, &issuer)).await, Ok(()));
        assert_eq!((server.count("/jwks"), provider.status().failures), (3, 0));
    }
}

/// Sends what is for `https://id.example.com` to a server of ours: what a terminating proxy does.
#[derive(Clone)]
struct Terminated {
    inner: jwt_remote::reqwest::Client,
    to: String,
}

impl HttpClient for Terminated {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        request.url = request.url.replacen("https://id.example.com", &self.to, 1);
        HttpClient::send(&self.inner, request)
    }
}

/// What an `https` issuer may not do, though an issuer on this machine might: have us ask this machine's own services.
#[tokio::test]
async fn an_issuer_with_tls_names_no_address_without() {
    for (address, expected) in [
        ("http://127.0.0.1:PORT/jwks", Some("keys_address")),
        ("http://localhost:PORT/jwks", Some("keys_address")),
        ("http://[::1]:PORT/jwks", Some("keys_address")),
        ("http://id.example.com/jwks", Some("keys_address")),
        ("https://user:password@id.example.com/jwks", Some("keys_address")),
        ("https://id.example.com/jwks", None),
    ] {
        let (server, issuer, good) =
            (FaultServer::always(Answer::Hang).await, "https://id.example.com", key("a"));
        let address = address.replace("PORT", &server.address().port().to_string());
        let (answer, set) = (metadata(issuer, |it| it["jwks_uri"] = json!(address)), jwks([&good]));
        server.script(
            move |asked| if asked.path == "/jwks" { Answer::json(set.clone()) } else { answer.clone() },
        );
        let inner = client();
        let provider = provider(issuer, &Remote::with_client(Terminated { inner, to: server.url("") }));
        until(&address, || provider.has_keys() || provider.status().failures >= 1).await;
        let error = provider.status().error.map(|error| error.code());
        assert_eq!((error, provider.has_keys()), (expected, expected.is_none()), "{address}");
        assert_eq!(server.count("/jwks"), usize::from(expected.is_none()), "{address}");
    }
}
