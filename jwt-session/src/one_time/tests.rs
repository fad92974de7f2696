//! What a one-time token is good for, and what it is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as URL_SAFE;
use jwt_core::{Algorithm, ConfigError, IssueError, ManualClock, Profile, SigningKey};

use super::*;
use crate::MemoryStore;
use crate::store::{StoreError, StoreErrorKind, UseId};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.com/";

fn secret(first: u8) -> HmacSecret {
    HmacSecret::from_bytes((0..32).map(|byte| byte ^ first).collect::<Vec<u8>>()).unwrap()
}

struct World {
    clock: ManualClock,
    store: MemoryStore,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at(NOW);
        Self { store: MemoryStore::new().with_clock(clock.clone()), clock }
    }

    fn builder(&self, purpose: &str) -> OneTimeTokensBuilder {
        let tokens = OneTimeTokens::builder(ISSUER, purpose, &secret(0), self.store.clone());
        tokens.with_clock(self.clock.clone())
    }

    fn resets(&self) -> OneTimeTokens {
        self.builder("password-reset").build().unwrap()
    }
}

fn refused(result: Result<impl fmt::Debug, RedeemError>) -> &'static str {
    result.unwrap_err().code()
}

#[tokio::test]
async fn a_token_is_redeemed_once() {
    let resets = World::new().resets();
    let (first, second) = (resets.token("alice").sign().unwrap(), resets.token("alice").sign().unwrap());
    assert_ne!(first, second);
    assert_eq!(resets.open(&first).unwrap().subject(), "alice");
    assert_eq!(resets.redeem(&first).await.unwrap().subject(), "alice");
    for _ in 0..2 {
        assert_eq!(refused(resets.redeem(&first).await), "replayed");
    }
    assert_eq!(
        resets.open(&first).unwrap().subject(),
        "alice",
        "that it was used is told when it is redeemed"
    );
    assert_eq!(resets.redeem(&second).await.unwrap().subject(), "alice", "each is its own");
}

#[tokio::test]
async fn a_token_says_who_what_for_and_what_the_caller_adds() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Invitation {
        team: String,
    }
    let world = World::new();
    let invitations = world.builder("invitation").with_lifetime(Duration::from_secs(86_400)).build().unwrap();
    let team = Invitation { team: "blue".to_owned() };
    let token =
        invitations.token("bob@example.com").with_claims(&team).with_claim("by", "alice").sign().unwrap();
    let header = URL_SAFE.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(header, br#"{"alg":"HS256","typ":"one-time+jwt"}"#);
    let claims: serde_json::Value =
        serde_json::from_slice(&URL_SAFE.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&ISSUER.into(), &"invitation".into()));
    assert_eq!((&claims["sub"], &claims["by"]), (&"bob@example.com".into(), &"alice".into()));
    assert_eq!((&claims["iat"], &claims["exp"]), (&NOW.into(), &(NOW + 86_400).into()));
    assert_eq!(URL_SAFE.decode(claims["jti"].as_str().unwrap()).unwrap().len(), 16, "128 bits");

    let open = invitations.open(&token).unwrap();
    assert_eq!(
        (open.claims::<Invitation>().unwrap().team.as_str(), open.expires_at().as_secs()),
        ("blue", NOW + 86_400)
    );
    let redeemed = open.redeem().await.unwrap();
    assert_eq!(redeemed.claims::<Invitation>().unwrap().team, "blue");
}

#[tokio::test]
async fn a_token_is_over_after_its_time_and_stays_used_until_then() {
    let world = World::new();
    let resets = world.resets();
    let (token, used) = (resets.token("alice").sign().unwrap(), resets.token("alice").sign().unwrap());
    resets.redeem(&used).await.unwrap();
    let open = || resets.open(&token).unwrap();
    let early = open();
    world.clock.advance(30 * 60 + 29);
    assert_eq!(refused(resets.redeem(&used).await), "replayed");
    let late = open();
    world.clock.advance(1);
    assert_eq!(refused(resets.redeem(&token).await), "expired");
    for held in [early, late] {
        assert_eq!(refused(held.redeem().await), "expired", "one that was opened in time is over too");
    }
    assert_eq!(refused(resets.redeem(&used).await), "expired");
    // Nor does a clock of a node that is behind make it good again.
    world.clock.set(NOW);
    assert_eq!(refused(resets.redeem(&used).await), "replayed");
}

