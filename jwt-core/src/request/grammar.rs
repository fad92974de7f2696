//! The few productions of HTTP that every carrier needs: `b64token`, `token` and `OWS`.

/// The bytes as text, if they are one `b64token` (RFC 6750 §2.1), which RFC 9110 §11.2 calls
/// `token68`: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub(super) fn b64token(bytes: &[u8]) -> Option<&str> {
    let last = bytes.iter().rposition(|&b| b != b'=')?;
    let body = bytes.get(..=last)?;
    // No early exit: a loop without branches is one that the compiler turns into vector instructions.
    let all = body.iter().fold(true, |all, &b| {
        let letter = (b | 0x20).wrapping_sub(b'a') < 26;
        // Digits stand behind `+ , - . /`, of which the comma alone is none of ours.
        let digit_or_mark = (b.wrapping_sub(b'+') < 15) & (b != b',');
        all & (letter | digit_or_mark | (b == b'_') | (b == b'~'))
    });
    if all { core::str::from_utf8(bytes).ok() } else { None }
}

/// Whether the text is one `b64token` (RFC 6750 §2.1), as every bearer token is.
///
/// ```
/// use jwt_core::request::is_b64token;
/// assert!(is_b64token("mF_9.B5f-4.1JqM") && is_b64token("YQ=="));
/// assert!(!is_b64token("") && !is_b64token("two words") && !is_b64token("a=b"));
/// ```
#[must_use]
pub fn is_b64token(text: &str) -> bool {
    b64token(text.as_bytes()).is_some()
}

/// Whether the byte is a `tchar` (RFC 9110 §5.6.2).
pub(super) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether the bytes are one `token` (RFC 9110 §5.6.2): the name of a field, a cookie, a scheme.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_tchar(b))
}

/// The leading `token` of the bytes, possibly empty, and what follows it.
pub(super) fn leading_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&b| !is_tchar(b)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, b""))
}

/// The parts between the separators; one part where there is none. A value is mostly one long
/// token, and `memchr` passes over it many bytes at a time.
pub(super) fn split_at_each(separator: u8, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    core::iter::from_fn(move || {
        let whole = rest?;
        let cut = memchr::memchr(separator, whole).and_then(|at| whole.split_at_checked(at));
        let part = cut.map_or(whole, |(part, _)| part);
        rest = cut.and_then(|(_, after)| after.get(1..));
        Some(part)
    })
}

/// The bytes without `OWS` around them (RFC 9110 §5.6.3): space and tab, and nothing else that
/// Unicode or C would call white space.
pub(super) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b64token_accepts_exactly_its_68_characters() {
        let marks = b"-._~+/";
        for byte in 0..=255_u8 {
            let inside = byte.is_ascii_alphanumeric() || marks.contains(&byte);
            assert_eq!(b64token(&[b'a', byte, b'a']).is_some(), inside, "{byte:#04x} inside");
            assert_eq!(b64token(&[byte]).is_some(), inside, "{byte:#04x} alone");
            assert_eq!(b64token(&[b'a', byte]).is_some(), inside || byte == b'=', "{byte:#04x} at the end");
        }
    }

    #[test]
    fn padding_stands_only_at_the_end_and_never_alone() {
        for (row, ok) in
            [("a=", true), ("a====", true), ("=", false), ("", false), ("=a", false), ("a=b", false)]
        {
            assert_eq!(b64token(row.as_bytes()).is_some(), ok, "{row:?}");
            assert_eq!(is_b64token(row), ok, "{row:?}");
        }
    }

    #[test]
    fn token_accepts_exactly_the_tchars() {
        for byte in 0..=255_u8 {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            assert_eq!(is_token(&[byte]), byte.is_ascii_graphic() && !delimiter, "{byte:#04x}");
        }
        assert!(!is_token(b""));
    }

    #[test]
    fn splitting_gives_every_part_even_empty_ones() {
        for row in ["", ";", "a", "a;b", ";a;;b;", ";;;"] {
            let parts: Vec<&[u8]> = split_at_each(b';', row.as_bytes()).collect();
            let expected: Vec<&[u8]> = row.as_bytes().split(|&b| b == b';').collect();
            assert_eq!(parts, expected, "{row:?}");
        }
    }

    #[test]
    fn only_space_and_tab_are_trimmed() {
        for byte in 0..=255_u8 {
            let trimmed: &[u8] = if byte == b' ' || byte == b'\t' { b"x" } else { &[byte, b'x', byte] };
            assert_eq!(trim_ows(&[byte, b'x', byte]), trimmed, "{byte:#04x}");
        }
        assert_eq!(trim_ows(b" \t "), b"");
    }
}
