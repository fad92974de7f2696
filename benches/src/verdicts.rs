//! Ten good and ten bad tokens: a contender that judges them otherwise is not compared.

use jwt_core::Algorithm;
use serde_json::{Value, json};

use crate::fixture::{Fixture, User, forge, header, now};
use crate::{ours, peer};

/// A name, a token, and whether it is good.
pub type Row = (&'static str, String, bool);

/// The tokens, signed with the fixture's key.
#[must_use]
pub fn rows(fixture: &Fixture) -> Vec<Row> {
    let (key, alg) = (&fixture.key, fixture.algorithm.name());
    let usual_header = header(fixture.algorithm);
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = serde_json::to_value(User::at(now())).expect("claims");
        change(&mut claims);
        claims.to_string()
    };
    let usual = claims(&|_| ());
    let with_header = |header: Value| forge(key, &header.to_string(), &usual);
    let with_claims = |change: &dyn Fn(&mut Value)| forge(key, &usual_header, &claims(change));
    let without = |name: &str| {
        with_claims(&|claims| {
            claims.as_object_mut().expect("an object").remove(name);
        })
    };
    let good = forge(key, &usual_header, &usual);
    let (input, signature) = good.rsplit_once('.').expect("three segments");
    let (head, payload) = input.split_once('.').expect("three segments");
    let stranger = Fixture::new(match fixture.algorithm {
        Algorithm::HS256 => Algorithm::HS512,
        same => same,
    });
    vec![
        ("the usual one", good.clone(), true),
        ("typ at+jwt", with_header(json!({"alg": alg, "typ": "at+jwt"})), true),
        ("no typ", with_header(json!({"alg": alg})), true),
        ("unknown members of the header", with_header(json!({"alg": alg, "x5t": "AA", "new": "x"})), true),
        ("an extra claim", with_claims(&|c| c["tenant"] = json!({"id": 7, "tags": ["a", "b"]})), true),
        ("a subject beyond ASCII", with_claims(&|c| c["sub"] = json!("Žofie 🦀 \"quoted\"")), true),
        ("valid since a minute", with_claims(&|c| c["nbf"] = json!(now() - 60)), true),
        ("expired within the leeway", with_claims(&|c| c["exp"] = json!(now() - 10)), true),
        ("white space", forge(key, &usual_header, &usual.replace(",\"", " ,\n\t\"")), true),
        ("an empty scope", with_claims(&|c| c["scope"] = json!("")), true),
        ("expired", with_claims(&|c| c["exp"] = json!(now() - 60)), false),
        ("not valid yet", with_claims(&|c| c["nbf"] = json!(now() + 120)), false),
        ("another audience", with_claims(&|c| c["aud"] = json!("https://other.example.com")), false),
        ("another issuer", with_claims(&|c| c["iss"] = json!("https://id.example.com")), false),
        ("no expiry", without("exp"), false),
        ("no audience", without("aud"), false),
        ("another key", forge(&stranger.key, &usual_header, &usual), false),
        ("alg none", forge(key, r#"{"alg":"none"}"#, &usual), false),
        ("a changed payload", format!("{head}.{}A.{signature}", &payload[..payload.len() - 1]), false),
        ("no signature", format!("{input}."), false),
    ]
}

/// Panics where the contenders do not agree with the table.
pub fn prove(fixture: &Fixture) {
    let verifier = ours::verifier(fixture);
    let decoder = peer::Decoder::new(fixture);
    for (name, token, good) in rows(fixture) {
        let algorithm = fixture.algorithm;
        let ours = ours::verify(&verifier, &token);
        assert_eq!(ours.is_some(), good, "jwt-core, {algorithm}: {name}");
        if let Some(decoder) = &decoder {
            assert_eq!(decoder.verify(&token), ours, "jsonwebtoken, {algorithm}: {name}");
        }
    }
}
