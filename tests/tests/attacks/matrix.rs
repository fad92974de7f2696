//! Every authority and every algorithm in the place of every other: two authorities for each algorithm, each with
//! an issuer, an audience, a key and a `kid` of its own.

use std::collections::BTreeMap;

use jwt_core::{Algorithm, Authority, KeySet, ManualClock, Reason, RequestAuth, SigningKey, Verifier};
use tests::tokens::{AUDIENCE, Forged, ISSUER, NOW};

use super::bench::{Ask, Door};
use super::covers;
use crate::parity::Expected;

covers! {
    every_authority_in_the_place_of_every_other [3 7 8 19];
    every_algorithm_in_the_place_of_every_other_of_one_authority [3 7 8];
}

struct Party {
    algorithm: Algorithm,
    issuer: String,
    audience: String,
    kid: String,
    key: SigningKey,
}

impl Party {
    fn new(group: &str, algorithm: Algorithm) -> Self {
        let name = format!("{group}-{algorithm}");
        let key = tests::backend::generate(algorithm).with_key_id(name.as_str()).unwrap();
        let (issuer, audience) = (format!("https://{name}.example/"), format!("https://api.{name}.example"));
        Self { algorithm, issuer, audience, kid: name, key }
    }

    /// The party whose key has this `kid`.
    fn named(&self, kid: &str) -> Self {
        let (issuer, audience) = (self.issuer.clone(), self.audience.clone());
        let key = self.key.clone().with_key_id(kid).unwrap();
        Self { algorithm: self.algorithm, issuer, audience, kid: kid.to_owned(), key }
    }

    fn authority(&self) -> Authority {
        let builder = Authority::builder().with_key(&self.key).with_audience(self.audience.as_str());
        builder.with_issuer(self.issuer.as_str()).build_authority().unwrap()
    }

    /// Its good token.
    fn token(&self) -> Forged {
        Forged::new()
            .key(&self.key)
            .header("alg", self.algorithm.facts().name)
            .header("kid", self.kid.as_str())
            .claim("iss", self.issuer.as_str())
            .claim("aud", self.audience.as_str())
    }
}

fn verifier(parties: &[Party]) -> Verifier {
    Verifier::of(parties.iter().map(Party::authority)).unwrap().with_clock(ManualClock::at(NOW))
}

/// The attacks that `a` can mount on `b`: what it is called, the token, and the reason of the refusal.
fn attacks(a: &Party, b: &Party) -> Vec<(&'static str, String, Reason)> {
    let same = a.algorithm == b.algorithm;
    let or_not_allowed = |reason| if same { reason } else { Reason::AlgorithmNotAllowed };
    let issuer = || a.token().claim("iss", b.issuer.as_str());
    let both = || issuer().claim("aud", b.audience.as_str());
    let of_b = || b.token().key(&a.key);
    let mut attacks = vec![
        ("a's token, b's iss", issuer().sign(), or_not_allowed(Reason::UnknownKey)),
        (
            "b's iss and kid, a's aud",
            issuer().header("kid", b.kid.as_str()).sign(),
            or_not_allowed(Reason::BadSignature),
        ),
        ("b's iss and aud", both().sign(), or_not_allowed(Reason::UnknownKey)),
        (
            "b's iss, aud and kid",
            both().header("kid", b.kid.as_str()).sign(),
            or_not_allowed(Reason::BadSignature),
        ),
        ("b's in everything but the signature", of_b().sign(), Reason::BadSignature),
        ("the same without kid", of_b().without_header("kid").sign(), Reason::BadSignature),
        ("b's iss under a's kid", of_b().header("kid", a.kid.as_str()).sign(), Reason::UnknownKey),
        (
            "a's token for b's audience",
            a.token().claim("aud", b.audience.as_str()).sign(),
            Reason::WrongAudience,
        ),
        ("a's token, b's kid", a.token().header("kid", b.kid.as_str()).sign(), Reason::UnknownKey),
        ("no iss", of_b().without_claim("iss").sign(), Reason::UntrustedIssuer),
        ("a's token without iss", a.token().without_claim("iss").sign(), Reason::UntrustedIssuer),
    ];
    if !same {
        // The name of one algorithm over the signature of another, under the issuer and `kid` of the signer.
        let attack = a.token().header("alg", b.algorithm.facts().name).sign();
        attacks.push(("a's token, b's alg", attack, Reason::AlgorithmNotAllowed));
    }
    attacks
}

