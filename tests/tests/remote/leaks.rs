//! What leaks where keys, verdicts and tokens live elsewhere: nothing of what a server answers, of an address that may
//! hold a secret, of the credentials of this service or of a token into logs, texts or responses.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::{Algorithm, HmacSecret, Reason, RequestAuth, SigningKey};
use jwt_remote::{ClientAuth, Introspection, Oidc, Remote, RemoteKeys, ServiceToken, ServiceTokenLayer};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, ISSUER, sign_raw};
use tests::wire::Request;
use tower::{Layer as _, ServiceExt as _};

use super::fault_server::{Answer, FaultServer, Response};
use super::faults::oct;
use super::{bogus, jwk, key, remote, set_of, until, verifier};
use crate::attacks::covers;
use crate::canaries::Secrets;
use crate::logged;
use crate::parity::{Table, routes};

covers! {
    nothing_of_a_provider_is_told [89];
    nothing_of_an_introspection_is_told [89];
    nothing_of_a_services_own_token_is_told [89];
    nothing_of_an_address_that_is_no_good_is_told [89];
}

const BODY: &str = "canary-in-a-body-7d1f93b5c0e2486a";
const FIELD: &str = "canary-in-a-field-2c84e6a09f1b7d35";
const QUERY: &str = "canary-in-a-query-b05f7e21d8c3496a";
const USER: &str = "canary-user-e93a5c1740fb6d28";
const PASSWORD: &str = "canary-password-48d6b20e7f91ac53";
const FRAGMENT: &str = "canary-in-a-fragment-61ae05c7d9f2b384";
const SECRET: &str = "canary-client-secret-f27b04d98e1c6a53";
const OPAQUE: &str = "canary-opaque-token-9e3c71a5d80b6f42";
const FETCHED: &str = "canary-fetched-token-05d8f3b7c92e61a4";
const CLAIM: &str = "canary-claim-value-3f9b6e08d5a1c274";
const KID: &str = "canary-unknown-kid-a8c25e90d7f4";

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    for canary in [BODY, FIELD, QUERY, USER, PASSWORD, FRAGMENT, SECRET, OPAQUE, FETCHED, CLAIM, KID] {
        secrets.add(canary);
        secrets.must_find(canary);
    }
    secrets
}

