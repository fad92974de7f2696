//! The JOSE header of a compact JWS (RFC 7515 §4), read strictly.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{self, Bounds, Document, Fault, Nodes, Value};
use crate::limits::Limits;
use crate::refusal::Reason;

/// Most names and values of a header: room for every real one, and little enough that refusing a
/// header costs less than a signature check.
const NODES: usize = 128;

/// Longest `kid` in bytes.
pub(crate) const MAX_KEY_ID: usize = 256;

/// The members that rules look at. A value of the wrong type never reads as an absent one.
pub(crate) struct Header<'d> {
    algorithm: Option<Algorithm>,
    key_id: Option<Cow<'d, str>>,
    typ: Option<Cow<'d, str>>,
    cty: Option<Cow<'d, str>>,
    /// Which of [`FORBIDDEN`] there is a member for.
    forbidden: [bool; FORBIDDEN.len()],
}

/// Why members are refused for being there, in the order in which they are told.
const FORBIDDEN: [Reason; 5] = [
    Reason::CriticalExtension,
    Reason::UnencodedPayload,
    Reason::EmbeddedKey,
    Reason::Encrypted,
    Reason::Compressed,
];

/// Parses the decoded header.
pub(crate) fn parse<'h>(
    json: &'h [u8],
    limits: &Limits,
    nodes: &'h mut Nodes,
) -> Result<Document<'h>, Reason> {
    if json.len() > limits.header_bytes() {
        return Err(Reason::HeaderTooLong);
    }
    let bounds = Bounds { depth: Limits::HEADER_DEPTH, nodes: NODES };
    json::text(json).and_then(|text| Document::read(text, bounds, nodes)).map_err(|fault| match fault {
        Fault::Duplicate => Reason::DuplicateMember,
        Fault::Depth => Reason::TooDeep,
        Fault::Size => Reason::HeaderTooLong,
        Fault::Syntax => Reason::MalformedHeader,
    })
}

impl<'d> Header<'d> {
    /// Reads the members. Unknown ones are ignored (RFC 7515 §4), as are `jku`, `x5u`, `x5c`,
    /// `x5t` and `x5t#S256`: they never choose or fetch a key.
    pub(crate) fn read(document: &'d Document<'_>) -> Result<Self, Reason> {
        let forbidden = Default::default();
        let mut header = Self { algorithm: None, key_id: None, typ: None, cty: None, forbidden };
        for (name, value) in document.root().members() {
            let Some(name) = name.as_str() else { continue };
            match name.as_ref() {
                "alg" => header.algorithm = Algorithm::from_name(text(value)?.as_bytes()),
                "kid" => header.key_id = Some(text(value)?),
                "typ" => header.typ = Some(text(value)?),
                "cty" => header.cty = Some(text(value)?),
                // Every extension is unknown here, and a list that is empty, repeats itself or names
                // what is not there is wrong anyway (RFC 7515 §4.1.11).
                "crit" => header.forbid(Reason::CriticalExtension),
                "b64" => header.forbid(Reason::UnencodedPayload),
                "jwk" => header.forbid(Reason::EmbeddedKey),
                "zip" => header.forbid(Reason::Compressed),
                "enc" | "epk" | "p2c" => header.forbid(Reason::Encrypted),
                _ => {}
            }
        }
        Ok(header)
    }

    fn forbid(&mut self, reason: Reason) {
        FORBIDDEN.iter().zip(&mut self.forbidden).for_each(|(one, is_there)| *is_there |= *one == reason);
    }

    /// The algorithm, if it is one of `allowed` (RFC 8725 §3.1: an allow-list, exact names).
    pub(crate) fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, Reason> {
        self.algorithm.filter(|algorithm| allowed.contains(algorithm)).ok_or(Reason::AlgorithmNotAllowed)
    }

    /// The algorithm, allowed or not.
    pub(crate) fn any_algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Each reason to refuse the header for a member that must not be there.
    pub(crate) fn forbidden(&self) -> impl Iterator<Item = Reason> {
        FORBIDDEN.into_iter().zip(self.forbidden).filter_map(|(reason, is_there)| is_there.then_some(reason))
    }

    /// Refuses a header with such a member.
    pub(crate) fn check_forbidden(&self) -> Result<(), Reason> {
        self.forbidden().next().map_or(Ok(()), Err)
    }