#[test]
fn every_authority_in_the_place_of_every_other() {
    let parties =
        |group: &str| -> Vec<Party> { Algorithm::ALL.iter().map(|a| Party::new(group, *a)).collect() };
    let (first, second) = (parties("a"), parties("b"));
    let size = Algorithm::ALL.len();
    assert_eq!(size, 17);
    let all: Vec<Party> = first.iter().chain(&second).map(|party| party.named(&party.kid)).collect();
    let verifier_of_all = verifier(&all);
    for party in &all {
        let verified = verifier_of_all.verify(&party.token().sign()).unwrap();
        assert_eq!(verified.issuer(), Some(party.issuer.as_str()));
    }
    let mut cells: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut try_on = |verifier: &Verifier,
                      pair: &str,
                      (name, token, reason): (&'static str, String, Reason)| {
        *cells.entry(name).or_default() += 1;
        let found = verifier.verify(&token).map(drop).map_err(|error| error.reason());
        let explained = verifier.explain(&token).findings().iter().any(|finding| finding.reason() == reason);
        if found != Err(reason) || !explained {
            faults.push(format!("{pair}: {name}: {found:?} instead of {reason:?}"));
        }
    };
    for a in &first {
        for b in &second {
            for attack in attacks(a, b) {
                try_on(&verifier_of_all, &format!("{} on {}", a.kid, b.kid), attack);
            }
        }
    }
    // One name for the keys of all: the issuer alone tells them apart.
    let renamed: Vec<Party> = all.iter().map(|party| party.named("same")).collect();
    let of_one_name = verifier(&renamed);
    for (at, a) in renamed.iter().enumerate() {
        assert!(of_one_name.verify(&a.token().sign()).is_ok(), "{}", a.issuer);
        for (_, b) in renamed.iter().enumerate().filter(|(other, _)| *other != at) {
            let reason =
                if a.algorithm == b.algorithm { Reason::BadSignature } else { Reason::AlgorithmNotAllowed };
            let attack = a.token().claim("iss", b.issuer.as_str()).claim("aud", b.audience.as_str()).sign();
            try_on(
                &of_one_name,
                &format!("{} on {}", a.issuer, b.issuer),
                ("one kid for all", attack, reason),
            );
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let pairs = size * size;
    for (name, count) in &cells {
        let expected = match *name {
            "one kid for all" => 2 * size * (2 * size - 1),
            "a's token, b's alg" => pairs - size,
            _ => pairs,
        };
        assert_eq!(*count, expected, "{name}");
    }
    assert_eq!(cells.values().sum::<usize>(), 11 * 289 + 272 + 1122);

    // Each kind once over sockets: the same 401 for all.
    let (a, b) = (&first[9], &second[12]);
    assert_eq!((a.algorithm, b.algorithm), (Algorithm::ES256, Algorithm::EdDSA));
    let door = Door::new("matrix", RequestAuth::new(verifier_of_all.clone()));
    let good = b.token().sign();
    let mut requests = 0;
    for (name, token, reason) in attacks(a, b) {
        let (plain, attack) = (Ask::get().bearer(&good), Ask::get().bearer(&token));
        door.refuses(name, (&plain, &Expected::me(&good)), (&attack, &Expected::not_valid()), reason);
        requests += 1;
    }
    door.finish(requests);
    assert_eq!(requests, 12);
}

/// Where one authority has keys of many algorithms, its allow-list stops nothing: the key's own algorithm does.
#[test]
fn every_algorithm_in_the_place_of_every_other_of_one_authority() {
    let mut cells = 0;
    for symmetric in [false, true] {
        let algorithms: Vec<_> = Algorithm::ALL
            .iter()
            .copied()
            .filter(|algorithm| algorithm.is_symmetric() == symmetric)
            .collect();
        let keys: Vec<(Algorithm, SigningKey)> = algorithms
            .into_iter()
            .map(|algorithm| {
                let key = tests::backend::generate(algorithm);
                (algorithm, key.with_key_id(algorithm.facts().name).unwrap())
            })
            .collect();
        let set = KeySet::new(keys.iter().map(|(_, key)| key.verifying_key())).unwrap();
        let builder = Verifier::builder().with_keys(set).with_audience(AUDIENCE).with_issuer(ISSUER);
        let door = Door::new(
            "substitution",
            RequestAuth::new(builder.build().unwrap().with_clock(ManualClock::at(NOW))),
        );
        let mut requests = 0;
        for (signer, key) in &keys {
            let said = |algorithm: &str, kid: &str| {
                Forged::new().key(key).header("alg", algorithm).header("kid", kid).sign()
            };
            let own = signer.facts().name;
            let good = said(own, own);
            for (other, _) in keys.iter().filter(|(other, _)| other != signer) {
                let other = other.facts().name;
                for (name, token, reason) in [
                    ("its signature and kid, another name", said(other, own), Reason::KeyAlgorithmMismatch),
                    ("its signature, another name and kid", said(other, other), Reason::BadSignature),
                    ("its signature and name, another kid", said(own, other), Reason::KeyAlgorithmMismatch),
                ] {
                    let (plain, attack) = (Ask::get().bearer(&good), Ask::get().bearer(&token));
                    let name = format!("{name}: {own} as {other}");
                    door.refuses(
                        &name,
                        (&plain, &Expected::me(&good)),
                        (&attack, &Expected::not_valid()),
                        reason,
                    );
                    requests += 1;
                }
            }
        }
        door.finish(requests);
        cells += requests;
    }
    assert_eq!(cells, 3 * (14 * 13 + 3 * 2));
}
