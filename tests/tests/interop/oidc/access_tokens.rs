//! Discovery, client credentials and access tokens, in every framework.

use super::client::{Authentication, Browser, service_token, token_response};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn tokens_of_every_algorithm_are_good_and_those_for_others_are_not() {
    let provider = Provider::start().await;
    for framework in Framework::ALL {
        let oidc = service(&provider).discover().await.unwrap();
        let (_server, user) = protect(*framework, &oidc);
        for algorithm in ALGORITHMS {
            let client = format!("service-{algorithm}");
            let token = service_token(&provider, &client, AUDIENCE).await;
            let answer = user.present(&token).await;
            assert_eq!(answer.status, 200, "{framework} {algorithm}: {answer:?}");
            assert!(answer.body.contains(&format!(r#""sub":"{client}""#)), "{framework} {answer:?}");
            assert!(answer.body.contains(&format!(r#""iss":"{}""#, provider.issuer())), "{answer:?}");

            let foreign = service_token(&provider, &client, FOREIGN_AUDIENCE).await;
            let answer = user.present(&foreign).await;
            assert_eq!(answer.status, 401, "{framework} {algorithm}: {answer:?}");
            let challenge = answer.challenge.unwrap();
            assert!(challenge.contains(r#"error="invalid_token""#), "{framework} {algorithm}: {challenge}");

            // Another algorithm's signature under this header, and this one's over another payload.
            let (signed, _) = token.rsplit_once('.').unwrap();
            let (_, signature) = foreign.rsplit_once('.').unwrap();
            assert_eq!(user.status(&format!("{signed}.{signature}")).await, 401, "{framework} {algorithm}");
        }
        // The whole of it by one look at the metadata and one at the keys.
        assert_eq!(oidc.status().failures, 0);
    }
    let asked = u64::try_from(Framework::ALL.len()).unwrap();
    assert_eq!(provider.requests("/.well-known/openid-configuration").await, asked);
    assert_eq!(provider.requests("/jwks").await, asked);
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn metadata_names_what_a_client_needs() {
    let provider = Provider::start().await;
    let oidc = service(&provider).discover().await.unwrap();
    let metadata = oidc.metadata().unwrap();
    let at = |path: &str| Some(format!("{}{path}", provider.issuer()));
    assert_eq!(metadata.issuer, provider.issuer());
    assert_eq!(Some(metadata.jwks_uri.clone()), at("/jwks"));
    assert_eq!(metadata.authorization_endpoint, at("/auth"));
    assert_eq!(metadata.token_endpoint, at("/token"));
    assert_eq!(metadata.introspection_endpoint, at("/token/introspection"));
    let algorithms = metadata.algorithms.as_ref().unwrap();
    let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    assert_eq!(names, ALGORITHMS);
    assert!(oidc.has_keys());

    // The same address, spelled otherwise, is another issuer.
    let other = Oidc::issuer(format!("{}/", provider.issuer())).with_audience(AUDIENCE);
    let error = other.with_remote(&remote()).discover().await.unwrap_err();
    assert!(error.to_string().contains("a slash at the end included"), "{error}");
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_client_may_say_who_it_is_in_three_ways() {
    let provider = Provider::start().await;
    let oidc = service(&provider).discover().await.unwrap();
    let asked = [("grant_type", "client_credentials"), ("resource", AUDIENCE), ("scope", "read")];
    for (id, client) in [
        ("service-ES256", Authentication::Basic("service-ES256")),
        ("service-post", Authentication::Post("service-post")),
        ("service-key", Authentication::PrivateKey("service-key")),
    ] {
        let (status, answer) = token_response(&provider, &client, &asked).await;
        assert_eq!(status, 200, "{id}: {answer}");
        let verified = oidc.verifier().verify(answer["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(verified.client_id().as_deref(), Some(id));
        assert!(verified.has_scope("read"), "{id}");
    }
    for client in [
        Authentication::Basic("nobody"),
        Authentication::Post("nobody"),
        // By the key of another client.
        Authentication::PrivateKey("service-ES256"),
    ] {
        let (status, answer) = token_response(&provider, &client, &asked).await;
        assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_client")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn what_is_no_access_token_of_the_provider_is_refused() {
    let provider = Provider::start().await;
    let oidc = service(&provider).discover().await.unwrap();
    let login = Browser::new(&provider, "web-ES256").log_in(&[]).await;
    let opaque = service_token(&provider, "service-opaque", AUDIENCE).await;
    for framework in Framework::ALL {
        let (_server, user) = protect(*framework, &oidc);
        let answer = user.present(&login.access_token).await;
        assert_eq!(answer.status, 200, "{framework}: {answer:?}");
        assert!(answer.body.contains(r#""sub":"alice""#), "{framework}: {answer:?}");
        assert_eq!(user.status(&login.id_token).await, 401, "{framework}: an ID token");
        assert_eq!(user.status(&opaque).await, 401, "{framework}: an opaque token");
    }
    // Its audience apart, the ID token is one of another kind.
    let rules = Oidc::issuer(provider.issuer()).with_audience("web-ES256").with_remote(&remote());
    let client = rules.discover().await.unwrap();
    let error = client.verifier().verify(&login.id_token).unwrap_err();
    assert_eq!(error.reason(), jwt_core::Reason::WrongKind);
}
