//! A JWK set over HTTP: what is asked, and what an answer is worth.

use core::time::Duration;

use jwt_core::keys::{JwkSet, Source};
use jwt_core::{Algorithm, KeySet, VerifyingKey};

use crate::address::Address;
use crate::bounds::Terms;
use crate::fetch_error::FetchError;
use crate::freshness::fresh_for;
use crate::http::{HttpError, HttpRequest, HttpResponse};

/// An entity tag that is longer is not sent back.
const MOST_TAG_BYTES: usize = 256;

/// What a good answer says.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// None where the keys are those that are held.
    pub(crate) keys: Option<Keys>,
    pub(crate) fresh_for: Option<Duration>,
    pub(crate) last: Last,
}

/// New keys.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) set: KeySet,
    /// The algorithms of keys that are not used because the provider does not name them.
    pub(crate) unnamed: Vec<Algorithm>,
}

/// What is remembered of the last good answer, while its keys are held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Last {
    /// To be sent with the next request, so that keys which did not change are not sent again.
    tag: Option<String>,
    /// Of the body, so that keys which are sent again are not taken for new ones: whatever was verified under them
    /// stays verified, and what is wrong with one of them is told once.
    body: Option<BodyPrint>,
}

/// A keyed hash of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyPrint(pub(crate) u64);

/// The request for a JWK set.
pub(crate) fn request(address: &Address, last: &Last, terms: &Terms) -> HttpRequest {
    let request = HttpRequest::get(address.as_str(), terms.timeout, terms.most_bytes);
    match &last.tag {
        Some(tag) => request.with_header("if-none-match", tag),
        None => request,
    }
}

/// Reads the answer; `last` is what the request was made by. Keys for other algorithms than `only`, which the provider
/// names, are not used.
pub(crate) fn read(
    response: &HttpResponse,
    last: &Last,
    print: impl FnOnce(&[u8]) -> BodyPrint,
    only: Option<&[Algorithm]>,
    terms: &Terms,
) -> Result<Fetched, FetchError> {
    let new_tag = response.value("etag").filter(|tag| is_entity_tag(tag)).map(str::to_owned);
    let fresh_for = fresh_for(response);
    // RFC 9110 §15.4.5: it should repeat the tag; where it does not, that stands.
    if response.status == 304 {
        let tag = last.tag.clone().ok_or(FetchError::NothingToCompare)?;
        let last = Last { tag: Some(new_tag.unwrap_or(tag)), body: last.body };
        return Ok(Fetched { keys: None, fresh_for, last });
    }
    FetchError::of_status(response.status)?;
    // Before anything reads it, whatever the client let through.
    if response.body.len() > terms.most_bytes {
        return Err(HttpError::TooLong.into());
    }
    let print = Some(print(&response.body));
    let keys = if print == last.body { None } else { Some(allowed(keys(&response.body, only)?, terms)?) };
    Ok(Fetched { keys, fresh_for, last: Last { tag: new_tag, body: print } })
}

/// Keys of which some could verify a token. A set that the rules of this service refuse throughout would turn every
/// token of the provider into a bad one.
fn allowed(keys: Keys, terms: &Terms) -> Result<Keys, FetchError> {
    let algorithms = keys.set.algorithms();
    match &terms.allowed {
        Some(allowed) if !algorithms.iter().any(|algorithm| allowed.contains(algorithm)) => {
            Err(FetchError::NotAllowed { algorithms: algorithms.to_vec(), allowed: allowed.to_vec() })
        }
        _ => Ok(keys),
    }
}

/// Bad keys among good ones are skipped; none left is a failure (RFC 7517 §5).
fn keys(body: &[u8], only: Option<&[Algorithm]>) -> Result<Keys, FetchError> {
    let failed = |error| FetchError::Keys { error };
    let set =
        JwkSet::from_json(body).and_then(|set| KeySet::from_jwk_set(&set, Source::Remote)).map_err(failed)?;
    let Some(named) = only else { return Ok(Keys { set, unnamed: Vec::new() }) };
    // A JWK without `alg` is a key for each algorithm of its type, of which one that is named is enough.
    let is_used = |key: &&VerifyingKey| {
        let mut same = set.iter().filter(|other| other.key_id() == key.key_id());
        same.any(|other| {
            other.algorithm().facts().key_type == key.algorithm().facts().key_type
                && named.contains(&other.algorithm())
        })
    };
    let mut unnamed: Vec<Algorithm> =
        set.iter().filter(|key| !is_used(key)).map(VerifyingKey::algorithm).collect();
    unnamed.sort_by_key(|algorithm| algorithm.name());
    unnamed.dedup();
    match set.restricted_to(named) {
        Ok(set) => Ok(Keys { set, unnamed }),
        Err(_) => Err(FetchError::Unnamed { algorithms: unnamed }),
    }
}

