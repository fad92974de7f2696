//! What holds for any claims and any token, not for chosen ones: claims come back as they were signed,
//! and no token but the very one that was signed is accepted.

use core::time::Duration;
use std::sync::LazyLock;

use jwt_core::keys::KeyError;
use jwt_core::{Algorithm, Issuer, KeySet, KeyType, ManualClock, NumericDate, SigningKey, Verifier, jws};
use serde_json::{Map, Value, json};

const NOW: u64 = 1_800_000_000;

/// A key for each algorithm with which the backend signs. A new one of RSA takes long.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let rsa = include_str!("../src/keys/fixtures/rsa.pkcs8.pem");
    let key = |algorithm: Algorithm| match algorithm.facts().key_type {
        KeyType::Rsa => SigningKey::from_pem(algorithm, rsa),
        _ => SigningKey::generate(algorithm),
    };
    let signs = |algorithm| match key(algorithm) {
        Err(KeyError::NoBackend { .. }) => None,
        key => Some(key.unwrap()),
    };
    Algorithm::ALL.into_iter().filter_map(signs).collect()
});

/// Of the bytes that could stand at a place of a token, one in this many is tried: what is slow gets fewer.
const fn one_in(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS256 | Algorithm::ES256 | Algorithm::EdDSA => 1,
        Algorithm::HS384 | Algorithm::HS512 | Algorithm::Ed25519 => 8,
        // One byte at each place: the curves are slow, the texts of ML-DSA ten times as long.
        Algorithm::ES384 | Algorithm::ES512 => 128,
        Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => 128,
        _ => 32,
    }
}

/// Issuer and verifier of one key.
fn pair(key: &SigningKey) -> (Issuer, Verifier) {
    let issuer = Issuer::builder()
        .with_key(key.clone())
        .with_audience("api")
        .with_issuer("https://id.example.com/")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW));
    let builder =
        Verifier::builder().with_key(key).with_audience("api").with_issuer("https://id.example.com/");
    (issuer, builder.build().unwrap().with_clock(ManualClock::at(NOW)))
}

/// SplitMix64: the same claims in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap()
    }

    /// Any text, rich in what needs an escape.
    fn text(&mut self) -> String {
        const RICH: [char; 12] =
            ['"', '\\', '/', '\0', '\n', '\u{1f}', '\u{7f}', 'ä', '€', '\u{2028}', '\u{ffff}', '😀'];
        (0..self.below(12))
            .map(|_| match self.below(4) {
                0 => RICH[usize::try_from(self.below(12)).unwrap()],
                1 => u32::try_from(self.below(0x11_0000)).ok().and_then(char::from_u32).unwrap_or('x'),
                _ => char::from_digit(u32::try_from(self.below(36)).unwrap(), 36).unwrap(),
            })
            .collect()
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => self.below(2).eq(&0).into(),
            2 => self.next().into(),
            3 => i64::from_ne_bytes(self.next().to_ne_bytes()).into(),
            4 => Some(f64::from_bits(self.next())).filter(|n| n.is_finite()).map_or(json!(0.1), Value::from),
            5 => self.text().into(),
            6 => (0..self.below(4)).map(|_| self.value(depth.saturating_sub(1))).collect(),
            _ => Value::Object(
                (0..self.below(4)).map(|_| (self.text(), self.value(depth.saturating_sub(1)))).collect(),
            ),
        }
    }

    /// Claims of an application; more than sixteen now and then, which are compared by another way.
    fn claims(&mut self) -> Map<String, Value> {
        let many = if self.below(8) == 0 { 40 } else { 6 };
        (0..self.below(many)).map(|_| (format!("x{}", self.text()), self.value(4))).collect()
    }
}

#[test]
fn no_algorithm_is_left_out() {
    let algorithms: Vec<_> = KEYS.iter().map(SigningKey::algorithm).collect();
    let missing: Vec<_> = Algorithm::ALL.into_iter().filter(|one| !algorithms.contains(one)).collect();
    let rsa = |algorithm: &Algorithm| algorithm.facts().key_type == KeyType::Rsa;
    assert!(missing.iter().all(|algorithm| rsa(algorithm) && !cfg!(feature = "aws-lc-rs")), "{missing:?}");
}

