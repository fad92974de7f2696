//! The grammar of RFC 6750, byte by byte over a socket, against a reading of it that shares nothing
//! with ours.

use tests::tokens::{alice, base64url};
use tests::wire::Request;

use super::{Expected, Table, routes, rules};

/// What a field means, by RFC 6750 §2.1 and RFC 9110 §11.4, with exactly one space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// `Bearer`, one space, a `b64token`.
    Token,
    /// Another scheme.
    Other,
    /// Neither.
    Broken,
}

const MARKS: &str = "-._~+/";
const TCHAR_MARKS: &str = "!#$%&'*+-.^_`|~";

/// A reader by states instead of slices; it knows no commas, which the rows leave out after other
/// schemes.
fn meaning(value: &[u8]) -> Meaning {
    let scheme: Vec<u8> = value
        .iter()
        .copied()
        .take_while(|b| b.is_ascii_alphanumeric() || TCHAR_MARKS.as_bytes().contains(b))
        .collect();
    let rest = &value[scheme.len()..];
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        let ends = rest.is_empty() || rest[0] == b' ';
        return if scheme.is_empty() || !ends { Meaning::Broken } else { Meaning::Other };
    }
    let mut body = 0;
    let mut padding = 0;
    for (place, byte) in rest.iter().enumerate() {
        match (place, byte) {
            (0, b' ') => {}
            (0, _) => return Meaning::Broken,
            (_, b'=') if body > 0 => padding += 1,
            (_, b) if (b.is_ascii_alphanumeric() || MARKS.as_bytes().contains(b)) && padding == 0 => {
                body += 1
            }
            _ => return Meaning::Broken,
        }
    }
    if body > 0 { Meaning::Token } else { Meaning::Broken }
}

fn expected(value: &[u8]) -> Expected {
    // RFC 9110 §5.5: every HTTP library takes white space off both ends before we see the value.
    let seen = value.trim_ascii();
    match meaning(seen) {
        Meaning::Token => Expected::not_valid(),
        Meaning::Other => Expected::no_credentials(),
        Meaning::Broken => Expected::invalid_request(),
    }
}

/// Bytes that no field may hold (RFC 9110 §5.5): the HTTP library refuses them, each in its words.
fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (0x20..=0x7e).contains(&byte) || byte >= 0x80
}

#[test]
fn every_byte_in_every_place() {
    let table = Table::new("every byte", &routes(&rules("")));
    for byte in (0..=255_u8).filter(|byte| is_field_byte(*byte)) {
        for (before, after) in [("Bearer a", "b"), ("Bearer", "abc"), ("", "Bearer abc"), ("Bearer abc", "")]
        {
            let value = [before.as_bytes(), &[byte], after.as_bytes()].concat();
            let request = Request::get("/me").with("Authorization", &value);
            table.row(&value.escape_ascii().to_string(), &request, &expected(&value));
        }
    }
    table.finish(4 * 224);
}

#[test]
fn bytes_that_no_field_may_hold_never_reach_a_route() {
    let table = Table::new("control bytes", &routes(&rules("")));
    for byte in (0..=255_u8).filter(|byte| !is_field_byte(*byte) && !matches!(byte, b'\r' | b'\n')) {
        let value = [b"Bearer a".as_slice(), &[byte], b"b"].concat();
        for (framework, response) in table.ask(&Request::get("/public").with("Authorization", &value)) {
            assert_eq!(response.status, 400, "{byte:#04x} {framework}: {response:?}");
            assert_eq!(response.field("www-authenticate"), None, "{byte:#04x} {framework}");
        }
    }
    table.finish(30);
}

/// xorshift: the same values in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

#[test]
fn values_put_together_at_random() {
    let table = Table::new("random values", &routes(&rules("")));
    let parts = [
        "Bearer",
        "bearer",
        "BEARER",
        "Basic",
        "Bear",
        "er",
        " ",
        " ",
        "  ",
        "\t",
        "abc",
        "a.b.c",
        "A-b_c~d+e/f",
        "=",
        "==",
        ";",
        ":",
        "\"",
        "\\",
        "(",
        "%20",
        "\u{e4}",
        "\u{a0}",
        "x",
    ];
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..400 {
        let value: String = (0..=dice.below(5)).map(|_| parts[dice.below(parts.len())]).collect();
        let request = Request::get("/me").with("Authorization", &value);
        table.row(&value, &request, &expected(value.as_bytes()));
    }
    table.finish(400);
}

#[test]
fn a_good_token_with_any_character_changed_is_refused() {
    let table = Table::new("changed tokens", &routes(&rules("")));
    let token = alice();
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    table.row("as it is", &Request::get("/me").bearer(&token), &Expected::me(&token));
    for at in (0..token.len()).step_by(3) {
        let mut bytes = token.clone().into_bytes();
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/";
        let others: Vec<u8> = alphabet.iter().copied().filter(|byte| *byte != bytes[at]).collect();
        bytes[at] = others[dice.below(others.len())];
        let changed = String::from_utf8(bytes).unwrap();
        table.row(&changed, &Request::get("/me").bearer(&changed), &Expected::not_valid());
    }
    table.finish(100);
}

#[test]
fn garbage_of_any_length_is_a_bad_token_and_nothing_worse() {
    let table = Table::new("garbage", &routes(&rules("")));
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let alphabet = b"abcXYZ019-_.~+/.";
    for _ in 0..150 {
        let length = 1 + dice.below(9_000);
        let garbage: Vec<u8> = (0..length).map(|_| alphabet[dice.below(alphabet.len())]).collect();
        let garbage = String::from_utf8(garbage).unwrap();
        table.row("garbage", &Request::get("/me").bearer(&garbage), &Expected::not_valid());
    }
    for (name, garbage) in [
        ("dots", ".".repeat(8_000)),
        ("more dots", ".".repeat(20_000)),
        ("no dots", "a".repeat(20_000)),
        ("padding", format!("a{}", "=".repeat(8_000))),
        ("brackets", format!("{}.{}.x", base64url("[".repeat(2_000)), base64url("{".repeat(8_000)))),
    ] {
        table.row(name, &Request::get("/me").bearer(&garbage), &Expected::not_valid());
    }
    table.finish(155);
}