    /// Refuses a header that announces a nested token (RFC 7519 §5.2).
    pub(crate) fn check_not_nested(&self) -> Result<(), Reason> {
        match &self.cty {
            Some(cty) if media_type_is(cty, "jwt") => Err(Reason::Nested),
            _ => Ok(()),
        }
    }

    /// The `kid`; one that is longer than any of ours names no key.
    pub(crate) fn key_id(&self) -> Result<Option<&str>, Reason> {
        match self.key_id.as_deref() {
            Some(key_id) if key_id.len() > MAX_KEY_ID => Err(Reason::UnknownKey),
            key_id => Ok(key_id),
        }
    }

    fn to_owned(&self) -> Header<'static> {
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
        Header {
            algorithm: self.algorithm,
            key_id: owned(&self.key_id),
            typ: owned(&self.typ),
            cty: owned(&self.cty),
            forbidden: self.forbidden,
        }
    }

    pub(crate) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    pub(crate) fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

/// Headers of tokens that verified. An issuer writes the same one into all its tokens, so that it
/// is recognised by its text and not read again. Only a good token adds one, and none is ever
/// replaced: a stranger can neither fill this nor empty it.
#[derive(Default)]
pub(crate) struct KnownHeaders([OnceLock<Known>; 4]);

struct Known {
    /// As it stands in the token.
    text: Box<str>,
    header: Header<'static>,
}

impl KnownHeaders {
    /// Longest text that is kept, in bytes.
    const LONGEST: usize = 512;

    /// The header of this text, if it is one of them and within `limits`.
    #[inline]
    pub(crate) fn find(&self, text: &str, limits: &Limits) -> Option<&Header<'static>> {
        let mut known = self.0.iter().map_while(OnceLock::get);
        let found = known.find(|known| *known.text == *text)?;
        (base64url::decoded_len(text) <= limits.header_bytes()).then_some(&found.header)
    }

    /// Keeps the header of a token that verified, while there is room.
    #[cold]
    pub(crate) fn keep(&self, text: &str, header: &Header<'_>) {
        if text.len() <= Self::LONGEST
            && let Some(free) = self.0.iter().find(|slot| slot.get().is_none())
        {
            // Whoever comes second at the same moment finds the place taken, and takes another one
            // with its next token.
            let _ = free.set(Known { text: text.into(), header: header.to_owned() });
        }
    }
}

