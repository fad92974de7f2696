//! The code flow with PKCE, and ID tokens by the rules of OpenID Connect Core §3.1.3.7.

use jwt_core::{Expected, ManualClock, Reason};

use super::client::Browser;
use super::*;

/// The provider's ID tokens at a client.
async fn relying_party(provider: &Provider, client: &str) -> OidcProvider {
    let oidc = Oidc::issuer(provider.issuer()).with_audience(client).with_remote(&remote());
    oidc.with_rules(|rules| rules.with_profile(Profile::IdToken)).discover().await.unwrap()
}

fn reason(oidc: &OidcProvider, id_token: &str, expected: &Expected<'_>) -> Option<Reason> {
    oidc.verifier().verify_with(id_token, expected).err().map(|error| error.reason())
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_login_gives_an_id_token_of_every_algorithm() {
    let provider = Provider::start().await;
    for algorithm in ALGORITHMS {
        let client = format!("web-{algorithm}");
        let oidc = relying_party(&provider, &client).await;
        let login = Browser::new(&provider, &client).log_in(&[("login_hint", "bob")]).await;
        let expected = Expected::new().with_nonce(&login.nonce).with_access_token(&login.access_token);
        let verified = oidc.verifier().verify_with(&login.id_token, &expected).unwrap();
        assert_eq!(verified.subject(), Some("bob"), "{algorithm}");
        assert_eq!(verified.audience(), Some(client.as_str()));

        let other = Browser::new(&provider, &client).log_in(&[]).await;
        let other = Expected::new().with_nonce(&other.nonce);
        assert_eq!(reason(&oidc, &login.id_token, &other), Some(Reason::WrongNonce), "{algorithm}");
        let access_token = reason(&oidc, &login.access_token, &Expected::new());
        assert_eq!(access_token, Some(Reason::WrongType), "{algorithm}: at+jwt is no ID token");
    }
    let other = relying_party(&provider, "web-PS256").await;
    let login = Browser::new(&provider, "web-RS256").log_in(&[]).await;
    assert_eq!(reason(&other, &login.id_token, &Expected::new()), Some(Reason::WrongAudience));
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_code_is_worth_nothing_without_its_verifier() {
    let provider = Provider::start().await;
    let refused = Browser::new(&provider, "web-RS256").exchange_by_wrong_verifier().await;
    assert_eq!(refused["error"].as_str(), Some("invalid_grant"), "{refused}");
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn at_hash_binds_the_access_token_under_every_algorithm() {
    let provider = Provider::start().await;
    for algorithm in ALGORITHMS {
        let client = format!("web-{algorithm}");
        let oidc = relying_party(&provider, &client).await;
        let mut browser = Browser::new(&provider, &client);
        let (login, other) = (browser.log_in_by_fragment().await, browser.log_in_by_fragment().await);
        let expected = Expected::new().with_nonce(&login.nonce);
        let verified = oidc.verifier().verify_with(&login.id_token, &expected).unwrap();
        assert!(verified.claim::<String>("at_hash").unwrap().is_some(), "{algorithm}: nothing to compare");
        let own = expected.with_access_token(&login.access_token);
        assert_eq!(reason(&oidc, &login.id_token, &own), None, "{algorithm}");
        let another = expected.with_access_token(&other.access_token);
        let refused = reason(&oidc, &login.id_token, &another);
        assert_eq!(refused, Some(Reason::WrongAccessTokenHash), "{algorithm}");
    }
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn max_age_is_that_of_the_login_and_not_of_the_token() {
    let provider = Provider::start().await;
    let oidc = relying_party(&provider, "web-RS256").await;
    let mut browser = Browser::new(&provider, "web-RS256");
    let ten_minutes = Expected::new().with_max_age(Duration::from_secs(600));

    // Nobody asked, so the provider does not say.
    let login = browser.log_in(&[]).await;
    assert_eq!(reason(&oidc, &login.id_token, &ten_minutes), Some(Reason::LoginTooOld));

    let login = browser.log_in(&[("max_age", "600")]).await;
    let verified = oidc.verifier().verify_with(&login.id_token, &ten_minutes).unwrap();
    let logged_in = verified.authenticated_at().unwrap();
    // Five minutes later the token is still good, and the login of a minute's worth no longer.
    let clock = ManualClock::at(logged_in.as_secs() + 300);
    let later = oidc.verifier().clone().with_clock(clock);
    let verify = |max_age| {
        let expected = Expected::new().with_nonce(&login.nonce).with_max_age(Duration::from_secs(max_age));
        later.verify_with(&login.id_token, &expected).err().map(|error| error.reason())
    };
    assert_eq!(verify(600), None);
    assert_eq!(verify(60), Some(Reason::LoginTooOld));
}

/// §2: with one audience `azp` may stand there too, and is then this client.
#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_token_for_another_party_is_refused() {
    let provider = Provider::start().await;
    let oidc = relying_party(&provider, "web-ES256").await;
    for (hint, expected) in [
        ("alice", None),
        ("azp:web-ES256", None),
        ("azp:web-RS256", Some(Reason::WrongAuthorizedParty)),
        ("azp:WEB-ES256", Some(Reason::WrongAuthorizedParty)),
    ] {
        let login = Browser::new(&provider, "web-ES256").log_in(&[("login_hint", hint)]).await;
        let nonce = Expected::new().with_nonce(&login.nonce);
        assert_eq!(reason(&oidc, &login.id_token, &nonce), expected, "{hint}");
    }
}