#[tokio::test]
async fn a_bound_token_dies_with_the_state() {
    let world = World::new();
    let resets = world.resets();
    let token = resets.token("alice").bound_to("hash 1").sign().unwrap();
    let open = || resets.open(&token).unwrap();
    for other in ["hash 2", "", "hash 1 ", "HASH 1"] {
        assert_eq!(refused(open().redeem_bound_to(other).await), "redeem_mismatch", "{other:?}");
    }
    assert_eq!(refused(open().redeem().await), "redeem_mismatch", "without a look at the state");
    assert_eq!(world.store.uses(), 0, "what is refused uses nothing up");
    open().redeem_bound_to("hash 1").await.unwrap();
    assert_eq!(refused(open().redeem_bound_to("hash 1").await), "replayed");
    assert_eq!(refused(open().redeem_bound_to("hash 2").await), "redeem_mismatch");

    // Where nothing was bound, nothing is confirmed by chance.
    let unbound = resets.token("alice").sign().unwrap();
    for state in ["", "hash 1"] {
        assert_eq!(refused(resets.open(&unbound).unwrap().redeem_bound_to(state).await), "redeem_mismatch");
    }
    let empty = resets.token("alice").bound_to("").sign().unwrap();
    assert_eq!(refused(resets.open(&empty).unwrap().redeem().await), "redeem_mismatch");
    resets.open(&empty).unwrap().redeem_bound_to("").await.unwrap();
}

#[test]
fn a_token_does_not_show_its_state() {
    let resets = World::new().resets();
    let state_of = |token: String| {
        let claims = URL_SAFE.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        claims["state_mac"].as_str().unwrap().to_owned()
    };
    let state = || state_of(resets.token("alice").bound_to("alice@example.com").sign().unwrap());
    assert_eq!(state().len(), 43);
    assert_ne!(state(), state(), "nor that two of them are of the same");
}

#[tokio::test]
async fn a_number_in_the_state_lets_a_new_token_take_the_place_of_the_older_ones() {
    let resets = World::new().resets();
    let (hash, mut asked) = ("hash", 0);
    let mut ask = || {
        asked += 1;
        (resets.token("alice").bound_to(format!("{asked} {hash}")).sign().unwrap(), asked)
    };
    let ((older, _), (newer, asked)) = (ask(), ask());
    let state = format!("{asked} {hash}");
    assert_eq!(refused(resets.open(&older).unwrap().redeem_bound_to(&state).await), "redeem_mismatch");
    resets.open(&newer).unwrap().redeem_bound_to(&state).await.unwrap();
}

#[test]
fn a_token_is_good_for_nothing_else() {
    let world = World::new();
    let resets = world.resets();
    let token = resets.token("alice").sign().unwrap();
    let confirmations = world.builder("confirm-address").build().unwrap();
    assert_eq!(refused(confirmations.open(&token)), "wrong_audience");
    let elsewhere =
        OneTimeTokens::builder("https://other", "password-reset", &secret(0), world.store.clone());
    let elsewhere = elsewhere.with_clock(world.clock.clone()).build().unwrap();
    assert_eq!(refused(elsewhere.open(&token)), "wrong_issuer");

    // Not as an access, ID or logout token, whatever the audience, also where somebody gave them the same secret.
    let key = SigningKey::from_secret(Algorithm::HS256, &secret(0)).unwrap();
    for profile in [Profile::AccessToken, Profile::Rfc9068, Profile::IdToken, Profile::LogoutToken] {
        let verifier = Verifier::builder().with_key(&key).insecure_any_audience().with_issuer(ISSUER);
        let verifier = verifier.with_profile(profile).build().unwrap().with_clock(world.clock.clone());
        assert_eq!(verifier.verify(&token).unwrap_err().reason(), Reason::WrongType, "{profile:?}");
    }
    // Nor the other way round.
    let issuer = Issuer::builder().with_key(key).with_audience("password-reset").with_issuer(ISSUER);
    let access = issuer.build().unwrap().with_clock(world.clock.clone()).token().with_subject("alice").sign();
    assert_eq!(refused(resets.open(&access.unwrap())), "wrong_type");
}

