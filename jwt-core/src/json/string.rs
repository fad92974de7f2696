//! The inside of a JSON string: escapes (RFC 8259 §7).

use core::str::Chars;

/// The characters of a string's inside, escapes resolved.
///
/// The scanner has checked the escapes, so a malformed one cannot occur; should it, it reads as
/// U+FFFD, which equals nothing that a rule compares with.
fn chars(inside: &str) -> impl Iterator<Item = char> {
    Unescape(inside.chars())
}

/// Whether the inside, escapes resolved, is `other`.
pub(super) fn is(inside: &str, other: &str) -> bool {
    chars(inside).eq(other.chars())
}

/// The string's value.
pub(super) fn unescape(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escaped.chars();
        out.push(escape(&mut chars).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// Whether every escape of a string's inside is one of the grammar, and every surrogate is half
/// of a pair (RFC 8259 §8.2: a lone one has no meaning that two readers would share).
pub(super) fn escapes_are_valid(inside: &str) -> bool {
    let mut rest = inside;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let mut chars = escaped.chars();
        if escape(&mut chars).is_none() {
            return false;
        }
        rest = chars.as_str();
    }
    true
}

struct Unescape<'s>(Chars<'s>);

impl Iterator for Unescape<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.0.next()? {
            '\\' => Some(escape(&mut self.0).unwrap_or(char::REPLACEMENT_CHARACTER)),
            c => Some(c),
        }
    }
}

/// The character of the escape whose backslash was just read.
fn escape(chars: &mut Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        '"' => '"',
        '\\' => '\\',
        '/' => '/',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(chars),
        _ => return None,
    })
}

fn unicode(chars: &mut Chars<'_>) -> Option<char> {
    let high = hex4(chars)?;
    if !(0xD800..0xE000).contains(&high) {
        return char::from_u32(high);
    }
    // A high surrogate must be followed by an escaped low one; `decode_utf16` refuses the rest.
    if chars.next()? != '\\' || chars.next()? != 'u' {
        return None;
    }
    let low = hex4(chars)?;
    let pair = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    let mut decoded = char::decode_utf16(pair);
    let c = decoded.next()?.ok()?;
    decoded.next().is_none().then_some(c)
}

fn hex4(chars: &mut Chars<'_>) -> Option<u32> {
    let mut value: u32 = 0;
    for _ in 0..4 {
        value = value.checked_mul(16)?.checked_add(chars.next()?.to_digit(16)?)?;
    }
    Some(value)
}
