//! How often verifying allocates. What the cryptography library does inside is not counted.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

use allocation_counter::measure;
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
use serde::Deserialize;

const ISSUER: &str = "https://id.example.com/";
const AUDIENCE: &str = "https://api.example.com";

/// Four strings and two numbers: four allocations of its own.
#[derive(Deserialize)]
struct User {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    scope: String,
}

const ALLOCATIONS_OF_USER: u64 = 4;

fn verifier(key: &SigningKey) -> Verifier {
    Verifier::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap()
}

fn token(key: &SigningKey) -> String {
    let builder = Issuer::builder().with_key(key.clone()).with_audience(AUDIENCE).with_issuer(ISSUER);
    let issuer = builder.build().unwrap();
    issuer.token().with_subject("alice").with_scope("read write").sign().unwrap()
}

fn allocations(once: impl FnOnce()) -> u64 {
    measure(once).count_total
}

#[test]
fn a_verified_token_is_itself_its_payload_and_the_places_of_its_claims() {
    for (algorithm, expected) in
        // The signature of RSA is the only one here that is too long for the stack.
        [(Algorithm::HS256, 3), (Algorithm::ES512, 3), (Algorithm::EdDSA, 3), (Algorithm::RS256, 4)]
    {
        let key = SigningKey::generate(algorithm).unwrap();
        let (verifier, token) = (verifier(&key), token(&key));
        // The first good token adds its header to those that are known.
        assert!(verifier.verify(&token).is_ok());
        let count = allocations(|| assert_eq!(verifier.verify(&token).unwrap().subject(), Some("alice")));
        assert_eq!(count, expected, "{algorithm}");
    }
}

#[test]
fn claims_of_a_type_cost_what_the_type_costs() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let (verifier, token) = (verifier(&key), token(&key));
    let verified = verifier.verify(&token).unwrap();
    let count = allocations(|| {
        let (verified, user) = verifier.verify_into::<User>(&token).unwrap();
        assert_eq!((verified.issuer(), user.aud.as_str()), (Some(user.iss.as_str()), AUDIENCE));
        assert!(user.iat < user.exp && user.sub == "alice" && user.scope == "read write");
    });
    assert_eq!(
        count,
        3 + ALLOCATIONS_OF_USER,
        "itself, its payload, the places of its claims, and the type's own"
    );

    for time in ["first", "second"] {
        let count = allocations(|| assert_eq!(verified.claims::<User>().unwrap().sub, "alice"));
        assert_eq!(count, 1 + ALLOCATIONS_OF_USER, "shared, the {time} time");
    }
    let count = allocations(|| assert_eq!(verified.claims::<User>().unwrap().sub, "alice"));
    assert_eq!(count, 0, "kept");
}

#[test]
fn nothing_is_allocated_before_the_length_is_checked() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let verifier = verifier(&key);
    for too_long in [".".repeat(1_000_000), "x".repeat(16 * 1024 + 1), format!("a.{}.c", "b".repeat(20_000))]
    {
        assert_eq!(allocations(|| assert!(verifier.verify(&too_long).is_err())), 0);
    }
}

#[test]
fn refusing_garbage_allocates_little() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let (verifier, token) = (verifier(&key), token(&key));
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let long = "x".repeat(16_000);
    let rows = [
        (long.clone(), 0),
        ("..".to_owned(), 0),
        (".".repeat(16_000), 0),
        (format!("{header}.!{payload}.{signature}"), 1),
        // A header that is not known yet is read: decoded, and its nodes listed.
        (format!("{long}..{signature}"), 2),
        (format!("e30.{payload}.{signature}"), 2),
        (format!("{header}.{long}.{signature}"), 2),
        (format!("{header}.{payload}.{}", "A".repeat(43)), 2),
        (format!("{header}.{payload}.{}", "A".repeat(8_000)), 3),
    ];
    for (token, most) in &rows {
        let count = allocations(|| assert!(verifier.verify(token).is_err()));
        assert!(count <= *most && count <= 4, "{count} for {}", token.get(..60).unwrap_or(token));
    }
}
