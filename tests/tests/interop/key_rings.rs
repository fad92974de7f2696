//! A key ring of ours rotates behind `GET /.well-known/jwks.json`; clients of other libraries fetch that, and keep it for
//! as long as they do by themselves. All of them go by one clock, so that hours pass in seconds.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use axum::Router;
use jwt_core::{Algorithm, Clock as _, Issuer, ManualClock, Reason, Verifier};
use jwt_session::routes::{Credentials, LoginUnavailable, Routes};
use jwt_session::{KeyEncryptionKey, KeyRing, MemoryStore, NewSession, Refresh, SessionTokens, Sessions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::foreign::Foreign;
use super::libraries;
use super::tokens::{AUDIENCE, ISSUER};

const START: u64 = 1_800_000_000;
const ALGORITHM: Algorithm = Algorithm::ES256;

/// How long things last, in seconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// How long caches may keep the set.
    max_age: u64,
    /// How long a key signs. It is published twice the maximum age before.
    period: u64,
    /// How long a token is good.
    lifetime: u64,
    /// How often there is a token.
    step: u64,
}

/// A session whose tokens the ring signs, and a server of the ready-made routes.
struct World {
    runtime: Runtime,
    clock: ManualClock,
    ring: KeyRing,
    verifier: Verifier,
    sessions: Sessions,
    tokens: SessionTokens,
    jwks_uri: String,
}

impl World {
    fn start(times: Times) -> Self {
        let runtime = Runtime::new().unwrap();
        let clock = ManualClock::at(START);
        let (ring, sessions, tokens) = runtime.block_on(session(times, &clock));
        let verifier = Verifier::builder().with_live_keys(ring.verifying_keys());
        let verifier = verifier.with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
        let verifier = verifier.with_clock(clock.clone());
        let published = ring.clone();
        let routes = Routes::builder(sessions.clone(), verifier.clone(), nobody);
        let routes = routes.with_keys(move || published.jwks()).build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let jwks_uri = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
        let app = Router::new().merge(axum_jwt::session_routes(routes));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime, clock, ring, verifier, sessions, tokens, jwks_uri }
    }

    /// A while later: what is due is done, and the session has its next token.
    fn advance(&mut self, seconds: u64) -> String {
        self.clock.advance(seconds);
        self.runtime.block_on(self.ring.tick()).unwrap();
        let refreshed = self.sessions.refresh(self.tokens.refresh_token(), Refresh::new());
        self.tokens = self.runtime.block_on(refreshed).unwrap();
        self.tokens.access_token().to_owned()
    }

    fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    fn signing_key(&self) -> String {
        self.ring.issuer().unwrap().key().key_id().unwrap().to_string()
    }

    /// What a client of a library says to a token: nothing, or why not.
    fn ask(&self, library: &mut Foreign<'_>, token: &str, knobs: Value) -> Option<String> {
        let key = json!({ "jwks_uri": self.jwks_uri, "now": self.now(), "knobs": knobs });
        library.verify(ALGORITHM, &key, token).unwrap_or_else(|problem| panic!("{problem}")).err()
    }
}

async fn session(times: Times, clock: &ManualClock) -> (KeyRing, Sessions, SessionTokens) {
    let key = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
    let (store, of_issuer) = (MemoryStore::new().with_clock(clock.clone()), clock.clone());
    let ring = KeyRing::builder(ISSUER, ALGORITHM, store.clone())
        .with_key_encryption_key(key)
        .with_max_age(Duration::from_secs(times.max_age))
        .with_period(Duration::from_secs(times.period))
        .with_clock_difference(Duration::ZERO)
        .with_clock(clock.clone())
        .open(move |key| {
            let issuer = Issuer::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER);
            let issuer = issuer.with_lifetime(Duration::from_secs(times.lifetime)).build()?;
            Ok(issuer.with_clock(of_issuer.clone()))
        });
    let ring = ring.await.unwrap();
    let sessions = Sessions::builder(ring.clone(), store).with_clock(clock.clone()).open().await.unwrap();
    let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
    (ring, sessions, tokens)
}

async fn nobody(_: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    Ok(None)
}

fn started<'l>(library: &'l libraries::Library) -> Foreign<'l> {
    Foreign::start(library).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Each token, from the moment it is signed until it expires, through eight rotations: with the maximum age that a ring has
