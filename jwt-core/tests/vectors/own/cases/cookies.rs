//! A token in a cookie: which bytes of the `Cookie` fields are its value (RFC 6265 section 4.2, and stricter).

use crate::vectors::own::{Case, File, Policy};

pub(super) fn file() -> File {
    let mut cases = Vec::new();
    for (name, fields, value) in ACCEPTED {
        cases.push(case(name, fields, Ok(value)));
    }
    for (name, fields, reason) in REFUSED {
        cases.push(case(name, fields, Err(reason)));
    }
    for (name, spelling) in OTHER_COOKIES {
        let alone = format!("{spelling}=evil");
        let beside = format!("{alone}; __Host-access=a.b.c");
        cases.push(case(&format!("another cookie: {name}"), &[&alone], Err("no_credentials")));
        cases.push(case(&format!("another cookie beside it: {name}"), &[&beside], Ok("a.b.c")));
    }
    File {
        about: "Cookie fields, and the token that is read from the cookie __Host-access.".to_owned(),
        keys: None,
        policy: Policy::Cookie { cookie: "__Host-access".to_owned() },
        cases,
    }
}

fn case(name: &str, fields: &[&str], outcome: Result<&str, &str>) -> Case {
    Case {
        name: name.to_owned(),
        token: None,
        cookie: Some(fields.iter().map(|field| (*field).to_owned()).collect()),
        now: None,
        verdict: if outcome.is_ok() { "accept" } else { "refuse" }.to_owned(),
        reads: outcome.ok().map(str::to_owned),
        reason: outcome.err().map(str::to_owned),
    }
}

const ACCEPTED: &[(&str, &[&str], &str)] = &[
    ("alone", &["__Host-access=a.b.c"], "a.b.c"),
    ("last of several", &["theme=dark; __Host-access=a.b.c"], "a.b.c"),
    ("first of several", &["__Host-access=a.b.c; theme=dark"], "a.b.c"),
    ("without spaces", &["a=b;__Host-access=a.b.c;c=d"], "a.b.c"),
    ("with spaces and tabs around", &["a=b; \t __Host-access=a.b.c \t; c=d"], "a.b.c"),
    ("with empty pairs around", &[";; __Host-access=a.b.c ;;"], "a.b.c"),
    ("beside a pair without a name", &["=x; __Host-access=a.b.c"], "a.b.c"),
    ("beside a pair without an equals sign", &["x; __Host-access=a.b.c"], "a.b.c"),
    ("in the second field", &["theme=dark", "__Host-access=a.b.c"], "a.b.c"),
    ("beside an empty field", &["", "__Host-access=a.b.c"], "a.b.c"),
    ("beside a value in quotation marks", &["a=\"b\"; __Host-access=a.b.c"], "a.b.c"),
    ("a value that ends in padding", &["__Host-access=abc=="], "abc=="),
    ("all marks of a token", &["__Host-access=aZ09-._~+/"], "aZ09-._~+/"),
];

const NONE: &str = "no_credentials";
const TWICE: &str = "repeated_credential";
const MALFORMED: &str = "malformed_carrier";

const REFUSED: &[(&str, &[&str], &str)] = &[
    ("no field", &[], NONE),
    ("an empty field", &[""], NONE),
    ("other cookies", &["a=b; c=d"], NONE),
    ("an empty value", &["__Host-access="], NONE),
    ("a value of spaces", &["__Host-access= \t; a=b"], NONE),
    ("the name alone", &["__Host-access"], NONE),
    ("twice", &["__Host-access=a.b.c; __Host-access=d.e.f"], TWICE),
    ("twice the same", &["__Host-access=a.b.c; __Host-access=a.b.c"], TWICE),
    ("twice, the first empty", &["__Host-access=; __Host-access=a.b.c"], TWICE),
    ("twice, the second empty", &["__Host-access=a.b.c; __Host-access="], TWICE),
    ("twice, the first malformed", &["__Host-access=\"; __Host-access=a.b.c"], TWICE),
    ("twice in two fields", &["__Host-access=a.b.c", "__Host-access=d.e.f"], TWICE),
    ("in quotation marks", &["__Host-access=\"a.b.c\""], MALFORMED),
    ("a quotation mark over two pairs", &["__Host-access=\"a; b=c\""], MALFORMED),
    ("a space before the value", &["__Host-access= a.b.c"], MALFORMED),
    ("a space inside", &["__Host-access=a.b c"], MALFORMED),
    ("a comma inside", &["__Host-access=a,b"], MALFORMED),
    ("a comma between two", &["__Host-access=a.b.c, __Host-access=d.e.f"], MALFORMED),
    ("percent encoded", &["__Host-access=a%2Eb%2Ec"], MALFORMED),
    ("a second equals sign before the value", &["__Host-access==a.b.c"], MALFORMED),
    ("padding inside", &["__Host-access=a=b"], MALFORMED),
    ("padding alone", &["__Host-access=="], MALFORMED),
    ("a letter beyond ASCII", &["__Host-access=\u{e4}"], MALFORMED),
    ("a no-break space behind", &["__Host-access=a.b.c\u{a0}"], MALFORMED),
    ("a scheme before it", &["__Host-access=Bearer a.b.c"], MALFORMED),
    ("a backslash inside", &["__Host-access=a\\b"], MALFORMED),
];

/// Names that some readers take for `__Host-access`, to which no browser applies the rules of the prefix.
const OTHER_COOKIES: &[(&str, &str)] = &[
    ("percent-encoded underscores", "%5F%5FHost-access"),
    ("a percent-encoded hyphen", "__Host%2Daccess"),
    ("small letters", "__host-access"),
    ("capitals", "__HOST-ACCESS"),
    ("another prefix", "__Secure-access"),
    ("no prefix", "access"),
    ("a letter before", "x__Host-access"),
    ("a letter behind", "__Host-access2"),
    ("a space behind", "__Host-access "),
    ("a tab behind", "__Host-access\t"),
    ("a dollar sign before", "$__Host-access"),
    ("an equals sign before", "=__Host-access"),
    ("a no-break space before", "\u{a0}__Host-access"),
    ("an en quad before", "\u{2000}__Host-access"),
    ("a next line before", "\u{85}__Host-access"),
    ("a vertical tab before", "\u{b}__Host-access"),
    ("a NUL before", "\u{0}__Host-access"),
    ("quotation marks", "\"__Host-access\""),
    ("a full-width equals sign", "__Host-access\u{ff1d}"),
    ("an open quotation mark before", "a=\"x, __Host-access"),
    ("an old version attribute before", "$Version=1, __Host-access"),
];
