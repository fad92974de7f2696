//! What tells one kind of token from another: `typ`, and claims that only one kind has.

use super::{ACCEPT, Tokens, Verdict, hs256};
use crate::vectors::own::File;

const TYPE: Verdict = Err("wrong_type");
const KIND: Verdict = Err("wrong_token_kind");
const MISSING: Verdict = Err("missing_claim");
const MALFORMED: Verdict = Err("malformed_claim");
const PARTY: Verdict = Err("wrong_authorized_party");

const ACCESS: &str = r#""iss":"https://id.example/","aud":"api","exp":1800000600,"iat":1799999900,"sub":"alice","client_id":"web","jti":"1""#;
const ID: &str = r#""iss":"https://id.example/","exp":1800000600,"iat":1799999900,"sub":"alice""#;
const EVENTS: &str = r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#;
const LOGOUT: &str = r#""iss":"https://id.example/","aud":"api","exp":1800000600,"iat":1799999900,"jti":"1""#;

/// Values of `typ`, and in which profiles they pass: `AccessToken`, `Rfc9068`, `IdToken`, `LogoutToken`.
const TYPES: &[(&str, &str, [bool; 4])] = &[
    ("absent", "", [true, false, true, true]),
    ("JWT", r#""JWT""#, [true, false, true, false]),
    ("jwt", r#""jwt""#, [true, false, true, false]),
    ("JWT escaped", r#""\u004aWT""#, [true, false, true, false]),
    ("application/jwt", r#""application/jwt""#, [true, false, true, false]),
    ("at+jwt", r#""at+jwt""#, [true, true, false, false]),
    ("AT+JWT", r#""AT+JWT""#, [true, true, false, false]),
    ("application/at+jwt", r#""application/at+jwt""#, [true, true, false, false]),
    ("Application/AT+JWT", r#""Application/AT+JWT""#, [true, true, false, false]),
    ("logout+jwt", r#""logout+jwt""#, [false, false, false, true]),
    ("application/logout+jwt", r#""application/logout+jwt""#, [false, false, false, true]),
    ("id+jwt", r#""id+jwt""#, [false; 4]),
    ("dpop+jwt", r#""dpop+jwt""#, [false; 4]),
    ("secevent+jwt", r#""secevent+jwt""#, [false; 4]),
    ("token-introspection+jwt", r#""token-introspection+jwt""#, [false; 4]),
    ("oauth-authz-req+jwt", r#""oauth-authz-req+jwt""#, [false; 4]),
    ("rt+jwt", r#""rt+jwt""#, [false; 4]),
    ("JOSE", r#""JOSE""#, [false; 4]),
    ("empty", r#""""#, [false; 4]),
    ("JWT with a space", r#""JWT ""#, [false; 4]),
    ("at-jwt", r#""at-jwt""#, [false; 4]),
    ("at+jwt twice", r#""at+jwt,at+jwt""#, [false; 4]),
    ("application alone", r#""application/""#, [false; 4]),
    ("application twice", r#""application/application/jwt""#, [false; 4]),
    ("a third part", r#""application/jwt/x""#, [false; 4]),
    ("a parameter", r#""application/jwt;v=1""#, [false; 4]),
    ("another tree", r#""text/jwt""#, [false; 4]),
];

/// The files of the four profiles.
pub(super) fn files() -> [File; 4] {
    let id = format!(r#"{ID},"aud":"api""#);
    let logout = format!(r#"{LOGOUT},{EVENTS},"sid":"s""#);
    let mut place = 0;
    [
        ("access_token", "Access tokens as most issuers make them.", ACCESS, ""),
        ("rfc9068", "Access tokens that follow RFC 9068 to the letter.", ACCESS, r#""at+jwt""#),
        ("id_token", "ID tokens at their client (OpenID Connect Core section 2).", &id, ""),
        ("logout_token", "Logout tokens (OpenID Connect Back-Channel Logout section 2.4).", &logout, ""),
    ]
    .map(|(profile, about, claims, typ)| {
        let mut kind = Kind { tokens: Tokens::new(about, hs256::keys()).of(profile), typ };
        for (name, typ, passes) in TYPES {
            let token = hs256::sign(header(typ), object(claims));
            kind.tokens.add(format!("typ: {name}"), token, if passes[place] { ACCEPT } else { TYPE });
        }
        for (name, typ) in
            [("null", "null"), ("a number", "1"), ("a list", r#"["JWT"]"#), ("an object", "{}")]
        {
            let token = hs256::sign(header(typ), object(claims));
            kind.tokens.add(format!("typ: {name}"), token, Err("malformed_header"));
        }
        match place {
            0 => access_token(&mut kind),
            1 => rfc9068(&mut kind),
            2 => id_token(&mut kind),
            _ => logout_token(&mut kind),
        }
        place += 1;
        kind.tokens.file
    })
}

struct Kind {
    tokens: Tokens,
    typ: &'static str,
}

impl Kind {
    fn add(&mut self, name: impl Into<String>, claims: &str, verdict: Verdict) {
        self.tokens.add(name, hs256::sign(header(self.typ), object(claims)), verdict);
    }
}

fn header(typ: &str) -> String {
    if typ.is_empty() { r#"{"alg":"HS256"}"#.to_owned() } else { format!(r#"{{"alg":"HS256","typ":{typ}}}"#) }
}

fn object(members: &str) -> String {
    format!("{{{members}}}")
}

/// `members` without one of them.
fn without(members: &str, name: &str) -> String {
    let mut object: serde_json::Map<_, _> = serde_json::from_str(&object(members)).unwrap();
    object.remove(name).unwrap();
    let text = serde_json::Value::Object(object).to_string();
    text[1..text.len() - 1].to_owned()
}

/// What an access token never has.
fn other_kinds(kind: &mut Kind) {
    for (name, more) in [
        ("nonce", r#""nonce":"n""#),
        ("nonce null", r#""nonce":null"#),
        ("at_hash", r#""at_hash":"a""#),
        ("c_hash", r#""c_hash":"a""#),
        ("events", EVENTS),
        ("events empty", r#""events":{}"#),
        ("htm", r#""htm":"GET""#),
        ("token_use of an ID token", r#""token_use":"id""#),
        ("token_use of a refresh token", r#""token_use":"refresh""#),
        ("token_type of a refresh token", r#""token_type":"refresh""#),
    ] {
        kind.add(name, &format!("{ACCESS},{more}"), KIND);
    }
    for (name, more) in [
        ("token_use of an access token", r#""token_use":"access""#),
        ("token_type Bearer", r#""token_type":"Bearer""#),
        ("azp", r#""azp":"web""#),
    ] {
        kind.add(name, &format!("{ACCESS},{more}"), ACCEPT);
    }
}

fn access_token(kind: &mut Kind) {
    other_kinds(kind);
    kind.add("only what is needed", r#""iss":"https://id.example/","aud":"api","exp":1800000600"#, ACCEPT);
}

fn rfc9068(kind: &mut Kind) {
    other_kinds(kind);
    kind.add("all claims", ACCESS, ACCEPT);
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        kind.add(format!("without {name}"), &without(ACCESS, name), MISSING);
    }
}

fn id_token(kind: &mut Kind) {
    let id = format!(r#"{ID},"aud":"api""#);
    for name in ["iss", "exp", "aud", "sub", "iat"] {
        kind.add(format!("without {name}"), &without(&id, name), MISSING);
    }
    for (name, more, verdict) in [
        ("a nonce", r#""aud":"api","nonce":"n""#, ACCEPT),
        ("one audience in a list", r#""aud":["api"]"#, ACCEPT),
        ("azp of this client", r#""aud":"api","azp":"api""#, ACCEPT),
        ("azp of another client", r#""aud":"api","azp":"web""#, PARTY),
        ("azp a number", r#""aud":"api","azp":1"#, MALFORMED),
        ("azp null", r#""aud":"api","azp":null"#, MALFORMED),
        ("several audiences and azp", r#""aud":["api","web"],"azp":"api""#, ACCEPT),
        ("several audiences and no azp", r#""aud":["api","web"]"#, PARTY),
        ("several audiences and azp of another", r#""aud":["api","web"],"azp":"web""#, PARTY),
        ("the same audience twice and no azp", r#""aud":["api","api"]"#, PARTY),
        ("events", &format!(r#""aud":"api",{EVENTS}"#), KIND),
    ] {
        kind.add(name, &format!("{ID},{more}"), verdict);
    }
}

fn logout_token(kind: &mut Kind) {
    let all = format!(r#"{LOGOUT},{EVENTS},"sid":"s","sub":"alice""#);
    kind.add("all claims", &all, ACCEPT);
    for name in ["iss", "aud", "exp", "iat", "jti", "events"] {
        kind.add(format!("without {name}"), &without(&all, name), MISSING);
    }
    kind.add("without sid", &without(&all, "sid"), ACCEPT);
    kind.add("without sub", &without(&all, "sub"), ACCEPT);
    kind.add("without sid and sub", &without(&without(&all, "sid"), "sub"), MISSING);
    kind.add("a nonce", &format!(r#"{all},"nonce":"n""#), KIND);
    for (name, events) in [
        ("an empty object", "{}"),
        ("of another kind", r#"{"http://schemas.openid.net/event/other":{}}"#),
        ("a list", r#"["http://schemas.openid.net/event/backchannel-logout"]"#),
        ("a string", r#""http://schemas.openid.net/event/backchannel-logout""#),
        ("whose value is null", r#"{"http://schemas.openid.net/event/backchannel-logout":null}"#),
        ("whose value is a string", r#"{"http://schemas.openid.net/event/backchannel-logout":"a"}"#),
    ] {
        kind.add(format!("events {name}"), &format!(r#"{LOGOUT},"sid":"s","events":{events}"#), KIND);
    }
}