/// by default, and with one that is shorter than those clients keep a set, whatever its `Cache-Control` says.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn jose_and_pyjwt_take_every_token_of_a_ring_while_it_rotates() {
    for times in [
        Times { max_age: 600, period: 2_400, lifetime: 600, step: 60 },
        Times { max_age: 60, period: 300, lifetime: 120, step: 15 },
    ] {
        let mut world = World::start(times);
        let (mut jose, mut pyjwt) = (started(&libraries::JOSE), started(&libraries::PYJWT));
        let (mut good, mut keys) = (VecDeque::new(), BTreeSet::new());
        while keys.len() <= 8 {
            let token = world.advance(times.step);
            keys.insert(world.signing_key());
            good.push_back((world.now() + times.lifetime, token));
            good.retain(|(expiry, _)| world.now() < *expiry);
            // The newest, and the one that is about to expire.
            for (_, token) in [good.back(), good.front()].into_iter().flatten() {
                let at = world.now() - START;
                assert!(world.verifier.verify(token).is_ok(), "{times:?}, after {at} s");
                for library in [&mut jose, &mut pyjwt] {
                    let refused = world.ask(library, token, json!({}));
                    assert_eq!(refused, None, "{}, {times:?}, after {at} s", library.title());
                }
            }
        }
        for library in [jose, pyjwt] {
            library.stop().unwrap();
        }
    }
}

/// Here at once, and by a client that has no cache yet. By others when their cache is over: jose's `cacheMaxAge` of 600 s,
/// the `lifespan` of 300 s of PyJWT's client, which without it, by `cache_keys`, goes on for ever.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_dropped_key_is_refused_by_us_at_once_and_by_jose_and_pyjwt_when_their_caches_are_over() {
    let mut world = World::start(Times { max_age: 600, period: 86_400, lifetime: 3_600, step: 1 });
    let (mut jose, mut pyjwt) = (started(&libraries::JOSE), started(&libraries::PYJWT));
    let for_ever = json!({ "cache_keys": true });
    let token = world.advance(1);
    for refused in [
        world.ask(&mut jose, &token, json!({})),
        world.ask(&mut pyjwt, &token, json!({})),
        world.ask(&mut pyjwt, &token, for_ever.clone()),
    ] {
        assert_eq!(refused, None, "before");
    }
    let dropped = world.signing_key();
    world.runtime.block_on(world.ring.drop_key(&dropped)).unwrap();
    let refused = world.verifier.verify(&token).unwrap_err();
    assert_eq!(refused.reason(), Reason::UnknownKey, "by us, at once");
    // The next key was published ahead: what it signs is good everywhere.
    let next = world.advance(1);
    assert_ne!(world.signing_key(), dropped);
    assert!(world.verifier.verify(&next).is_ok());

    let unknown = |library: &libraries::Library| library.refusals.unknown_key.unwrap();
    let refusals = [unknown(&libraries::JOSE), "PyJWKClientError: Unable to find a signing key"];
    // A client that starts now sees no more of the key than we do.
    let fresh = [&libraries::JOSE, &libraries::PYJWT].map(started);
    for (mut library, refusal) in fresh.into_iter().zip(refusals) {
        for knobs in [json!({}), for_ever.clone()] {
            let refused = world.ask(&mut library, &token, knobs.clone());
            let title = library.title();
            assert!(refused.as_ref().is_some_and(|why| why.starts_with(refusal)), "{title}: {refused:?}");
            assert_eq!(world.ask(&mut library, &next, knobs), None, "{title}");
        }
        library.stop().unwrap();
    }

    // Seconds after the set was fetched, and who has noticed by then.
    for (age, jose_has, pyjwt_has) in
        [(1, false, false), (300, false, false), (301, false, true), (599, false, true), (600, true, true)]
    {
        world.advance(START + 1 + age - world.now());
        for (library, has, refusal) in
            [(&mut jose, jose_has, refusals[0]), (&mut pyjwt, pyjwt_has, refusals[1])]
        {
            let refused = world.ask(library, &token, json!({}));
            assert_eq!(refused.is_some(), has, "{}, {age} s later: {refused:?}", library.title());
            assert!(refused.is_none_or(|why| why.starts_with(refusal)), "{}", library.title());
            assert_eq!(world.ask(library, &next, json!({})), None, "{}, {age} s later", library.title());
        }
    }
    assert_eq!(
        world.ask(&mut pyjwt, &token, for_ever),
        None,
        "a key that is kept by itself is kept for ever"
    );
    for library in [jose, pyjwt] {
        library.stop().unwrap();
    }
}