#[test]
fn what_was_not_given_out_is_refused() {
    let world = World::new();
    let resets = world.resets();
    let token = resets.token("alice").sign().unwrap();
    let foreign = OneTimeTokens::builder(ISSUER, "password-reset", &secret(1), world.store.clone());
    let foreign = foreign.with_clock(world.clock.clone()).build().unwrap();
    assert_eq!(refused(foreign.open(&token)), "bad_signature");
    let (signed, _) = token.rsplit_once('.').unwrap();
    for bad in ["", "a.b.c", signed, &format!("{signed}."), &format!("{token}="), &format!("{token} ")] {
        assert!(resets.open(bad).is_err(), "{bad}");
    }
    // Of our own making, but for nobody.
    for subject in ["", "\u{0}"] {
        let signed = resets.token(subject).sign();
        assert_eq!(signed.is_err(), subject.is_empty(), "{subject:?}");
    }
    assert!(matches!(resets.token("alice").with_claim("exp", &1).sign(), Err(IssueError::Registered { .. })));
    let twice = resets.token("alice").bound_to("x").with_claim("state_mac", "AAAA").sign();
    assert!(matches!(twice, Err(IssueError::Refused(_))), "{twice:?}");
}

#[tokio::test]
async fn the_secret_before_is_good_for_what_it_signed() {
    let world = World::new();
    let old = world.resets().token("alice").bound_to("hash").sign().unwrap();
    let builder = || {
        let next = OneTimeTokens::builder(ISSUER, "password-reset", &secret(1), world.store.clone());
        next.with_clock(world.clock.clone())
    };
    let rotated =
        builder().with_previous_secret(&secret(7)).with_previous_secret(&secret(0)).build().unwrap();
    rotated.open(&old).unwrap().redeem_bound_to("hash").await.unwrap();
    let new = rotated.token("alice").sign().unwrap();
    let without = builder().build().unwrap();
    assert_eq!(refused(without.open(&old)), "bad_signature");
    without.redeem(&new).await.unwrap();
}

#[test]
fn what_cannot_be_is_told_when_it_is_built() {
    let world = World::new();
    let seconds = |seconds| world.builder("p").with_lifetime(Duration::from_secs(seconds)).build();
    for wrong in [0, 30 * 86_400 + 1] {
        assert!(matches!(seconds(wrong), Err(ConfigError::Lifetime { .. })), "{wrong}");
    }
    for right in [1, 30 * 86_400] {
        assert!(seconds(right).is_ok(), "{right}");
    }
    assert!(matches!(world.builder("").build(), Err(ConfigError::EmptyAudience)));
    let nameless = OneTimeTokens::builder("", "p", &secret(0), world.store.clone()).build();
    assert!(matches!(nameless, Err(ConfigError::EmptyIssuer)));
}

/// Out of order until it is repaired.
#[derive(Clone)]
struct Broken(MemoryStore, Arc<std::sync::atomic::AtomicBool>);

impl ReplayStore for Broken {
    fn consume(&self, id: UseId, until: Duration) -> jwt_core::BoxFuture<'_, Result<bool, StoreError>> {
        match self.1.load(std::sync::atomic::Ordering::SeqCst) {
            true => Box::pin(async { Err(StoreErrorKind::Unavailable.into()) }),
            false => self.0.consume(id, until),
        }
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_503_and_uses_nothing_up() {
    let world = World::new();
    let broken = Broken(world.store.clone(), Arc::new(true.into()));
    let tokens = OneTimeTokens::builder(ISSUER, "password-reset", &secret(0), broken.clone());
    let tokens = tokens.with_clock(world.clock.clone()).build().unwrap();
    let token = tokens.token("alice").sign().unwrap();
    let error = tokens.redeem(&token).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (503, "store_unavailable"));
    broken.1.store(false, std::sync::atomic::Ordering::SeqCst);
    tokens.redeem(&token).await.unwrap();
    assert_eq!(tokens.redeem(&token).await.unwrap_err().status(), 400);
}

#[test]
fn nothing_of_a_token_is_shown() {
    let resets = World::new().resets();
    let token = resets.token("alice").sign().unwrap();
    let shown = format!("{resets:?} {:?} {:?}", resets.open(&token).unwrap(), resets.token("alice"));
    let (tokens, redeemable) = ("OneTimeTokens { purpose: \"password-reset\", .. }", "Redeemable { tokens: ");
    assert_eq!(shown, format!("{tokens} {redeemable}{tokens}, .. }} NewOneTimeToken"));
}
