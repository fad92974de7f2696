//! `Cookie` fields of any bytes, one a line: the value is that of the one pair of exactly this name.

use jwt_core::Reason;
use jwt_core::request::{SimpleHead, read_cookie};

use super::is_b64token;

const NAME: &str = "__Host-access";

pub(super) fn run(input: &[u8]) {
    let fields: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
    let head = fields.iter().fold(SimpleHead::get("/"), |head, field| head.with_field("Cookie", *field));
    let read = read_cookie(&head, NAME);
    let values: Vec<&[u8]> =
        fields.iter().flat_map(|field| field.split(|b| *b == b';')).filter_map(value).collect();
    let expected = match values.as_slice() {
        [] | [[]] => Ok(None),
        [one] if is_b64token(one) => Ok(str::from_utf8(one).ok()),
        [_] => Err(Reason::MalformedCarrier),
        _ => Err(Reason::RepeatedCredential),
    };
    assert_eq!(read, expected);
    if let Ok(Some(token)) = read {
        let pair = format!("{NAME}={token}");
        assert!(
            input.windows(pair.len()).any(|part| part == pair.as_bytes()),
            "it is not a part of the input"
        );
    }
}

/// The value of a pair of our name.
fn value(pair: &[u8]) -> Option<&[u8]> {
    let is_space = |b: &u8| *b == b' ' || *b == b'\t';
    let start = pair.iter().position(|b| !is_space(b))?;
    let end = pair.iter().rposition(|b| !is_space(b))? + 1;
    let mut halves = pair[start..end].splitn(2, |b| *b == b'=');
    let name = halves.next()?;
    let value = halves.next()?;
    (name == NAME.as_bytes()).then_some(value)
}