/// Answers that give nothing, full of what must not be told.
fn bad_answers() -> Vec<(&'static str, Answer)> {
    let response = |status, body: &str| {
        Response::new(status, body).with("x-canary", FIELD).with("set-cookie", format!("session={FIELD}"))
    };
    let shapes = json!({
        "keys": BODY, "issuer": 7, "jwks_uri": BODY, "active": BODY, "access_token": [BODY], "token_type": BODY,
        "error": BODY, "error_description": BODY,
    });
    let elsewhere = format!("http://{USER}:{PASSWORD}@127.0.0.1:9/?key={QUERY}#{FRAGMENT}");
    let challenge = format!(r#"Bearer error="{FIELD}", error_description="{FIELD}""#);
    vec![
        ("500", Answer::Good(response(500, BODY))),
        ("401", Answer::Good(response(401, BODY).with("www-authenticate", challenge))),
        ("400", Answer::Good(response(400, &shapes.to_string()))),
        ("a redirect", Answer::Good(response(302, BODY).with("location", elsewhere))),
        ("no JSON", Answer::Good(response(200, BODY))),
        ("JSON of another shape", Answer::Good(response(200, &shapes.to_string()))),
        ("an array", Answer::Good(response(200, &json!([BODY]).to_string()))),
        ("compressed", Answer::Good(response(200, BODY).with("content-encoding", FIELD))),
        ("a broken field", Answer::Raw(format!("HTTP/1.1 200 OK\r\n{FIELD} \r\n\r\n{BODY}").into())),
        ("no HTTP", Answer::Raw(BODY.into())),
        ("cut off", Answer::CutOff(response(200, BODY))),
        ("a reset", Answer::Reset),
    ]
}

/// Fails if anything of it was logged, or if these events were not.
fn finish(mut secrets: Secrets, events: &[&str], at_least: usize) {
    let (log, records) = logged::everything();
    for (place, log) in [("event", log), ("record", records)] {
        let lines = log.lines();
        for event in events {
            assert!(lines.iter().any(|line| line.contains(event)), "{place}: no {event}");
        }
        lines.iter().for_each(|line| secrets.search(place, line));
    }
    secrets.finish(at_least);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_provider_is_told() {
    logged::everything();
    let mut secrets = secrets();
    let (server, remote) = (FaultServer::always(Answer::Reset).await, remote());
    let address = server.url(&format!("/jwks?key={QUERY}"));
    for (name, answer) in bad_answers() {
        server.answers(answer);
        let builder = RemoteKeys::at(&address).with_remote(&remote);
        secrets.shown(name, &builder);
        let keys = builder.start().unwrap();
        secrets.told(name, &keys.wait().await.unwrap_err());
        secrets.shown(name, &keys);
        secrets.shown(name, &keys.status());
        secrets.told(name, &keys.status().error.unwrap());
        secrets.told(name, &verifier(&keys).verify_fresh(&bogus()()).await.unwrap_err());
        let provider = Oidc::issuer(server.url("")).with_audience(AUDIENCE).with_remote(&remote);
        secrets.shown(name, &provider);
        let provider = provider.start().unwrap();
        secrets.told(name, &provider.wait().await.unwrap_err());
        secrets.shown(name, &provider);
    }

    // Keys that should not be published, beside one that should.
    let private: Value = serde_json::from_str(&key("private").insecure_private_jwk().unwrap()).unwrap();
    secrets.add_private(&private);
    secrets.add_private(&oct());
    let broken = json!({"kty": "EC", "crv": "P-256", "x": BODY, "y": BODY, "d": BODY, "k": BODY});
    let odd = json!({"kty": "quantum", "n": BODY, "x5c": [BODY]});
    let bad = [private, oct(), broken, odd];
    let set = |keys: Vec<Value>| Response::json(set_of(keys)).with("etag", format!(r#""{FIELD}""#));
    server.answers(Answer::Good(set(bad.to_vec())));
    let none = RemoteKeys::at(&address).with_remote(&remote).fetch().await.unwrap_err();
    secrets.told("private keys", &none);
    let good = key("good");
    server.answers(Answer::Good(set(bad.into_iter().chain([jwk(&good)]).collect())));
    let keys = RemoteKeys::at(&address).with_remote(&remote).fetch().await.unwrap();
    secrets.shown("keys", &keys);
    secrets.shown("live keys", &keys.live());
    secrets.shown("skipped keys", keys.live().load().unwrap().skipped());
    let header = json!({"alg": "ES256", "kid": KID}).to_string();
    for token in [bogus()(), sign_raw(&good, &header, "{}")] {
        secrets.told("an unknown key", &verifier(&keys).verify_fresh(&token).await.unwrap_err());
    }

    // What the provider says of itself.
    let issuer = server.url("");
    let with_credentials = |port: &str| format!("http://{USER}:{PASSWORD}@127.0.0.1:{port}/?key={QUERY}");
    for (jwks_uri, variant) in [
        (with_credentials("9"), "NotPlain"),
        (with_credentials("port"), "Malformed"),
        (format!("http://127.0.0.1:port/?key={QUERY}#{FRAGMENT}"), "Malformed"),
        (format!("ftp://127.0.0.1/?key={QUERY}"), "NotHttps"),
        (format!("http://127.0.0.1/jwks?key={QUERY}#{FRAGMENT}"), "NotPlain"),
        (address.clone(), "Status"),
    ] {
        let document = json!({
            "issuer": issuer, "jwks_uri": jwks_uri, "token_endpoint": with_credentials("port"), "unknown": BODY,
        });
        server.script(move |asked| match &*asked.path {
            "/.well-known/openid-configuration" => Answer::json(document.to_string()),
            _ => Answer::Good(Response::new(500, BODY)),
        });
        let provider = Oidc::issuer(&*issuer).with_audience(AUDIENCE).with_remote(&remote);
        let provider = provider.start().unwrap();
        let error = provider.wait().await.unwrap_err();
        assert!(format!("{error:?}").contains(variant), "{jwks_uri}: {error:?}");
        secrets.told("metadata", &error);
        secrets.shown("metadata", &provider);
        secrets.shown("metadata", &provider.status());
        let own = ServiceToken::issuer(&*issuer, ClientAuth::post("orders", SECRET)).with_remote(&remote);
        secrets.told("metadata", &own.fetch().await.unwrap_err());
    }
    let events = ["keys were never fetched", "a key of a JWK set is not used", "keys of a fetched set"];
    finish(secrets, &events, 500);
}

/// Every way to authenticate, with its secret among what must not be told.
fn credentials(secrets: &mut Secrets) -> Vec<ClientAuth> {
    let signing = SigningKey::generate(Algorithm::ES256).unwrap();
    secrets.add_private(&serde_json::from_str(&signing.insecure_private_jwk().unwrap()).unwrap());
    // The id stands before it, and is no secret.
    secrets.add(&STANDARD.encode(format!("orders:{SECRET}"))[10..]);
    vec![
        ClientAuth::basic("orders", SECRET),
        ClientAuth::post("orders", SECRET),
        ClientAuth::private_key_jwt("orders", signing),
    ]
}

/// What the server was sent: a secret is sent to be good, and an assertion is one as well.
fn sent(server: &FaultServer, secrets: &mut Secrets) -> usize {
    let Some(asked) = server.last() else { return 0 };
    let body = String::from_utf8(asked.body.clone()).unwrap();
    let assertion = body.split('&').find_map(|field| field.strip_prefix("client_assertion="));
    assertion.iter().flat_map(|assertion| assertion.split('.').skip(1)).for_each(|part| secrets.add(part));
    let is_basic = asked.field("authorization").is_some_and(|field| field.starts_with("Basic "));
    usize::from(is_basic || body.contains(SECRET) || assertion.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_an_introspection_is_told() {
    logged::everything();
    let mut secrets = secrets();
    let (server, remote) = (FaultServer::always(Answer::Reset).await, remote());
    let start = |auth: &ClientAuth, remote: &Remote| {
        let builder = Introspection::at(server.url(&format!("/introspect?key={QUERY}")), auth.clone());
        builder.with_audience(AUDIENCE).with_issuer(ISSUER).with_remote(remote)
    };
    let about = |change: Value| {
        let mut answer = json!({
            "active": true, "sub": CLAIM, "aud": AUDIENCE, "iss": ISSUER, "exp": 4_102_444_800_u64, "email": CLAIM,
            "username": CLAIM, "scope": CLAIM, "sid": CLAIM,
        });
        change.as_object().unwrap().iter().for_each(|(name, value)| answer[name] = value.clone());
        Answer::json(answer.to_string())
    };
    let refused = [
        ("inactive", about(json!({"active": false}))),
        ("another audience", about(json!({"aud": CLAIM}))),
        ("another issuer", about(json!({"iss": CLAIM}))),
        ("another kind", about(json!({"token_type": CLAIM}))),
        ("a date that is none", about(json!({"exp": CLAIM}))),
        ("bound", about(json!({"cnf": {"jkt": CLAIM}}))),
    ];
    let mut credentials_sent = 0;
    for auth in credentials(&mut secrets) {
        secrets.shown("credentials", &auth);
        secrets.shown("builder", &start(&auth, &remote));
        for (name, answer) in refused.iter().cloned().chain(bad_answers()) {
            server.answers(answer);
            let introspection = start(&auth, &remote).start().unwrap();
            let error = introspection.introspect(OPAQUE).await.unwrap_err();
            credentials_sent += sent(&server, &mut secrets);
            let is_refused = refused.iter().any(|(refused, _)| *refused == name);
            assert_eq!(error.reason() != Reason::StoreUnavailable, is_refused, "{name}: {error}");
            secrets.told(name, &error);
            secrets.search(name, error.detail().unwrap_or_default());
            secrets.shown(name, &introspection);
            secrets.shown(name, &introspection.last_error());
            introspection.last_error().iter().for_each(|error| secrets.told(name, error));
        }
        server.answers(about(json!({})));
        let introspection = start(&auth, &remote).start().unwrap();
        let verified = introspection.introspect(OPAQUE).await.unwrap();
        credentials_sent += sent(&server, &mut secrets);
        assert_eq!(verified.subject(), Some(CLAIM));
        secrets.shown("verified", &verified);
        secrets.shown("introspection", &introspection);

        // Over sockets: a good one where more is needed, one that is refused, and one that nobody can ask about.
        let rules = RequestAuth::new(start(&auth, &remote).with_cache_for(Duration::ZERO).start().unwrap());
        secrets.shown("rules", &rules);
        let table = Table::new("opaque", &routes(&rules));
        let unavailable = Answer::Good(Response::new(503, BODY).with("retry-after", FIELD));
        for (answer, status) in [(about(json!({})), 403), (refused[0].1.clone(), 401), (unavailable, 503)] {
            server.answers(answer);
            let path = if status == 403 { "/admin" } else { "/me" };
            // Each another token, for what is known of one is not asked again.
            let request = Request::get(path).bearer(&format!("{OPAQUE}-{status}"));
            for (framework, response) in tokio::task::block_in_place(|| table.ask(&request)) {
                assert_eq!(response.status, status, "{framework}");
                secrets.search(&format!("response of {framework}"), &response.raw);
            }
            credentials_sent += sent(&server, &mut secrets);
        }
        table.finish(3);
    }
    assert!(credentials_sent >= 3 * 15, "{credentials_sent}");
    let events =
        ["the introspection endpoint does not take the credentials", "did not say whether a token is good"];
    finish(secrets, &events, 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_services_own_token_is_told() {
    logged::everything();
    let mut secrets = secrets();
    let (server, remote) = (FaultServer::always(Answer::Reset).await, remote());
    let address = server.url(&format!("/token?key={QUERY}"));
    let granted = |change: Value| {
        let mut answer =
            json!({"access_token": FETCHED, "token_type": "Bearer", "expires_in": 600, "scope": BODY});
        change.as_object().unwrap().iter().for_each(|(name, value)| answer[name] = value.clone());
        Answer::Good(Response::json(answer.to_string()).with("x-canary", FIELD))
    };
    let refused = [
        ("another kind", granted(json!({"token_type": BODY}))),
        ("no lifetime", granted(json!({"expires_in": BODY}))),
        ("no token", granted(json!({"access_token": format!("{FETCHED} {BODY}")}))),
        ("two members", granted(json!({"access_token": {"access_token": FETCHED}}))),
    ];
    for auth in credentials(&mut secrets) {
        let builder =
            || ServiceToken::at(&*address, auth.clone()).with_scopes(["stock:read"]).with_remote(&remote);
        secrets.shown("builder", &builder());
        for (name, answer) in refused.iter().cloned().chain(bad_answers()) {
            server.answers(answer);
            let token = builder().start().unwrap();
            secrets.told(name, &token.token().await.unwrap_err());
            secrets.shown(name, &token);
            secrets.shown(name, &token.status());
            let error = builder().fetch().await.unwrap_err();
            assert!(sent(&server, &mut secrets) > 0, "{name}");
            secrets.told(name, &error);
        }
        server.answers(granted(json!({})));
        let token = builder().fetch().await.unwrap();
        let held = token.token().await.unwrap();
        assert_eq!(held.as_str(), FETCHED);
        secrets.shown("own token", &token);
        secrets.shown("held", &held);
        secrets.shown("field", &held.header_value());

        // In a request of its own, which a resource refuses.
        let stock = |request: http::Request<()>| async move {
            let is_there = request
                .headers()
                .get("authorization")
                .is_some_and(|field| field == &format!("Bearer {FETCHED}"));
            let status = if is_there { 401 } else { 500 };
            Ok::<_, std::convert::Infallible>(
                http::Response::builder().status(status).body(format!("{request:?}")).unwrap(),
            )
        };
        let layer = ServiceTokenLayer::for_origins(&token, ["https://stock.example.com"]).unwrap();
        secrets.shown("layer", &layer);
        server.answers(Answer::Good(Response::new(400, json!({"error": BODY}).to_string())));
        let request = http::Request::get("https://stock.example.com/").body(()).unwrap();
        let response = layer.layer(tower::service_fn(stock)).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 401);
        secrets.search("request", response.body());
        until("the renewal fails", || token.status().failures > 0).await;
        sent(&server, &mut secrets);
        secrets.shown("own token", &token);
    }
    let events = [
        "this service has no token of its own",
        "less scope than was asked for",
        "a resource answers 401",
        "own token could not be renewed",
    ];
    finish(secrets, &events, 300);
}

/// Whatever was configured: also what is no address has a password in it.
#[tokio::test]
async fn nothing_of_an_address_that_is_no_good_is_told() {
    logged::everything();
    let mut secrets = secrets();
    let remote = remote();
    let auth = || ClientAuth::basic("orders", SECRET);
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let token =
        ServiceToken::at("https://id.example.com/token", auth()).with_remote(&remote).start().unwrap();
    for address in [
        format!("https://{USER}:{PASSWORD}@id.example.com/"),
        format!("https://{USER}@id.example.com/"),
        format!("https://{USER}:{PASSWORD}@id.example.com:port/"),
        format!("https://{USER}:{PASSWORD}?{PASSWORD}@id.example.com/"),
        format!("https://{USER}:{PASSWORD}#{PASSWORD}@id.example.com/"),
        format!("https://{USER}:{PASSWORD}/{PASSWORD}@id.example.com/"),
        format!("//{USER}:{PASSWORD}@id.example.com/"),
        format!("{USER}:{PASSWORD}@id.example.com/"),
        format!("https://id.example.com:port/?key={QUERY}"),
        format!("https://id.example.com:port/#{FRAGMENT}"),
        format!("https://id.example.com/?mail=a@{QUERY}#{FRAGMENT}"),
        format!("ftp://id.example.com/?key={QUERY}"),
        format!("http://id.example.com/?key={QUERY}"),
    ] {
        let keys = RemoteKeys::at(&address).with_remote(&remote);
        secrets.shown(&address, &keys);
        secrets.panicked(&address, || drop(keys.clone().start().unwrap()));
        let issuer = Oidc::issuer(&address).with_audience(AUDIENCE).with_remote(&remote);
        secrets.shown(&address, &issuer);
        let tenants = |template: String| Oidc::tenants(template).with_audience(AUDIENCE).allow(["a"]);
        let (one, none) = (format!("{address}{{tenant}}"), address.clone());
        secrets.shown(&address, &tenants(one.clone()));
        for error in [
            keys.start().map(drop).unwrap_err(),
            issuer.start().map(drop).unwrap_err(),
            tenants(one).with_remote(&remote).start().map(drop).unwrap_err(),
            tenants(none).with_remote(&remote).start().map(drop).unwrap_err(),
            ServiceToken::at(&address, auth()).with_remote(&remote).start().map(drop).unwrap_err(),
            ServiceToken::issuer(&address, auth()).with_remote(&remote).start().map(drop).unwrap_err(),
        ] {
            secrets.told(&address, &error);
        }
        let introspection = Introspection::at(&address, auth()).without_audience().with_issuer(ISSUER);
        secrets.told(&address, &introspection.with_remote(&remote).start().map(drop).unwrap_err());
        secrets.told(&address, &ServiceTokenLayer::for_origins(&token, [&address]).map(drop).unwrap_err());
    }
    // Credentials that cannot be used.
    let shared = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    secrets.add_private(&serde_json::from_str(&shared.insecure_private_jwk().unwrap()).unwrap());
    for auth in [
        ClientAuth::basic("", SECRET),
        ClientAuth::post("", SECRET),
        ClientAuth::private_key_jwt("orders", shared),
    ] {
        secrets.shown("credentials", &auth);
        let token = ServiceToken::at("https://id.example.com/token", auth).with_remote(&remote);
        secrets.shown("builder", &token);
        secrets.told("credentials", &token.start().map(drop).unwrap_err());
    }
    finish(secrets, &[], 300);
}
