//! What a payload may be: one JSON object, each name once (RFC 7519 section 4, RFC 8259). Every tag is good.

use super::{ACCEPT, CLAIMS, Tokens, Verdict, hs256};
use crate::vectors::own::File;

const MALFORMED: Verdict = Err("malformed_payload");
const TWICE: Verdict = Err("duplicate_member");
const DEEP: Verdict = Err("too_deep");

/// Members behind the usual claims.
const MEMBERS: &[(&str, &str, Verdict)] = &[
    ("nothing more", "", ACCEPT),
    ("claims that nobody knows", r#","a":null,"b":[],"c":{},"d":-1.5e-3,"e":true"#, ACCEPT),
    ("one name at several levels", r#","a":{"a":{"a":1}}"#, ACCEPT),
    ("one name in neighbours", r#","a":[{"b":1},{"b":1}]"#, ACCEPT),
    ("names that differ by case", r#","EXP":1,"Exp":2"#, ACCEPT),
    ("names that differ by a space", r#","exp ":1," exp":2"#, ACCEPT),
    ("names that differ by composition", ",\"\u{e9}\":1,\"e\u{301}\":2", ACCEPT),
    ("a name of a property", r#","__proto__":{"exp":1},"constructor":1"#, ACCEPT),
    ("a name with a full stop", r#","a.b":1,"a":{"b":2}"#, ACCEPT),
    ("an empty name", r#","":1"#, ACCEPT),
    ("a pair of surrogates", r#","a":"\ud83d\ude00""#, ACCEPT),
    ("an escaped NUL", r#","a":"\u0000""#, ACCEPT),
    ("all escapes", r#","a":"\"\\\/\b\f\n\r\t\u00e9\u00E9""#, ACCEPT),
    ("a delete character", ",\"a\":\"\u{7f}\"", ACCEPT),
    ("a line separator", ",\"a\":\"\u{2028}\"", ACCEPT),
    ("a noncharacter", ",\"a\":\"\u{ffff}\"", ACCEPT),
    ("numbers of every form", r#","a":[0,-0,0.0,1e5,1E+5,1e-5,12.5e0,1e999]"#, ACCEPT),
    // Repeated names.
    ("exp twice", r#","exp":9999999999"#, TWICE),
    ("exp twice the same", r#","exp":1800000600"#, TWICE),
    ("exp twice, the second escaped", r#","\u0065xp":9999999999"#, TWICE),
    ("exp twice, the second null", r#","exp":null"#, TWICE),
    ("iss twice", r#","iss":"https://evil.example/""#, TWICE),
    ("aud twice", r#","aud":["api"]"#, TWICE),
    ("sub twice", r#","sub":"admin""#, TWICE),
    ("an unknown claim twice", r#","a":1,"b":2,"a":3"#, TWICE),
    ("an unknown claim twice, both escaped", r#","\u0061":1,"\u0061":2"#, TWICE),
    ("escapes in other letters", r#","\u00e9":1,"\u00E9":2"#, TWICE),
    ("a letter and its escape", ",\"\u{e9}\":1,\"\\u00e9\":2", TWICE),
    ("a pair of surrogates and its letter", ",\"\u{1f600}\":1,\"\\ud83d\\ude00\":2", TWICE),
    ("a slash and its escape", r#","a/b":1,"a\/b":2"#, TWICE),
    ("the empty name twice", r#","":1,"":2"#, TWICE),
    ("twice at depth 2", r#","a":{"b":1,"b":1}"#, TWICE),
    ("twice at depth 3", r#","a":{"b":{"c":1,"d":2,"c":3}}"#, TWICE),
    ("twice at depth 3, in a list", r#","a":[0,{"c":1,"c":3}]"#, TWICE),
    ("twice at depth 6", r#","a":[[{"b":[{"c":1,"c":1}]}]]"#, TWICE),
    ("twice in an empty object's neighbour", r#","a":[{},{"b":{},"b":{}}]"#, TWICE),
    // Not the grammar of RFC 8259.
    ("a lone high surrogate", r#","a":"\ud83d""#, MALFORMED),
    ("a lone low surrogate", r#","a":"\ude00""#, MALFORMED),
    ("surrogates the wrong way round", r#","a":"\ude00\ud83d""#, MALFORMED),
    ("a high surrogate twice", r#","a":"\ud83d\ud83d""#, MALFORMED),
    ("a high surrogate and a letter", r#","a":"\ud83da""#, MALFORMED),
    ("a high surrogate and another escape", r#","a":"\ud83d\n""#, MALFORMED),
    ("a lone surrogate in a name", r#","\ud83d":1"#, MALFORMED),
    ("a lone surrogate, deep", r#","a":[{"b":["\udead"]}]"#, MALFORMED),
    ("an unknown escape", r#","a":"\x41""#, MALFORMED),
    ("an escape in capitals", r#","a":"\U0041""#, MALFORMED),
    ("an escape of three digits", r#","a":"\u041""#, MALFORMED),
    ("an escape with a sign", r#","a":"\u+041""#, MALFORMED),
    ("an escaped quote", r#","a":"\'""#, MALFORMED),
    ("a raw NUL", ",\"a\":\"\0\"", MALFORMED),
    ("a raw line feed", ",\"a\":\"\n\"", MALFORMED),
    ("a raw tab", ",\"a\":\"\t\"", MALFORMED),
    ("a raw control character", ",\"a\":\"\u{1f}\"", MALFORMED),
    ("a leading zero", r#","a":01"#, MALFORMED),
    ("a leading plus", r#","a":+1"#, MALFORMED),
    ("no digit before the point", r#","a":.5"#, MALFORMED),
    ("no digit behind the point", r#","a":1."#, MALFORMED),
    ("no digit in the exponent", r#","a":1e"#, MALFORMED),
    ("a minus alone", r#","a":-"#, MALFORMED),
    ("hexadecimal", r#","a":0x10"#, MALFORMED),
    ("digits apart", r#","a":1_000"#, MALFORMED),
    ("other digits", ",\"a\":\u{661}", MALFORMED),
    ("NaN", r#","a":NaN"#, MALFORMED),
    ("Infinity", r#","a":-Infinity"#, MALFORMED),
    ("undefined", r#","a":undefined"#, MALFORMED),
    ("True", r#","a":True"#, MALFORMED),
    ("a word cut", r#","a":nul"#, MALFORMED),
    ("single quotes", r#","a":'b'"#, MALFORMED),
    ("a name without quotes", r#",a:1"#, MALFORMED),
    ("a name that is a number", r#",1:1"#, MALFORMED),
    ("a comma at the end", ",", MALFORMED),
    ("a comma at the end of a list", r#","a":[1,]"#, MALFORMED),
    ("two commas", r#",,"a":1"#, MALFORMED),
    ("no colon", r#","a" 1"#, MALFORMED),
    ("no value", r#","a":"#, MALFORMED),
    ("no comma", r#" "a":1"#, MALFORMED),
    ("brackets that do not match", r#","a":[1}"#, MALFORMED),
    ("a comment", r#"/**/"#, MALFORMED),
    ("a comment to the end of the line", "//\n", MALFORMED),
    ("a no-break space", "\u{a0}", MALFORMED),
    ("a form feed", "\u{c}", MALFORMED),
    ("a vertical tab", "\u{b}", MALFORMED),
];

pub(super) fn file() -> File {
    let mut tokens = Tokens::new(
        "Payloads under a good tag: one JSON object of RFC 8259, each name once, at most 32 levels.",
        hs256::keys(),
    );
    let usual = &CLAIMS[..CLAIMS.len() - 1];
    for (name, members, verdict) in MEMBERS {
        tokens.add(*name, hs256::token(format!("{usual}{members}}}")), *verdict);
    }
    whole(&mut tokens);
    sizes(&mut tokens, usual);
    tokens.file
}

/// Whole payloads.
fn whole(tokens: &mut Tokens) {
    let list = r#"["https://id.example/","alice","api",1800000600]"#;
    for (name, payload, verdict) in [
        ("white space of JSON around", format!(" \t\r\n{CLAIMS}\n\r\t "), ACCEPT),
        ("a list of values", list.to_owned(), MALFORMED),
        ("a list of the claims", format!("[{CLAIMS}]"), MALFORMED),
        ("a list of names and values", r#"[["exp",1800000600]]"#.to_owned(), MALFORMED),
        ("an empty list", "[]".to_owned(), MALFORMED),
        ("a string", r#""claims""#.to_owned(), MALFORMED),
        ("a string of the claims", serde_json::to_string(CLAIMS).unwrap(), MALFORMED),
        ("a number", "1800000600".to_owned(), MALFORMED),
        ("null", "null".to_owned(), MALFORMED),
        ("true", "true".to_owned(), MALFORMED),
        ("a space", " ".to_owned(), MALFORMED),
        ("no members", "{}".to_owned(), Err("missing_claim")),
        ("cut", CLAIMS[..CLAIMS.len() - 1].to_owned(), MALFORMED),
        ("cut in a string", r#"{"iss":"https"#.to_owned(), MALFORMED),
        ("cut behind a backslash", r#"{"iss":"https\"#.to_owned(), MALFORMED),
        ("a letter behind", format!("{CLAIMS}x"), MALFORMED),
        ("a comma behind", format!("{CLAIMS},"), MALFORMED),
        ("a bracket behind", format!("{CLAIMS}}}"), MALFORMED),
        ("a NUL behind", format!("{CLAIMS}\0"), MALFORMED),
        ("a second object behind", format!("{CLAIMS}{CLAIMS}"), MALFORMED),
        ("a second object in the next line", format!("{CLAIMS}\n{CLAIMS}"), MALFORMED),
        ("a NUL before", format!("\0{CLAIMS}"), MALFORMED),
        ("a byte order mark before", format!("\u{feff}{CLAIMS}"), MALFORMED),
        ("a byte order mark behind", format!("{CLAIMS}\u{feff}"), MALFORMED),
        ("a guard before", format!(")]}}'\n{CLAIMS}"), MALFORMED),
        ("encoded twice", super::b64(CLAIMS), MALFORMED),
        ("a form", "iss=https%3A%2F%2Fid.example%2F&aud=api&exp=1800000600".to_owned(), MALFORMED),
    ] {
        tokens.add(format!("payload: {name}"), hs256::token(payload), verdict);
    }
    let utf16: Vec<u8> = CLAIMS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with = |bytes: &[u8]| [&CLAIMS.as_bytes()[..CLAIMS.len() - 1], b",\"a\":\"", bytes, b"\"}"].concat();
    for (name, payload) in [
        ("UTF-16", utf16),
        ("a byte that is not UTF-8", with(b"\xff")),
        ("a letter of Latin-1", with(b"\xe9")),
        ("a sequence cut", with(b"\xe2\x82")),
        ("an overlong slash", with(b"\xc0\xaf")),
        ("an overlong NUL", with(b"\xc0\x80")),
        ("surrogates as bytes", with(b"\xed\xa0\xbd\xed\xb8\x80")),
        ("beyond the last plane", with(b"\xf4\x90\x80\x80")),
        ("compressed", b"\x78\x9c\xab\x56\xca\x2c\x2e\x06\x00".to_vec()),
    ] {
        tokens.add(format!("payload: {name}"), hs256::token(payload), MALFORMED);
    }
}

fn sizes(tokens: &mut Tokens, usual: &str) {
    // The object itself is the first level.
    for (levels, verdict) in [(31, ACCEPT), (32, ACCEPT), (33, DEEP), (1000, DEEP)] {
        let inner = levels - 1;
        for (kind, open, middle, close) in [("lists", "[", "", "]"), ("objects", "{\"a\":", "1", "}")] {
            let nested = [open.repeat(inner), middle.to_owned(), close.repeat(inner)].concat();
            let payload = format!("{usual},\"a\":{nested}}}");
            tokens.add(format!("{levels} levels of {kind}"), hs256::token(payload), verdict);
        }
    }
    tokens.add(
        "1000 levels that never close",
        hs256::token(format!("{usual},\"a\":{}", "[".repeat(1000))),
        DEEP,
    );
    let members: String = (0..200).map(|n| format!(",\"m{n}\":{n}")).collect();
    for (name, more, verdict) in [
        ("200 more members", "", ACCEPT),
        ("200 more members, the first twice", ",\"m0\":0", TWICE),
        ("200 more members, the last twice", ",\"m199\":0", TWICE),
        ("200 more members, one twice by an escape", ",\"\\u006d100\":0", TWICE),
        ("200 more members, exp twice", ",\"exp\":1", TWICE),
    ] {
        tokens.add(name, hs256::token(format!("{usual}{members}{more}}}")), verdict);
    }
}