#[test]
fn claims_come_back_as_they_were_signed() {
    let mut random = Random(1);
    for key in &*KEYS {
        let (algorithm, (issuer, verifier)) = (key.algorithm(), pair(key));
        for _ in 0..if one_in(algorithm) == 1 { 300 } else { 50 } {
            let (claims, subject) = (random.claims(), random.text());
            let token = issuer.token().with_subject(&subject).with_claims(&claims).sign().unwrap();
            let verified =
                verifier.verify(&token).unwrap_or_else(|error| panic!("{algorithm} {claims:?}: {error}"));
            let mut read = Map::clone(&*verified.claims().unwrap());
            read.retain(|name, _| claims.contains_key(name));
            assert_eq!(read, claims, "{algorithm}");
            assert_eq!(verified.subject(), Some(&*subject), "{algorithm}");
            assert_eq!(verified.issued_at(), NumericDate::from_secs(NOW).ok(), "{algorithm}");
            for (name, value) in &claims {
                assert_eq!(
                    verified.claim::<Value>(name).unwrap().as_ref(),
                    Some(value),
                    "{algorithm} {name:?}"
                );
            }
        }
    }
}

#[test]
fn a_jws_comes_back_as_it_was_signed() {
    let mut random = Random(2);
    for key in &*KEYS {
        let algorithm = key.algorithm();
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        for _ in 0..50 {
            let (payload, typ, cty) = (random.text(), random.text(), random.text());
            let signed = jws::sign_typed(payload.as_bytes(), key, &typ, Some(&cty)).unwrap();
            let read = jws::verify(&signed, &keys).unwrap();
            assert_eq!(read.payload(), payload.as_bytes(), "{algorithm}");
            assert_eq!((read.typ(), read.cty()), (Some(&*typ), Some(&*cty)), "{algorithm}");
            assert_eq!((read.algorithm(), read.key_id()), (algorithm, key.key_id().map(|id| &**id)));
            let bare = jws::verify(&jws::sign(payload.as_bytes(), key).unwrap(), &keys).unwrap();
            assert_eq!((bare.typ(), bare.cty()), (None, None), "{algorithm}");
        }
    }
}

/// A token and the verifier that accepts it.
fn tokens() -> impl Iterator<Item = (Algorithm, Verifier, String)> {
    KEYS.iter().map(|key| {
        let (algorithm, (issuer, verifier)) = (key.algorithm(), pair(key));
        let token = issuer.token().with_subject("alice").with_scope("read").sign().unwrap();
        assert!(verifier.verify(&token).is_ok(), "{algorithm}");
        (algorithm, verifier, token)
    })
}

/// ASCII, for the rest of what a `&str` can hold is no base64url either: all of it, or what [`one_in`] leaves.
fn bytes(algorithm: Algorithm, random: &mut Random) -> impl Iterator<Item = u8> + use<> {
    let one_in = one_in(algorithm);
    let first = usize::try_from(random.below(u64::try_from(one_in).unwrap())).unwrap();
    (0..128).skip(first).step_by(one_in)
}

/// `token` with `text` in place of what stands there.
fn with(token: &str, place: core::ops::Range<usize>, text: &str) -> String {
    let mut changed = token.to_owned();
    changed.replace_range(place, text);
    changed
}

#[test]
fn a_token_with_any_byte_changed_is_refused() {
    let mut random = Random(6);
    for (algorithm, verifier, token) in tokens() {
        for (at, byte) in token.bytes().enumerate() {
            for other in bytes(algorithm, &mut random).filter(|other| *other != byte) {
                let changed = with(&token, at..at + 1, &char::from(other).to_string());
                assert!(verifier.verify(&changed).is_err(), "{algorithm}: {at} is {other:#04x}");
            }
            let changed = with(&token, at..at + 1, "é");
            assert!(verifier.verify(&changed).is_err(), "{algorithm}: {at} is no ASCII");
        }
        assert!(verifier.verify(&token).is_ok(), "{algorithm}");
    }
}

