//! Tenants of a provider in this process, in time that stands still unless everybody waits.

use std::sync::atomic::AtomicBool;
use std::sync::{Barrier, Mutex};

use jwt_core::keys::BoxFuture;
use jwt_core::{Algorithm, ConfigError, Issuer, Presented, SigningKey};

use super::*;
use crate::{HttpClient, HttpError, HttpRequest, HttpResponse, Oidc};

const TEMPLATE: &str = "https://id.example.com/{tenant}/v2.0";

/// Serves metadata and a key for each tenant that has one.
#[derive(Clone, Default)]
struct Provider {
    keys: Arc<Mutex<HashMap<String, SigningKey>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    fn of(tenants: &[&str]) -> Self {
        let key = |tenant: &&str| {
            ((*tenant).to_owned(), SigningKey::generate(Algorithm::ES256).unwrap().with_key_id("k").unwrap())
        };
        Self { keys: Arc::new(Mutex::new(tenants.iter().map(key).collect())), asked: Arc::default() }
    }

    fn remote(&self) -> Remote {
        Remote::with_client(self.clone())
    }

    /// Tenants that were asked for, each once for each fetch.
    fn looked_up(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|url| url.contains("openid-configuration")).map(|url| tenant_of(url)).collect()
    }

    fn token(&self, tenant: &str, signed_by: &str) -> String {
        let key = self.keys.lock().unwrap().get(signed_by).unwrap().clone();
        let issuer = format!("https://id.example.com/{tenant}/v2.0");
        let issuer =
            Issuer::builder().with_key(key).with_audience("api").with_issuer(issuer).build().unwrap();
        issuer.token().with_subject("alice").sign().unwrap()
    }
}

fn tenant_of(url: &str) -> String {
    url.split('/').nth(3).unwrap().to_owned()
}

impl HttpClient for Provider {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        self.asked.lock().unwrap().push(request.url.clone());
        let tenant = tenant_of(&request.url);
        let key = self.keys.lock().unwrap().get(&tenant).cloned();
        let body = key.map(|key| match request.url.ends_with("/jwks") {
            true => format!(r#"{{"keys":[{}]}}"#, key.to_jwk().unwrap().to_json().unwrap()),
            false => format!(
                r#"{{"issuer":"https://id.example.com/{tenant}/v2.0","jwks_uri":"https://id.example.com/{tenant}/jwks"}}"#
            ),
        });
        let status = if body.is_some() { 200 } else { 404 };
        let body = body.unwrap_or_default().into_bytes();
        Box::pin(async move { Ok(HttpResponse { status, headers: Vec::new(), body }) })
    }
}

async fn verdict(tenants: &OidcTenants, token: &str) -> Result<(), Reason> {
    let verdict = tenants.verify(&Presented::new(token)).decide().await;
    verdict.map(drop).map_err(|error| error.reason())
}

