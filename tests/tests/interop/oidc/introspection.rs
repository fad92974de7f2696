//! Opaque tokens, of which the provider alone says what they are (RFC 7662), in every framework.

use jwt_core::{Algorithm, IntoRequestAuth, Ready, SigningKey};
use jwt_remote::{ClientAuth, Either, FetchError, Introspection, IntrospectionBuilder};

use super::client::{random, revoke, service_token};
use super::*;

/// The service, as a client of the provider that may ask.
fn introspection(provider: &Provider, client: ClientAuth) -> IntrospectionBuilder<Ready> {
    Introspection::at(format!("{}/token/introspection", provider.issuer()), client)
        .with_audience(AUDIENCE)
        .with_issuer(provider.issuer())
        .with_remote(&remote())
}

fn by_basic() -> ClientAuth {
    ClientAuth::basic("resource-server", "secret")
}

fn behind(framework: Framework, auth: impl IntoRequestAuth) -> (TestServer, User) {
    let server = TestServer::start(framework, protected(&auth.into_request_auth())).unwrap();
    let user = User::of(&server);
    (server, user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn opaque_tokens_and_jwts_are_good_behind_one_layer() {
    let provider = Provider::start().await;
    for framework in Framework::ALL {
        let oidc = service(&provider).discover().await.unwrap();
        let asked = provider.requests("/token/introspection").await;
        let both = Either::new(oidc, introspection(&provider, by_basic()).start().unwrap());
        let (_server, user) = behind(*framework, both);

        let opaque = service_token(&provider, "service-opaque", AUDIENCE).await;
        for _ in 0..3 {
            let answer = user.present(&opaque).await;
            assert_eq!(answer.status, 200, "{framework}: {answer:?}");
            assert!(answer.body.contains(r#""client_id":"service-opaque""#), "{framework}: {answer:?}");
        }
        assert_eq!(provider.requests("/token/introspection").await, asked + 1, "{framework}: it is held");

        let foreign = service_token(&provider, "service-opaque", FOREIGN_AUDIENCE).await;
        for (what, token) in [("for others", foreign), ("made up", random())] {
            let answer = user.present(&token).await;
            assert_eq!(answer.status, 401, "{framework}: {what}: {answer:?}");
            assert!(answer.challenge.unwrap().contains("invalid_token"), "{framework}: {what}");
        }

        // A JWT is nobody's business but ours.
        let asked = provider.requests("/token/introspection").await;
        let jwt = service_token(&provider, "service-EdDSA", AUDIENCE).await;
        assert_eq!(user.status(&jwt).await, 200, "{framework}");
        let (signed, _) = jwt.rsplit_once('.').unwrap();
        assert_eq!(user.status(&format!("{signed}.{}", "A".repeat(86))).await, 401, "{framework}");
        assert_eq!(provider.requests("/token/introspection").await, asked, "{framework}");
    }
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn the_service_may_say_who_it_is_in_three_ways() {
    let provider = Provider::start().await;
    let token = service_token(&provider, "service-opaque", AUDIENCE).await;
    let key = SigningKey::from_pem(Algorithm::ES256, provider.client_key()).unwrap();
    let key = key.with_key_id("client").unwrap();
    for client in [
        by_basic(),
        ClientAuth::post("resource-server-post", "secret"),
        ClientAuth::private_key_jwt("resource-server-key", key).with_audience(provider.issuer()),
    ] {
        let method = client.method();
        let introspection = introspection(&provider, client).start().unwrap();
        let verified = introspection.introspect(&token).await;
        let verified = verified.unwrap_or_else(|_| panic!("{method}: {:?}", introspection.last_error()));
        assert_eq!(verified.client_id().as_deref(), Some("service-opaque"), "{method}");
        assert!(verified.has_scope("read"), "{method}");
        assert!(verified.expires_at().is_some(), "{method}");
    }
    // A service that may not ask is broken, and its callers' tokens are not bad.
    let nobody = introspection(&provider, ClientAuth::basic("resource-server", "wrong")).start().unwrap();
    let error = nobody.introspect(&token).await.unwrap_err();
    assert_eq!(error.reason(), jwt_core::Reason::StoreUnavailable);
    assert!(matches!(nobody.last_error(), Some(FetchError::Status { status: 401, .. })));
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_revoked_token_is_refused_at_once_where_nothing_is_held() {
    let provider = Provider::start().await;
    let introspection = introspection(&provider, by_basic()).with_cache_for(Duration::ZERO).start().unwrap();
    let token = service_token(&provider, "service-opaque", AUDIENCE).await;
    assert!(introspection.introspect(&token).await.is_ok());
    revoke(&provider, "service-opaque", &token).await;
    let error = introspection.introspect(&token).await.unwrap_err();
    assert_eq!(error.reason(), jwt_core::Reason::Inactive);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn what_is_held_serves_while_the_provider_is_gone_and_the_rest_is_503() {
    let provider = Provider::start().await;
    for framework in Framework::ALL {
        let introspection = introspection(&provider, by_basic()).start().unwrap();
        let (_server, user) = behind(*framework, introspection.clone());
        let held = service_token(&provider, "service-opaque", AUDIENCE).await;
        let other = service_token(&provider, "service-opaque", AUDIENCE).await;
        assert_eq!(user.status(&held).await, 200, "{framework}");
        provider.ask("down").await;
        assert_eq!(user.status(&held).await, 200, "{framework}");
        let answer = user.present(&other).await;
        assert_eq!((answer.status, answer.retry_after.is_some()), (503, true), "{framework}: {answer:?}");
        assert!(introspection.last_error().is_some(), "{framework}");
        provider.ask("up").await;
        until("the provider's answer", async || user.status(&other).await == 200).await;
    }
}
