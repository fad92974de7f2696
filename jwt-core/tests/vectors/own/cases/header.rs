//! What a header says (RFC 7515 section 4). Every signature is good.

use super::{ACCEPT, CLAIMS, OURS, Tokens, Verdict};
use crate::vectors::own::File;

const ALGORITHM: Verdict = Err("algorithm_not_allowed");
const CRIT: Verdict = Err("critical_extension");
const B64: Verdict = Err("unencoded_payload");
const JWK: Verdict = Err("embedded_key");
const ZIP: Verdict = Err("compressed_token");
const JWE: Verdict = Err("encrypted_token");
const NESTED: Verdict = Err("nested_token");
const TWICE: Verdict = Err("duplicate_member");
const MALFORMED: Verdict = Err("malformed_header");
const DEEP: Verdict = Err("too_deep");
const LONG: Verdict = Err("header_too_long");

/// Members behind `{"alg":"ES256"`.
const MEMBERS: &[(&str, &str, Verdict)] = &[
    ("nothing more", "", ACCEPT),
    ("a member that nobody knows", r#","new":{"a":[1]}"#, ACCEPT),
    ("jku is not fetched", r#","jku":"https://evil.example/jwks.json""#, ACCEPT),
    ("x5u is not fetched", r#","x5u":"https://evil.example/chain.pem""#, ACCEPT),
    ("x5c is not a key", r#","x5c":["MIIB"]"#, ACCEPT),
    ("x5t is not a key", r#","x5t":"AAAA","x5t#S256":"AAAA""#, ACCEPT),
    ("cty of claims", r#","cty":"json""#, ACCEPT),
    ("cty empty", r#","cty":"""#, ACCEPT),
    ("members in capitals are others", r#","CRIT":["exp"],"B64":false,"Jwk":{},"Zip":"DEF""#, ACCEPT),
    ("crit of b64", r#","crit":["b64"],"b64":true"#, CRIT),
    ("crit of b64, which is false", r#","crit":["b64"],"b64":false"#, CRIT),
    ("crit of what is not there", r#","crit":["b64"]"#, CRIT),
    ("crit of exp", r#","crit":["exp"],"exp":1800000600"#, CRIT),
    ("crit of alg", r#","crit":["alg"]"#, CRIT),
    ("crit of an extension", r#","crit":["https://example.com/new"],"https://example.com/new":true"#, CRIT),
    ("crit of one name twice", r#","crit":["new","new"],"new":1"#, CRIT),
    ("crit empty", r#","crit":[]"#, CRIT),
    ("crit null", r#","crit":null"#, CRIT),
    ("crit false", r#","crit":false"#, CRIT),
    ("crit a string", r#","crit":"b64""#, CRIT),
    ("crit an object", r#","crit":{}"#, CRIT),
    ("crit of numbers", r#","crit":[1]"#, CRIT),
    ("crit escaped", r#","\u0063rit":["new"],"new":1"#, CRIT),
    ("b64 false", r#","b64":false"#, B64),
    ("b64 true", r#","b64":true"#, B64),
    ("b64 null", r#","b64":null"#, B64),
    ("b64 a string", r#","b64":"false""#, B64),
    (
        "jwk of the signing key",
        r#","jwk":{"kty":"EC","crv":"P-256","x":"zFYdcDtdeiWXJyPRzuD2d7NT55Y88THe_WrjHr42nGM","y":"e_2h38kkj9Fc4vDe1SxP9pqIgHIAEXa_bRbOhmpjT4o"}"#,
        JWK,
    ),
    ("jwk empty", r#","jwk":{}"#, JWK),
    ("jwk null", r#","jwk":null"#, JWK),
    ("jwk a string", r#","jwk":"a""#, JWK),
    ("zip", r#","zip":"DEF""#, ZIP),
    ("zip empty", r#","zip":"""#, ZIP),
    ("zip null", r#","zip":null"#, ZIP),
    ("enc", r#","enc":"A128GCM""#, JWE),
    ("epk", r#","epk":{}"#, JWE),
    ("p2c", r#","p2c":2147483647"#, JWE),
    ("enc and zip", r#","enc":"A128GCM","zip":"DEF""#, JWE),
    ("cty JWT", r#","cty":"JWT""#, NESTED),
    ("cty jwt", r#","cty":"jwt""#, NESTED),
    ("cty application/jwt", r#","cty":"application/jwt""#, NESTED),
    ("cty Application/JWT", r#","cty":"Application/JWT""#, NESTED),
    ("cty escaped", r#","cty":"\u004aWT""#, NESTED),
    ("cty null", r#","cty":null"#, MALFORMED),
    ("cty a number", r#","cty":1"#, MALFORMED),
    ("typ null", r#","typ":null"#, MALFORMED),
    ("typ of another kind", r#","typ":"secevent+jwt""#, Err("wrong_type")),
    ("alg twice", r#","alg":"ES256""#, TWICE),
    ("alg twice, the second none", r#","alg":"none""#, TWICE),
    ("alg twice, the second escaped", r#","\u0061lg":"ES256""#, TWICE),
    ("kid twice", r#","kid":"a","kid":"a""#, TWICE),
    ("typ twice", r#","typ":"JWT","typ":"at+jwt""#, TWICE),
    ("crit twice", r#","crit":["a"],"crit":["a"]"#, TWICE),
    ("a member that nobody knows twice", r#","new":1,"new":1"#, TWICE),
    ("the empty name twice", r#","":1,"":2"#, TWICE),
    ("a member twice inside", r#","new":{"a":1,"a":1}"#, TWICE),
    ("a member twice inside a list", r#","new":[{"a":1},{"a":1,"a":1}]"#, TWICE),
    ("four levels", r#","new":[[[1]]]"#, ACCEPT),
    ("five levels", r#","new":[[[[1]]]]"#, DEEP),
    ("five levels of objects", r#","new":{"a":{"a":{"a":{}}}}"#, DEEP),
    ("a lone surrogate", r#","new":"\ud800""#, MALFORMED),
    ("a pair of surrogates", r#","new":"\ud83d\ude00""#, ACCEPT),
    ("a control character", ",\"new\":\"\u{1}\"", MALFORMED),
    ("an unknown escape", r#","new":"\a""#, MALFORMED),
    ("a number with a leading zero", r#","new":01"#, MALFORMED),
    ("NaN", r#","new":NaN"#, MALFORMED),
    ("a comma at the end", ",", MALFORMED),
    ("a comment", r#"/* */"#, MALFORMED),
];

/// Values of `alg`.
const ALGORITHMS: &[(&str, &str, Verdict)] = &[
    ("escaped", r#""ES\u0032\u0035\u0036""#, ACCEPT),
    ("in small letters", r#""es256""#, ALGORITHM),
    ("in mixed letters", r#""Es256""#, ALGORITHM),
    ("with a space behind", r#""ES256 ""#, ALGORITHM),
    ("with a space before", r#"" ES256""#, ALGORITHM),
    ("with a NUL", r#""ES256\u0000""#, ALGORITHM),
    ("with a Cyrillic letter", "\"\u{415}S256\"", ALGORITHM),
    ("of full-width letters", "\"\u{ff25}\u{ff33}256\"", ALGORITHM),
    ("with a hyphen", r#""ES-256""#, ALGORITHM),
    ("none", r#""none""#, ALGORITHM),
    ("None", r#""None""#, ALGORITHM),
    ("NONE", r#""NONE""#, ALGORITHM),
    ("nOnE", r#""nOnE""#, ALGORITHM),
    ("none escaped", r#""n\u006fne""#, ALGORITHM),
    ("empty", r#""""#, ALGORITHM),
    ("of another curve", r#""ES384""#, ALGORITHM),
    ("of a similar curve", r#""ES256K""#, ALGORITHM),
    ("of HMAC", r#""HS256""#, ALGORITHM),
    ("of RSA", r#""RS256""#, ALGORITHM),
    ("of EdDSA", r#""EdDSA""#, ALGORITHM),
    ("fully specified", r#""ESP256""#, ALGORITHM),
    ("of encryption", r#""dir""#, ALGORITHM),
    ("by its Java name", r#""SHA256withECDSA""#, ALGORITHM),
    ("a property of objects", r#""constructor""#, ALGORITHM),
    ("null", "null", MALFORMED),
    ("true", "true", MALFORMED),
    ("a number", "256", MALFORMED),
    ("a list", r#"["ES256"]"#, MALFORMED),
    ("an object", r#"{"ES256":1}"#, MALFORMED),
];

/// Whole headers.
const WHOLE: &[(&str, &[u8], Verdict)] = &[
    ("white space of JSON", b" \t\r\n{ \"alg\" : \"ES256\" } \n", ACCEPT),
    ("name escaped", br#"{"\u0061lg":"ES256"}"#, ACCEPT),
    ("no members", b"{}", ALGORITHM),
    ("alg absent", br#"{"typ":"JWT"}"#, ALGORITHM),
    ("alg in capitals", br#"{"ALG":"ES256"}"#, ALGORITHM),
    ("alg one level down", br#"{"header":{"alg":"ES256"}}"#, ALGORITHM),
    ("a list", br#"["alg","ES256"]"#, MALFORMED),
    ("a list of the header", br#"[{"alg":"ES256"}]"#, MALFORMED),
    ("a string", br#""ES256""#, MALFORMED),
    ("a number", b"1", MALFORMED),
    ("null", b"null", MALFORMED),
    ("a space", b" ", MALFORMED),
    ("cut", br#"{"alg":"ES256""#, MALFORMED),
    ("a letter behind", br#"{"alg":"ES256"}x"#, MALFORMED),
    ("a NUL behind", b"{\"alg\":\"ES256\"}\0", MALFORMED),
    ("a second header behind", br#"{"alg":"ES256"}{"alg":"none"}"#, MALFORMED),
    ("a byte order mark", b"\xef\xbb\xbf{\"alg\":\"ES256\"}", MALFORMED),
    ("UTF-16", b"{\x00\"\x00a\x00l\x00g\x00\"\x00:\x00\"\x00E\x00S\x002\x005\x006\x00\"\x00}\x00", MALFORMED),
    ("a byte that is not UTF-8", b"{\"alg\":\"ES256\",\"a\":\"\xff\"}", MALFORMED),
    ("an overlong letter", b"{\"alg\":\"ES256\",\"a\":\"\xc1\x81\"}", MALFORMED),
    ("single quotes", b"{'alg':'ES256'}", MALFORMED),
    ("no quotes", b"{alg:\"ES256\"}", MALFORMED),
    ("encoded twice", b"eyJhbGciOiJFUzI1NiJ9", MALFORMED),
    ("YAML", b"alg: ES256", MALFORMED),
];

pub(super) fn file() -> File {
    let mut tokens = Tokens::new("Headers, each under a good signature.", [OURS.named("ours")]);
    let mut add =
        |name: String, header: &[u8], verdict| tokens.add(name, OURS.token(header, CLAIMS), verdict);
    for (name, members, verdict) in MEMBERS {
        add((*name).to_owned(), format!("{{\"alg\":\"ES256\"{members}}}").as_bytes(), *verdict);
    }
    for (name, value, verdict) in ALGORITHMS {
        add(format!("alg {name}"), format!("{{\"alg\":{value}}}").as_bytes(), *verdict);
    }
    for (name, header, verdict) in WHOLE {
        add(format!("header: {name}"), header, *verdict);
    }
    let padded = |len: usize| {
        let room = len - r#"{"alg":"ES256","a":""}"#.len();
        format!(r#"{{"alg":"ES256","a":"{}"}}"#, "a".repeat(room))
    };
    add("header of 4096 bytes".to_owned(), padded(4096).as_bytes(), ACCEPT);
    add("header of 4097 bytes".to_owned(), padded(4097).as_bytes(), LONG);
    let many: String = (0..200).map(|n| format!(",\"{n}\":0")).collect();
    add("header of 201 members".to_owned(), format!("{{\"alg\":\"ES256\"{many}}}").as_bytes(), LONG);
    tokens.file
}