#[tokio::test(start_paused = true)]
async fn a_tenant_of_the_list_is_looked_up_once_and_no_other_is() {
    let provider = Provider::of(&["a", "b", "evil"]);
    let tenants =
        Oidc::tenants(TEMPLATE).with_audience("api").allow(["a", "b"]).with_remote(&provider.remote());
    let tenants = tenants.start().unwrap();
    assert!(provider.looked_up().is_empty());
    for _ in 0..3 {
        assert_eq!(verdict(&tenants, &provider.token("a", "a")).await, Ok(()));
        assert_eq!(verdict(&tenants, &provider.token("b", "b")).await, Ok(()));
        let other = verdict(&tenants, &provider.token("evil", "evil")).await;
        assert_eq!(other, Err(Reason::UntrustedIssuer));
    }
    assert_eq!(provider.looked_up(), ["a", "b"]);
    assert_eq!(tenants.statuses().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_tenants_asks_the_provider_64_at_a_time() {
    /// Answers after a second, and counts who waits for it.
    #[derive(Clone, Default)]
    struct Slow(Provider, Arc<Mutex<(usize, usize)>>);
    impl HttpClient for Slow {
        fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
            let (answer, counts) = (self.0.send(request), Arc::clone(&self.1));
            Box::pin(async move {
                {
                    let mut counts = counts.lock().unwrap();
                    counts.0 += 1;
                    counts.1 = counts.0.max(counts.1);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                counts.lock().unwrap().0 -= 1;
                answer.await
            })
        }
    }
    let names: Vec<String> = (0..500).map(|n| format!("t{n}")).collect();
    let key = SigningKey::generate(Algorithm::ES256).unwrap().with_key_id("k").unwrap();
    let provider = Slow::default();
    provider.0.keys.lock().unwrap().extend(names.iter().map(|name| (name.clone(), key.clone())));
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api").allow(names.clone());
    let tenants = tenants.with_remote(&Remote::with_client(provider.clone())).start().unwrap();
    let tokens: Vec<String> = names.iter().map(|name| provider.0.token(name, name)).collect();
    futures_util::future::join_all(tokens.iter().map(|token| verdict(&tenants, token))).await;
    // Those who came late were asked to come again; their keys are there by then.
    tokio::time::sleep(Duration::from_secs(60)).await;
    for token in &tokens {
        assert_eq!(verdict(&tenants, token).await, Ok(()));
    }
    assert_eq!(*provider.1.lock().unwrap(), (0, 64));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_one_tenant_says_nothing_about_another() {
    let provider = Provider::of(&["a", "b"]);
    let tenants =
        Oidc::tenants(TEMPLATE).with_audience("api").allow(["a", "b"]).with_remote(&provider.remote());
    let tenants = tenants.start().unwrap();
    // Both keys have the same `kid`.
    assert_eq!(verdict(&tenants, &provider.token("a", "b")).await, Err(Reason::BadSignature));
    assert_eq!(verdict(&tenants, &provider.token("b", "b")).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn whom_a_rule_allows_is_held_up_to_the_bound() {
    let provider = Provider::of(&["a", "b", "c"]);
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api").allow_where(|tenant| tenant != "evil");
    let tenants = tenants.with_most_tenants(2).with_remote(&provider.remote()).start().unwrap();
    let held = || {
        let mut names: Vec<_> = tenants.statuses().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    };
    assert_eq!(verdict(&tenants, &provider.token("a", "a")).await, Ok(()));
    // Allowed, and unknown to the provider: the first to give way, though it was used last.
    assert_eq!(verdict(&tenants, &provider.token("none", "a")).await, Err(Reason::KeysUnavailable));
    assert_eq!(held(), ["a", "none"]);
    assert_eq!(verdict(&tenants, &provider.token("b", "b")).await, Ok(()));
    assert_eq!(held(), ["a", "b"]);
    assert_eq!(verdict(&tenants, &provider.token("a", "a")).await, Ok(()));
    assert_eq!(verdict(&tenants, &provider.token("c", "c")).await, Ok(()));
    assert_eq!(held(), ["a", "c"]);
    assert_eq!(verdict(&tenants, &provider.token("evil", "a")).await, Err(Reason::UntrustedIssuer));
}

/// All of them have found room when the first of them takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tenants_that_come_at_once_are_held_up_to_the_bound_too() {
    const AT_ONCE: usize = 4;
    let provider = Provider::of(&["t0", "t1", "t2", "t3"]);
    let (meeting, is_late) = (Arc::new(Barrier::new(AT_ONCE)), Arc::new(AtomicBool::new(false)));
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api").allow_where(|_| true).with_most_tenants(1);
    let tenants = tenants.with_remote(&provider.remote()).with_rules({
        let is_late = Arc::clone(&is_late);
        move |rules| {
            // The rules are looked at once before any tenant comes.
            if is_late.load(Ordering::SeqCst) {
                meeting.wait();
            }
            rules
        }
    });
    let tenants = tenants.start().unwrap();
    is_late.store(true, Ordering::SeqCst);
    let asked: Vec<_> = std::thread::scope(|scope| {
        let ask = |n: usize| {
            let tenants = &tenants;
            scope.spawn(move || tenants.0.of(&format!("https://id.example.com/t{n}/v2.0")).map(drop))
        };
        let all: Vec<_> = (0..AT_ONCE).map(ask).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(asked.iter().filter(|one| one.is_ok()).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|one| **one == Err(Reason::KeysUnavailable)).count(), AT_ONCE - 1);
    assert_eq!(tenants.statuses().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_tenants_is_looked_up_slowly_and_keeps_nobody_out() {
    let provider = Provider::of(&["a"]);
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api").allow_where(|_| true);
    let tenants = tenants.with_remote(&provider.remote()).start().unwrap();
    let flood = |from: usize| {
        // Without waiting: in one moment.
        (from..from + 500)
            .filter(|n| tenants.0.of(&format!("https://id.example.com/t{n}/v2.0")).is_ok())
            .count()
    };
    assert_eq!(flood(0), 64);
    assert_eq!(tenants.0.of("https://id.example.com/a/v2.0").err(), Some(Reason::KeysUnavailable));
    // The provider knows none of them, so they give way: twenty at once, then one in each second.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(verdict(&tenants, &provider.token("a", "a")).await, Ok(()));
    assert_eq!(flood(1_000), 20);
    assert_eq!(tenants.statuses().len(), 65);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(flood(2_000), 3);
    assert!(tenants.statuses().iter().any(|(name, status)| name == "a" && status.has_keys));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_a_rule_refuses_from_now_on_is_refused_at_once() {
    let provider = Provider::of(&["a"]);
    let customers = Arc::new(Mutex::new(HashSet::from(["a"])));
    let asked = Arc::clone(&customers);
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api");
    let tenants = tenants.allow_where(move |tenant| asked.lock().unwrap().contains(tenant));
    let tenants = tenants.with_remote(&provider.remote()).start().unwrap();
    let token = provider.token("a", "a");
    assert_eq!(verdict(&tenants, &token).await, Ok(()));
    customers.lock().unwrap().clear();
    assert_eq!(verdict(&tenants, &token).await, Err(Reason::UntrustedIssuer));
    assert!(tenants.statuses().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_at_the_start() {
    let provider = Provider::of(&[]);
    let start = |template: &str| {
        let tenants = Oidc::tenants(template).with_audience("api").allow(["a"]);
        tenants.with_remote(&provider.remote()).start().map(drop).map_err(|error| error.code())
    };
    assert_eq!(start(TEMPLATE), Ok(()));
    assert_eq!(start("https://id.example.com/"), Err("not_a_template"));
    assert_eq!(start("http://id.example.com/{tenant}"), Err("not_https"));
    let rules = Oidc::tenants(TEMPLATE).with_audience("api").allow(["a"]).with_remote(&provider.remote());
    let rules = rules.with_rules(|rules| rules.with_algorithms([])).start().unwrap_err();
    assert!(matches!(rules, RemoteError::Config { error: ConfigError::NoAlgorithms, .. }), "{rules}");
}

#[tokio::test(start_paused = true)]
async fn rules_hold_for_every_tenant_and_a_malformed_token_is_named() {
    let provider = Provider::of(&["a"]);
    let tenants = Oidc::tenants(TEMPLATE).with_audience("api").allow(["a"]).with_remote(&provider.remote());
    let tenants = tenants.with_rules(|rules| rules.require_claim("tid")).start().unwrap();
    assert_eq!(verdict(&tenants, &provider.token("a", "a")).await, Err(Reason::MissingClaim));
    assert_eq!(verdict(&tenants, "a.b").await, Err(Reason::NotThreeSegments));
}

#[test]
fn a_token_is_verified_where_no_runtime_is() {
    let provider = Provider::of(&["a"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let tenants = runtime.block_on(async {
        Oidc::tenants(TEMPLATE)
            .with_audience("api")
            .allow(["a"])
            .with_remote(&provider.remote())
            .start()
            .unwrap()
    });
    let token = provider.token("a", "a");
    let verdict = tenants.verify(&Presented::new(&token));
    let Verdict::Wait(verdict) = verdict else { panic!("{verdict:?}") };
    assert!(runtime.block_on(verdict).is_ok());
}
