//! The provider hangs, is gone, is killed and comes back, while all three frameworks serve.

use jwt_core::{Algorithm, Issuer, SigningKey};
use jwt_remote::RemoteError;

use super::client::{random, service_token};
use super::*;
use crate::remote::told::{Line, Told};

/// A service in every framework, by the same keys.
struct Services {
    oidc: OidcProvider,
    servers: Vec<(TestServer, User)>,
}

impl Services {
    fn of(oidc: OidcProvider) -> Self {
        let servers = Framework::ALL.iter().map(|framework| protect(*framework, &oidc)).collect();
        Self { oidc, servers }
    }

    /// What each of them says to this token.
    async fn say(&self, token: &str) -> Vec<u16> {
        let mut statuses = Vec::new();
        for (_, user) in &self.servers {
            statuses.push(user.status(token).await);
        }
        statuses
    }

    /// As often as it takes to look for the keys in vain: good tokens are good.
    async fn serve_until_a_fetch_failed(&self, tokens: &[String]) {
        until("a fetch that failed", async || {
            for token in tokens {
                assert_eq!(self.say(token).await, [200; 3]);
            }
            self.oidc.status().failures > 0
        })
        .await;
        for token in tokens {
            assert_eq!(self.say(token).await, [200; 3]);
        }
        assert!(self.oidc.has_keys());
    }
}

async fn tokens(provider: &Provider) -> Vec<String> {
    let mut tokens = Vec::new();
    for algorithm in ALGORITHMS {
        tokens.push(service_token(provider, &format!("service-{algorithm}"), AUDIENCE).await);
    }
    tokens
}

/// A token in the name of this issuer, by a key that nobody has: the provider is asked for it.
fn stranger(issuer: &str) -> String {
    let key = SigningKey::generate(Algorithm::ES256).unwrap().with_key_id(random()).unwrap();
    let issuer = Issuer::builder().with_key(key).with_audience(AUDIENCE).with_issuer(issuer).build().unwrap();
    issuer.token().with_subject("mallory").sign().unwrap()
}

fn warned(told: &Told, issuer: &str, reason: &str) {
    let lines = told.take_warnings();
    let is_it = |line: &Line| {
        line.field("source") == Some(issuer)
            && line.field("reason") == Some(reason)
            && line.message.contains("those that are held serve on until they are too old")
    };
    assert!(lines.iter().any(is_it), "{reason}: {lines:#?}");
}

/// A stranger's token makes the service ask while the provider is away; then the provider comes back with new keys.
async fn away(op: &'static str, reason: &str) {
    let (told, _listening) = Told::listen();
    let provider = Provider::start().await;
    let services = Services::of(service(&provider).discover().await.unwrap());
    let tokens = tokens(&provider).await;
    provider.ask(op).await;

    let (_, user) = &services.servers[0];
    let stranger = stranger(provider.issuer());
    let (status, ()) = tokio::join!(user.status(&stranger), services.serve_until_a_fetch_failed(&tokens));
    assert_eq!(status, 401, "{op}");
    warned(&told, provider.issuer(), reason);

    provider.ask("up").await;
    until("a fetch after the outage", async || services.oidc.status().failures == 0).await;
    provider.ask("rotate").await;
    for token in self::tokens(&provider).await {
        assert_eq!(services.say(&token).await, [200; 3], "{op}");
    }
    let more: Vec<Line> =
        told.take_warnings().into_iter().filter(|line| line.field("reason") != Some(reason)).collect();
    assert!(more.is_empty(), "{more:#?}");
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn known_keys_serve_while_the_provider_hangs() {
    away("hang", "timeout").await;
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn known_keys_serve_while_the_provider_is_gone() {
    away("down", "connection").await;
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_provider_that_was_killed_comes_back_with_other_keys() {
    let (told, _listening) = Told::listen();
    let provider = Provider::start().await;
    let (port, issuer) = (provider.port(), provider.issuer().to_owned());
    let services = Services::of(service(&provider).discover().await.unwrap());
    let old = tokens(&provider).await;
    drop(provider);

    let (_, user) = &services.servers[0];
    let stranger = stranger(&issuer);
    let (status, ()) = tokio::join!(user.status(&stranger), services.serve_until_a_fetch_failed(&old));
    assert_eq!(status, 401);
    warned(&told, &issuer, "connection");

    let provider = Provider::start_at(port).await;
    assert_eq!(provider.issuer(), issuer);
    until("a fetch after the restart", async || services.oidc.status().failures == 0).await;
    for token in tokens(&provider).await {
        assert_eq!(services.say(&token).await, [200; 3]);
    }
    for token in &old {
        assert_eq!(services.say(token).await, [401; 3]);
    }
}

/// A service that must verify does not start; one that may start first says 503 until it can.
#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_service_that_starts_first_waits_for_its_provider() {
    let (told, _listening) = Told::listen();
    let provider = Provider::start().await;
    let tokens = tokens(&provider).await;
    provider.ask("down").await;
    let error = service(&provider).discover().await.unwrap_err();
    assert!(matches!(error, RemoteError::Fetch { .. }), "{error}");
    assert!(error.to_string().contains(provider.issuer()), "{error}");

    let services = Services::of(service(&provider).start().unwrap());
    for (_, user) in &services.servers {
        let answer = user.present(&tokens[0]).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.retry_after.is_some(), "{answer:?}");
    }
    let lines = told.take_warnings();
    let is_it = |line: &Line| {
        line.field("source") == Some(provider.issuer())
            && line.message.contains("keys were never fetched, and every token is answered with 503")
    };
    assert!(lines.iter().any(is_it), "{lines:#?}");

    provider.ask("up").await;
    until("the first keys", async || services.oidc.has_keys()).await;
    for token in &tokens {
        assert_eq!(services.say(token).await, [200; 3]);
    }
}