fn text(value: Value<'_>) -> Result<Cow<'_, str>, Reason> {
    value.as_str().ok_or(Reason::MalformedHeader)
}

/// Compares media types: case does not matter, and `application/` may be left out where nothing
/// else contains a slash (RFC 7515 §4.1.9).
pub(crate) fn media_type_is(value: &str, expected: &str) -> bool {
    fn short(media_type: &str) -> &str {
        let prefix = media_type.get(..12).filter(|p| p.eq_ignore_ascii_case("application/"));
        match prefix.and_then(|_| media_type.get(12..)) {
            Some(rest) if !rest.contains('/') => rest,
            _ => media_type,
        }
    }
    value == expected || short(value).eq_ignore_ascii_case(short(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), Reason> {
        let mut nodes = Nodes::new();
        let document = parse(json.as_bytes(), &Limits::default(), &mut nodes)?;
        let header = Header::read(&document)?;
        header.algorithm(&[Algorithm::ES256])?;
        header.check_forbidden()?;
        header.check_not_nested()?;
        header.key_id().map(|_| ())
    }

    #[test]
    fn what_is_wrong_with_a_header_has_a_reason_of_its_own() {
        let long = "k".repeat(MAX_KEY_ID + 1);
        for (json, expected) in [
            (r#"{"alg":"ES256"}"#.to_owned(), Ok(())),
            (
                r#"{"alg":"ES256","x5c":["AA"],"jku":"https://evil","x5u":"x","x5t":"y","new":{"a":[1]}}"#
                    .to_owned(),
                Ok(()),
            ),
            (r#"{"\u0061lg":"ES2\u00356"}"#.to_owned(), Ok(())),
            ("{}".to_owned(), Err(Reason::AlgorithmNotAllowed)),
            (r#"{"alg":"none"}"#.to_owned(), Err(Reason::AlgorithmNotAllowed)),
            (r#"{"alg":"es256"}"#.to_owned(), Err(Reason::AlgorithmNotAllowed)),
            (r#"{"alg":"HS256"}"#.to_owned(), Err(Reason::AlgorithmNotAllowed)),
            (r#"{"alg":["ES256"]}"#.to_owned(), Err(Reason::MalformedHeader)),
            (r#"{"alg":null}"#.to_owned(), Err(Reason::MalformedHeader)),
            (r#"["ES256"]"#.to_owned(), Err(Reason::MalformedHeader)),
            (r#"{"alg":"ES256","alg":"ES256"}"#.to_owned(), Err(Reason::DuplicateMember)),
            (r#"{"alg":"ES256","crit":[]}"#.to_owned(), Err(Reason::CriticalExtension)),
            (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#.to_owned(), Err(Reason::CriticalExtension)),
            (r#"{"alg":"ES256","b64":true}"#.to_owned(), Err(Reason::UnencodedPayload)),
            (r#"{"alg":"ES256","b64":false,"crit":["b64"]}"#.to_owned(), Err(Reason::CriticalExtension)),
            (r#"{"alg":"ES256","jwk":{"kty":"EC"}}"#.to_owned(), Err(Reason::EmbeddedKey)),
            (r#"{"alg":"ES256","zip":"DEF"}"#.to_owned(), Err(Reason::Compressed)),
            (r#"{"alg":"ES256","enc":"A128GCM"}"#.to_owned(), Err(Reason::Encrypted)),
            (r#"{"alg":"ES256","cty":"jwt"}"#.to_owned(), Err(Reason::Nested)),
            (r#"{"alg":"ES256","cty":"application/JWT"}"#.to_owned(), Err(Reason::Nested)),
            (r#"{"alg":"ES256","cty":"text/plain"}"#.to_owned(), Ok(())),
            (r#"{"alg":"ES256","kid":1}"#.to_owned(), Err(Reason::MalformedHeader)),
            (r#"{"alg":"ES256","typ":["JWT"]}"#.to_owned(), Err(Reason::MalformedHeader)),
            (format!(r#"{{"alg":"ES256","kid":"{long}"}}"#), Err(Reason::UnknownKey)),
            (format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(MAX_KEY_ID)), Ok(())),
            (r#"{"alg":"ES256","a":{"b":{"c":{"d":1}}}}"#.to_owned(), Ok(())),
            (r#"{"alg":"ES256","a":{"b":{"c":{"d":{}}}}}"#.to_owned(), Err(Reason::TooDeep)),
            (format!(r#"{{"alg":"ES256","a":[{}1]}}"#, "1,".repeat(200)), Err(Reason::HeaderTooLong)),
            (format!(r#"{{"alg":"ES256","a":"{}"}}"#, "x".repeat(4096)), Err(Reason::HeaderTooLong)),
            (format!(r#"{:4096}"#, r#"{"alg":"ES256"}"#), Ok(())),
            (format!(r#"{:4097}"#, r#"{"alg":"ES256"}"#), Err(Reason::HeaderTooLong)),
        ] {
            assert_eq!(check(&json), expected, "{json}");
        }
    }

    #[test]
    fn typ_and_cty_are_told_as_they_stand_there_and_by_a_copy_too() {
        for (json, typ, cty) in [
            (r#"{"typ":"at+jwt","cty":"text/plain"}"#, Some("at+jwt"), Some("text/plain")),
            (r#"{"cty":"\u0061"}"#, None, Some("a")),
            (r#"{"typ":""}"#, Some(""), None),
        ] {
            let mut nodes = Nodes::new();
            let document = parse(json.as_bytes(), &Limits::default(), &mut nodes).unwrap();
            let header = Header::read(&document).unwrap();
            assert_eq!((header.typ(), header.cty()), (typ, cty), "{json}");
            let copy = header.to_owned();
            assert_eq!((copy.typ(), copy.cty()), (typ, cty), "{json}");
        }
    }

    #[test]
    fn media_types_compare_without_case_and_with_an_optional_prefix() {
        for (value, expected, same) in [
            ("at+jwt", "at+jwt", true),
            ("AT+JWT", "at+jwt", true),
            ("application/at+jwt", "at+jwt", true),
            ("Application/AT+jwt", "application/at+jwt", true),
            ("text/at+jwt", "at+jwt", false),
            ("application/application/at+jwt", "at+jwt", false),
            ("application/", "at+jwt", false),
            ("application/a/b", "a/b", false),
            ("application/a/b", "Application/A/B", true),
            ("at+jw", "at+jwt", false),
            (" at+jwt", "at+jwt", false),
            ("", "at+jwt", false),
        ] {
            assert_eq!(media_type_is(value, expected), same, "{value:?} {expected:?}");
        }
    }
}