/// RFC 9110 §8.8.3. It is sent back as it came, so that nothing else may be in it.
fn is_entity_tag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    tag.len() <= MOST_TAG_BYTES
        && inside.is_some_and(|inside| inside.bytes().all(|byte| byte == b'!' || matches!(byte, b'#'..=b'~')))
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use jwt_core::SigningKey;

    use super::*;
    use crate::address::Transport;
    use crate::bounds::MOST_BYTES;

    fn jwks(keys: &[SigningKey]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| key.to_jwk().unwrap().to_json().unwrap()).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::ES256).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpResponse { status, headers, body: body.into() }
    }

    fn read_after(response: &HttpResponse, last: &Last) -> Result<Fetched, FetchError> {
        let print = |body: &[u8]| BodyPrint(std::hash::BuildHasher::hash_one(&FIXED, body));
        read(response, last, print, None, &Terms::default())
    }

    const FIXED: std::hash::BuildHasherDefault<std::hash::DefaultHasher> =
        std::hash::BuildHasherDefault::new();

    fn tagged(tag: &str) -> Last {
        Last { tag: Some(tag.to_owned()), body: None }
    }

    #[test]
    fn a_good_answer_is_keys_their_freshness_and_their_tag() {
        let body = jwks(&[key(), key()]);
        let response = answer(200, &[("ETag", r#"W/"v1""#), ("Cache-Control", "max-age=300")], body);
        let fetched = read_after(&response, &Last::default()).unwrap();
        assert_eq!(fetched.keys.unwrap().set.len(), 2);
        assert_eq!(
            (fetched.fresh_for, fetched.last.tag.as_deref()),
            (Some(Duration::from_secs(300)), Some(r#"W/"v1""#))
        );
    }

    #[test]
    fn keys_that_did_not_change_are_not_sent_again() {
        let address = Address::new("https://id.example.com/jwks", Transport::Https).unwrap();
        let sent = request(&address, &tagged(r#""v1""#), &Terms::default());
        assert!(sent.headers.contains(&("if-none-match", r#""v1""#.to_owned())));
        let same =
            read_after(&answer(304, &[("cache-control", "max-age=60")], ""), &tagged(r#""v1""#)).unwrap();
        assert!(same.keys.is_none());
        assert_eq!(
            (same.fresh_for, same.last.tag.as_deref()),
            (Some(Duration::from_secs(60)), Some(r#""v1""#))
        );
        let unasked = read_after(&answer(304, &[], ""), &Last::default()).unwrap_err();
        assert_eq!(unasked.code(), "nothing_to_compare");
    }

    #[test]
    fn a_set_without_a_tag_forgets_the_old_one() {
        let fetched = read_after(&answer(200, &[], jwks(&[key()])), &tagged(r#""v1""#)).unwrap();
        assert_eq!(fetched.last.tag, None);
    }

    #[test]
    fn the_same_body_again_is_no_new_set() {
        let response = answer(200, &[], jwks(&[key()]));
        let first = read_after(&response, &Last::default()).unwrap();
        assert!(first.keys.is_some());
        let again = read_after(&response, &first.last).unwrap();
        assert!(again.keys.is_none());
        let other = read_after(&answer(200, &[], jwks(&[key()])), &again.last).unwrap();
        assert!(other.keys.is_some());
    }

    #[test]
    fn keys_for_algorithms_that_the_provider_does_not_name_are_not_used() {
        let response = answer(200, &[], jwks(&[key(), SigningKey::generate(Algorithm::EdDSA).unwrap()]));
        let only = |algorithms: &[Algorithm]| {
            let read =
                read(&response, &Last::default(), |_| BodyPrint(0), Some(algorithms), &Terms::default());
            read.map(|fetched| fetched.keys)
        };
        let keys = only(&[Algorithm::EdDSA]).unwrap().unwrap();
        assert_eq!((keys.set.algorithms(), keys.unnamed), (&[Algorithm::EdDSA][..], vec![Algorithm::ES256]));
        let error = only(&[Algorithm::RS256]).unwrap_err();
        assert_eq!((error.code(), error.to_string().contains("ES256, EdDSA")), ("unnamed", true), "{error}");
    }

    #[test]
    fn a_key_without_an_algorithm_is_used_for_those_that_are_named() {
        let rsa =
            SigningKey::generate(Algorithm::RS256).map(|key| key.verifying_key().to_jwk().unwrap().to_json());
        // The backend `rust-crypto` makes no such keys.
        let Ok(Ok(rsa)) = rsa else { return };
        let rsa = rsa.replace(r#""alg":"RS256","#, "").replace(r#","alg":"RS256""#, "");
        let response = answer(200, &[], format!(r#"{{"keys":[{rsa}]}}"#));
        let read =
            read(&response, &Last::default(), |_| BodyPrint(0), Some(&[Algorithm::RS256]), &Terms::default());
        let keys = read.unwrap().keys.unwrap();
        assert_eq!((keys.set.algorithms(), keys.unnamed), (&[Algorithm::RS256][..], vec![]));
    }

    #[test]
    fn only_an_entity_tag_is_sent_back() {
        for (tag, good) in [
            (r#""a""#, true),
            (r#""""#, true),
            (r#"W/"a!#~""#, true),
            ("a", false),
            (r#"w/"a""#, false),
            (r#""a"b""#, false),
            ("\"a b\"", false),
            ("\"a\u{e9}\"", false),
            ("\"", false),
            ("", false),
        ] {
            assert_eq!(is_entity_tag(tag), good, "{tag:?}");
        }
        assert!(!is_entity_tag(&format!("\"{}\"", "a".repeat(MOST_TAG_BYTES))));
    }

    #[test]
    fn a_set_that_the_rules_refuse_throughout_is_a_failure() {
        let response = answer(200, &[], jwks(&[key()]));
        let under = |allowed: &[Algorithm]| {
            let terms = Terms { allowed: Some(allowed.into()), ..Terms::default() };
            read(&response, &Last::default(), |_| BodyPrint(0), None, &terms).map(drop)
        };
        assert_eq!(under(&[Algorithm::RS256, Algorithm::ES256]), Ok(()));
        let error = under(&[Algorithm::RS256, Algorithm::EdDSA]).unwrap_err();
        assert_eq!(error.code(), "not_allowed");
        let words = "all keys are for ES256, and the rules of this service allow RS256, EdDSA alone";
        assert!(error.to_string().starts_with(words), "{error}");
    }

    #[test]
    fn whatever_is_no_set_of_usable_keys_is_a_failure_that_says_why() {
        let secret = r#"{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#;
        for (status, body, code, words) in [
            (500, String::new(), "status", "status 500 instead of 200"),
            (404, jwks(&[key()]), "status", "status 404 instead of 200"),
            (204, String::new(), "status", "status 204 instead of 200"),
            (203, jwks(&[key()]), "status", "status 203 instead of 200"),
            (
                302,
                jwks(&[key()]),
                "redirect",
                "status 302, but redirects are not followed: configure the address it leads to",
            ),
            (200, "<html>".to_owned(), "keys", "no usable JWK set: "),
            (200, String::new(), "keys", "no usable JWK set: "),
            (200, r#"{"keys":[]}"#.to_owned(), "keys", "no usable JWK set: "),
            (200, secret.to_owned(), "keys", "no usable JWK set: "),
            (200, " ".repeat(MOST_BYTES + 1), "too_long", "the answer is longer than"),
        ] {
            let error = read_after(&answer(status, &[], body), &Last::default()).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().starts_with(words), "{error}");
        }
    }

    #[test]
    fn a_bad_key_costs_one_key() {
        let body = jwks(&[key()]).replacen('[', r#"[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"#, 1);
        let fetched = read_after(&answer(200, &[], body), &Last::default()).unwrap();
        let keys = fetched.keys.unwrap().set;
        assert_eq!((keys.len(), keys.skipped().len()), (1, 1));
    }
}
