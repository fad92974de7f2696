//! A service's own tokens (`ServiceToken`), fetched from the provider and presented to services of ours.

use jwt_core::{Algorithm, SigningKey};
use jwt_remote::{ClientAuth, RemoteError, ServiceToken};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_token_is_fetched_once_and_good_at_every_service() {
    let provider = Provider::start().await;
    let oidc = service(&provider).discover().await.unwrap();
    let key = SigningKey::from_pem(Algorithm::ES256, provider.client_key()).unwrap();
    let key = key.with_key_id("client").unwrap();
    for client in [
        ClientAuth::basic("service-ES256", "secret"),
        ClientAuth::post("service-post", "secret"),
        ClientAuth::private_key_jwt("service-key", key).with_audience(provider.issuer()),
    ] {
        let (id, method) = (client.id().to_owned(), client.method());
        let asked = provider.requests("/token").await;
        let own = ServiceToken::issuer(provider.issuer(), client).with_scopes(["read"]);
        let own = own.with_resource(AUDIENCE).with_remote(&remote()).fetch().await;
        let own = own.unwrap_or_else(|error| panic!("{method}: {error}"));
        for framework in Framework::ALL {
            let (_server, user) = protect(*framework, &oidc);
            let answer = user.present(own.token().await.unwrap().as_str()).await;
            assert_eq!(answer.status, 200, "{framework} {method}: {answer:?}");
            assert!(answer.body.contains(&format!(r#""client_id":"{id}""#)), "{framework} {answer:?}");
        }
        assert_eq!(provider.requests("/token").await, asked + 1, "{method}");
    }
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_client_that_the_provider_does_not_know_has_no_token() {
    let provider = Provider::start().await;
    let client = ClientAuth::basic("service-ES256", "wrong");
    let own = ServiceToken::issuer(provider.issuer(), client).with_remote(&remote()).fetch().await;
    let error = own.map(drop).unwrap_err();
    assert!(!matches!(error, RemoteError::Address { .. }), "{error}");
    assert!(error.to_string().contains("invalid_client"), "{error}");
}