#[test]
fn a_token_with_any_byte_taken_out_or_put_in_is_refused() {
    let mut random = Random(7);
    for (algorithm, verifier, token) in tokens() {
        let len = token.len();
        for at in 0..=len {
            for byte in bytes(algorithm, &mut random) {
                let longer = with(&token, at..at, &char::from(byte).to_string());
                assert!(verifier.verify(&longer).is_err(), "{algorithm}: {byte:#04x} at {at}");
            }
        }
        for at in 0..len {
            for (what, place) in [("without", at..at + 1), ("up to", at..len), ("behind", 0..at + 1)] {
                let shorter = with(&token, place, "");
                assert!(verifier.verify(&shorter).is_err(), "{algorithm}: {what} {at}");
            }
        }
    }
}

#[test]
fn the_parts_of_two_tokens_make_no_third() {
    for key in &*KEYS {
        let (algorithm, (issuer, verifier)) = (key.algorithm(), pair(key));
        let sign = |subject| issuer.token().with_subject(subject).sign().unwrap();
        let (one, two) = (sign("alice"), sign("bob"));
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (one, two) = (parts(&one), parts(&two));
        assert!(verifier.verify(&[&*one[0], &*one[1], &*one[2]].join(".")).is_ok(), "{algorithm}");
        for (header, payload, signature) in
            [(&one[0], &one[1], &two[2]), (&one[0], &two[1], &one[2]), (&one[1], &one[0], &one[2])]
        {
            assert!(verifier.verify(&format!("{header}.{payload}.{signature}")).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_date_of_fifteen_digits_is_the_same_to_the_verifier_and_to_serde() {
    let (issuer, verifier) = pair(&SigningKey::generate(Algorithm::HS256).unwrap());
    let mut random = Random(4);
    for _ in 0..500 {
        let places = random.below(10);
        let seconds = match places {
            0..=3 => random.below(NumericDate::MAX_SECS),
            4..=5 => random.below(10_000_000_000),
            _ => random.below(1_000_000),
        };
        let width = usize::try_from(places).unwrap();
        let fraction = random.below(10_u64.pow(u32::try_from(places).unwrap()));
        let text = if places == 0 { seconds.to_string() } else { format!("{seconds}.{fraction:0width$}") };
        let number: Value = serde_json::from_str(&text).unwrap();
        let claims = Map::from_iter([("auth_time".to_owned(), number)]);
        let verified = verifier.verify(&issuer.token().with_claims(&claims).sign().unwrap()).unwrap();
        let exact = verified.authenticated_at().unwrap();
        let shown = match text.split_once('.') {
            Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
            None => &text,
        };
        assert_eq!(exact.to_string(), shown);
        assert_eq!(verified.claim::<NumericDate>("auth_time").unwrap(), Some(exact), "{text}");
        assert_eq!(serde_json::from_str::<NumericDate>(&text).ok(), Some(exact), "{text}");
        let written = serde_json::to_string(&exact).unwrap();
        assert_eq!(serde_json::from_str::<NumericDate>(&written).ok(), Some(exact), "{text} {written}");
    }
}

#[test]
fn a_date_is_written_as_the_latest_of_fifteen_digits_that_is_not_after_it() {
    let mut random = Random(5);
    for _ in 0..2000 {
        let digits = u32::try_from(random.below(13)).unwrap();
        let seconds = random.below(10_u64.pow(digits)).min(NumericDate::MAX_SECS);
        let nanos = match random.below(3) {
            0 => 999_999_999,
            1 => random.below(1_000_000_000),
            _ => random.below(10_000),
        };
        let date = Duration::new(seconds, u32::try_from(nanos).unwrap());
        let written = serde_json::to_string(&NumericDate::try_from(date).unwrap()).unwrap();
        let read = serde_json::from_str::<NumericDate>(&written).unwrap();
        let places = 15_u32.saturating_sub(seconds.checked_ilog10().map_or(1, |last| last.saturating_add(1)));
        let unit = 10_u64.pow(9_u32.saturating_sub(places)).max(1);
        let cut = nanos.checked_sub(nanos.checked_rem(unit).unwrap()).unwrap();
        let expected = Duration::new(seconds, u32::try_from(cut).unwrap());
        assert_eq!(read.as_duration(), expected, "{date:?} {written}");
        assert_eq!(serde_json::to_string(&read).unwrap(), written, "{date:?}");
    }
}
