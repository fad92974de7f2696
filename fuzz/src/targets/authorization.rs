//! `Authorization` fields of any bytes, one a line: a token is read exactly where the grammar says so, and is
//! a part of the input.

use jwt_core::Reason;
use jwt_core::request::{Authorization, BEARER, Carriers, SimpleHead};

use super::is_b64token;

pub(super) fn run(input: &[u8]) {
    let read = Authorization::parse(input, BEARER);
    let expected = bearer(input);
    match read {
        Ok(Authorization::Token { scheme, token }) => {
            assert_eq!(scheme, "Bearer");
            assert_eq!(Some(token.as_bytes()), expected);
            assert!(input.as_ptr_range().contains(&token.as_ptr()), "it is not a part of the input");
            let again = format!("{scheme} {token}");
            assert_eq!(Authorization::parse(again.as_bytes(), BEARER), read);
        }
        Ok(Authorization::OtherScheme) => {
            assert!(expected.is_none());
            assert!(!says_bearer(input), "a Bearer field was passed over");
        }
        Ok(Authorization::Absent) => panic!("there is a field"),
        Err(reason) => {
            assert!(expected.is_none(), "{reason:?}");
            assert_eq!(reason, Reason::MalformedAuthorization);
        }
    }
    assert!(!format!("{read:?}").contains("eyJ"), "a token is shown");
    in_request(input);
}

fn in_request(input: &[u8]) {
    let fields: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
    let head =
        fields.iter().fold(SimpleHead::get("/"), |head, field| head.with_field("Authorization", *field));
    let read = Carriers::default().read(&head);
    match fields.as_slice() {
        [one] => match Authorization::parse(one, BEARER) {
            Ok(Authorization::Token { token, .. }) => {
                assert_eq!(read.map(|found| found.map(|found| found.token())), Ok(Some(token)));
            }
            Ok(_) => assert_eq!(read, Ok(None)),
            Err(reason) => assert_eq!(read, Err(reason)),
        },
        _ => assert_eq!(read, Err(Reason::RepeatedAuthorization)),
    }
}

/// RFC 6750 §2.1 with exactly one space.
fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && is_b64token(token)).then_some(token)
}

fn says_bearer(field: &[u8]) -> bool {
    field.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
        && field.get(6).is_none_or(|b| b" \t,=".contains(b))
}
