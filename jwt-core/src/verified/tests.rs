use super::*;
use crate::{Issuer, SigningKey, Verifier};

#[test]
fn a_token_is_known_again_and_no_other_is_taken_for_it() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build().unwrap();
    let (issuer, other) = (issuer.unwrap(), "other");
    let token = issuer.token().with_subject("alice").sign().unwrap();
    let verified = verifier.verify(&token).unwrap();
    assert!(verified.is_of(&token));

    let (input, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let another = issuer.token().with_subject(other).sign().unwrap();
    let (other_input, other_signature) = another.rsplit_once('.').unwrap();
    let other_payload = other_input.split_once('.').unwrap().1;
    let (front, last) = header.split_at(header.len() - 1);
    for (what, text) in [
        ("another token", another.clone()),
        ("another header", format!("{}.{payload}.{signature}", base64url::encode(b"{\"alg\":\"HS256\"}"))),
        ("another payload", format!("{header}.{other_payload}.{signature}")),
        ("another signature", format!("{input}.{other_signature}")),
        ("no signature", format!("{input}.")),
        ("no signature and no dot", input.to_owned()),
        ("a segment more", format!("{token}.")),
        ("padding", format!("{token}=")),
        ("a signature that is longer", format!("{token}A")),
        ("a payload that is longer", format!("{header}.{payload}AAAA.{signature}")),
        ("a payload without end", format!("{header}.{}.{signature}", "A".repeat(100_000))),
        ("a dot at another place", format!("{front}.{last}{payload}.{signature}")),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
    ] {
        assert!(!verified.is_of(&text), "{what}");
    }
    // The last character of a payload or signature holds bits that are not used: they are zero.
    for spelled in ["B", "C", "D"] {
        let changed = format!("{}{spelled}", token.get(..token.len() - 1).unwrap());
        assert_eq!(verified.is_of(&changed), changed == token, "{spelled}");
    }
}

#[test]
fn what_was_not_signed_is_no_token() {
    let evidence = Evidence::introspection("https://id.example.com/introspect");
    let verified = crate::danger::assert_verified("id", b"{}".to_vec(), evidence).unwrap();
    for text in ["", ".", "..", ".e30.", "..x"] {
        assert!(!verified.is_of(text), "{text:?}");
    }
}

#[test]
fn nothing_that_is_kept_of_a_token_can_be_sent_as_one() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build().unwrap();
    let token = issuer.unwrap().token().sign().unwrap();
    let verified = verifier.verify(&token).unwrap();
    let signature = token.rsplit_once('.').unwrap().1;
    assert!(!verified.text.text.contains(signature.get(..8).unwrap()));
}
