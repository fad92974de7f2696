//! Metadata, keys and tokens in the shapes that well-known providers publish, with keys of our own and tenants that
//! nobody has; only the host is this machine. Each provider's good token is good, its neighbour's is not.

mod shapes;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::{Algorithm, Clock as _, Presented, Reason, SigningKey, SystemClock, TokenAuthority};
use jwt_remote::Oidc;
use serde_json::{Map, Value, json};
use tests::tokens::sign_raw;
use tracing::Level;

use crate::attacks::covers;

use self::shapes::{Provider, auth0, cognito, entra, google, keycloak, merged, okta, sap, set, signing};
use super::certificate::self_signed;
use super::fault_server::{Answer, FaultServer};
use super::told::Told;
use super::{fresh, held, jwk, remote};

/// RSA, which takes a while to make: two keys for the providers, one for whoever is not.
static KEYS: LazyLock<[SigningKey; 3]> = LazyLock::new(|| {
    ["f3b1c2d4e5a60718", "0a1b2c3d4e5f6071", "attacker"]
        .map(|key_id| tests::backend::generate(Algorithm::RS256).with_key_id(key_id).unwrap())
});

fn kid(key: usize) -> String {
    KEYS[key].key_id().unwrap().to_string()
}

fn now() -> u64 {
    SystemClock.now().as_secs()
}

type Shape = fn(&str, &str) -> Provider;

const SHAPES: [Shape; 7] = [google, entra, cognito, auth0, okta, keycloak, sap];

covers! {
    what_providers_publish_is_understood_and_their_neighbours_are_refused [72 75];
    an_address_in_a_token_is_never_asked [73];
    a_tenant_that_is_on_the_list_is_served_and_another_one_asks_nobody [75];
}

/// A provider, and a second host of it.
async fn serve(shape: Shape) -> (Provider, FaultServer, FaultServer) {
    let (server, other) = (FaultServer::always(Answer::Hang).await, FaultServer::always(Answer::Hang).await);
    let provider = shape(&server.url(""), &other.url(""));
    for server in [&server, &other] {
        let (metadata, keys) = (provider.metadata.clone(), provider.keys.clone());
        server.script(move |asked| match asked.path.as_str() {
            path if path == metadata.0 => Answer::json(metadata.1.to_string()),
            path if path == keys.0 => Answer::json(keys.1.to_string()),
            _ => Answer::status(404),
        });
    }
    (provider, server, other)
}

fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    sign_raw(key, header.to_string(), claims.to_string())
}

fn with(value: &Value, name: &str, member: impl Into<Value>) -> Value {
    merged(value.clone(), Value::Object(Map::from_iter([(name.to_owned(), member.into())])))
}

#[tokio::test]
async fn what_providers_publish_is_understood_and_their_neighbours_are_refused() {
    let [ours, other_one, attacker] = &*KEYS;
    for shape in SHAPES {
        let (given, server, other) = serve(shape).await;
        let Provider { name, issuer, header, claims, wrong, builder, .. } = given;
        let (told, _guard) = Told::listen();
        let provider = builder.with_remote(&remote()).discover().await;
        let warned = told.at_least(Level::WARN);
        assert!(warned.is_empty(), "{name}: nothing is amiss, also not a key for encryption: {warned:?}");
        let provider = provider.unwrap_or_else(|error| panic!("{name}: {error}"));
        let verifier = provider.verifier();
        let good = signed(ours, &header, &claims);
        let verified = verifier.verify(&good).unwrap_or_else(|error| panic!("{name}: {:?}", error.reason()));
        assert_eq!(
            (verified.issuer(), verified.subject()),
            (Some(&*issuer), claims["sub"].as_str()),
            "{name}"
        );
        if name == "Keycloak" {
            assert!(verified.has_role("buyer") && !verified.has_role("view-profile"));
        }
        let refused = |what: &str, token: &str, reason| {
            assert_eq!(held(verifier, token), Err(reason), "{name}: {what}");
        };
        for (claim, value, reason) in &wrong {
            refused(claim, &signed(ours, &header, &with(&claims, claim, value.clone())), *reason);
        }
        let elsewhere = with(&claims, "iss", "https://id.example.com/");
        refused("another issuer", &signed(ours, &header, &elsewhere), Reason::WrongIssuer);
        refused("expired", &signed(ours, &header, &with(&claims, "exp", now() - 60)), Reason::Expired);
        refused("by an attacker", &signed(attacker, &header, &claims), Reason::BadSignature);
        // The other key: for encryption at Keycloak, for signatures elsewhere.
        let by_other = with(&header, "kid", kid(1));
        let verdict = held(verifier, &signed(other_one, &by_other, &claims));
        let expected = if name == "Keycloak" { Err(Reason::UnknownKey) } else { Ok(()) };
        assert_eq!(verdict, expected, "{name}: by the other key");
        // A public key as a secret (RFC 8725 §2.1).
        let secret = with(&header, "alg", "HS256");
        refused("HS256", &signed(ours, &secret, &claims), Reason::AlgorithmNotAllowed);
        let asked = server.gauge().asked + other.gauge().asked;
        assert_eq!(asked, 2, "{name}: metadata and keys, once each");
    }
}

/// Each tenant of Entra ID has an issuer of its own; whoever opens another one asks nobody anything.
#[tokio::test]
async fn a_tenant_that_is_on_the_list_is_served_and_another_one_asks_nobody() {
    let (given, server, other) = serve(entra).await;
    let Provider { issuer, header, claims, .. } = given;
    let (base, audience) = (server.url(""), claims["aud"].as_str().unwrap());
    let tenants = Oidc::tenants(format!("{base}/{{tenantid}}/v2.0")).with_audience(audience);
    let tenants = tenants.allow([claims["tid"].as_str().unwrap()]).with_remote(&remote()).start().unwrap();
    let verdict = async |token: &str| {
        let verdict = TokenAuthority::verify(&tenants, &Presented::new(token)).decide().await;
        verdict.map(|verified| verified.issuer().map(str::to_owned)).map_err(|error| error.reason())
    };
    let with_issuer = |issuer: String| signed(&KEYS[0], &header, &with(&claims, "iss", issuer));
    for stranger in [
        format!("{base}/99999999-1111-2222-3333-444444444444/v2.0"),
        format!("{base}/common/v2.0"),
        format!("{base}/{{tenantid}}/v2.0"),
        format!("{issuer}/"),
        issuer.replace(&base, &other.url("")),
    ] {
        assert_eq!(verdict(&with_issuer(stranger.clone())).await, Err(Reason::UntrustedIssuer), "{stranger}");
    }
    assert_eq!((server.gauge().asked, other.gauge().asked), (0, 0), "nobody is asked for a stranger");
    assert_eq!(verdict(&signed(&KEYS[0], &header, &claims)).await, Ok(Some(issuer)));
    assert_eq!(verdict(&signed(&KEYS[2], &header, &claims)).await, Err(Reason::BadSignature));
    assert_eq!(server.gauge().asked, 2, "metadata and keys, once each");
}

/// SAP's own libraries follow `jku`; whoever does so for any address takes an attacker's keys.
#[tokio::test]
async fn an_address_in_a_token_is_never_asked() {
    let attacker = &KEYS[2];
    let keys = set([signing(attacker)]).to_string();
    let trap = FaultServer::always(Answer::json(keys)).await;
    for shape in SHAPES {
        let (given, server, _other) = serve(shape).await;
        let Provider { name, header, claims, builder, .. } = given;
        let provider = builder.with_remote(&remote()).discover().await.unwrap();
        let verifier = provider.verifier();
        for member in ["jku", "x5u"] {
            let asked = server.gauge().asked;
            let lured = with(&header, member, trap.url("/token_keys"));
            assert_eq!(fresh(verifier, &signed(&KEYS[0], &lured, &claims)).await, Ok(()), "{name}: {member}");
            assert_eq!(fresh(verifier, &signed(attacker, &lured, &claims)).await, Err(Reason::BadSignature));
            assert_eq!(server.gauge().asked, asked, "{name}: a bad signature fetches nothing");
            let unknown = with(&lured, "kid", "attacker");
            assert_eq!(fresh(verifier, &signed(attacker, &unknown, &claims)).await, Err(Reason::UnknownKey));
        }
        let certificate = STANDARD.encode(self_signed(attacker, "id.example.com"));
        let own = with(&header, "x5c", json!([certificate]));
        assert_eq!(
            fresh(verifier, &signed(attacker, &own, &claims)).await,
            Err(Reason::BadSignature),
            "{name}"
        );
        let embedded = with(&header, "jwk", jwk(attacker));
        assert_eq!(fresh(verifier, &signed(attacker, &embedded, &claims)).await, Err(Reason::EmbeddedKey));
    }
    assert_eq!(trap.gauge().connections, 0);
}
