//! A token among the subprotocols of a WebSocket, where a browser's script can put nothing else.

use super::grammar::{b64token, split_at_each, trim_ows};
use super::head::RequestHead;
use crate::Reason;

/// The token of `Sec-WebSocket-Protocol: bearer, <token>` (RFC 6455 §11.3.4).
///
/// In a browser: `new WebSocket(url, ["bearer", token])`. The elements of all fields are read as
/// one list; the element right after `bearer` is the token. `bearer` is compared with case, as
/// subprotocols are. Without it there is no credential. Only a request that
/// [asks for a WebSocket](RequestHead::is_websocket_upgrade) is read.
///
/// The server must answer with one of the subprotocols offered: `bearer` or another, and never
/// with the token.
///
/// ```
/// use jwt_core::Reason;
/// use jwt_core::request::{SimpleHead, read_websocket_protocol};
/// let upgrade = SimpleHead::get("/ws").with_field("Upgrade", "websocket");
/// let good = upgrade.clone().with_field("Sec-WebSocket-Protocol", "chat, bearer, abc.def.ghi");
/// assert_eq!(read_websocket_protocol(&good), Ok(Some("abc.def.ghi")));
///
/// let cut = upgrade.with_field("Sec-WebSocket-Protocol", "chat, bearer");
/// assert_eq!(read_websocket_protocol(&cut), Err(Reason::MalformedCarrier));
/// ```
///
/// # Errors
///
/// - [`Reason::RepeatedCredential`]: `bearer` stands in the list twice.
/// - [`Reason::MalformedCarrier`]: what follows `bearer` is missing, empty or not a `b64token`.
pub fn read_websocket_protocol(head: &dyn RequestHead) -> Result<Option<&str>, Reason> {
    if !head.is_websocket_upgrade() {
        return Ok(None);
    }
    let mut marks: usize = 0;
    let mut token = None;
    let mut after_mark = false;
    head.for_each_field("sec-websocket-protocol", &mut |field| {
        for element in split_at_each(b',', field).map(trim_ows) {
            let is_mark = element == b"bearer";
            if is_mark {
                marks = marks.saturating_add(1);
            } else if after_mark {
                token = b64token(element);
            }
            after_mark = is_mark;
        }
    });
    match marks {
        0 => Ok(None),
        1 => token.map(Some).ok_or(Reason::MalformedCarrier),
        _ => Err(Reason::RepeatedCredential),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    fn upgrade(fields: &[&str]) -> SimpleHead {
        fields.iter().fold(SimpleHead::get("/ws").with_field("Upgrade", "websocket"), |head, field| {
            head.with_field("Sec-WebSocket-Protocol", *field)
        })
    }

    #[test]
    fn the_token_after_bearer_is_read() {
        for row in [
            &["bearer, tok"][..],
            &["bearer,tok"],
            &["chat, bearer,\ttok, v2"],
            &["bearer", "tok"],
            &["chat", "bearer, tok"],
            &[" bearer , tok "],
        ] {
            assert_eq!(read_websocket_protocol(&upgrade(row)), Ok(Some("tok")), "{row:?}");
        }
    }

    #[test]
    fn without_bearer_there_is_no_credential() {
        for row in [
            &[][..],
            &[""],
            &["chat"],
            &["chat, tok"],
            &["Bearer, tok"],
            &["bearer2, tok"],
            &["\"bearer\", tok"],
        ] {
            assert_eq!(read_websocket_protocol(&upgrade(row)), Ok(None), "{row:?}");
        }
    }

    #[test]
    fn bearer_without_a_token_is_malformed() {
        for row in [
            &["bearer"][..],
            &["bearer,"],
            &["bearer, , tok"],
            &["tok, bearer"],
            &["bearer, a b"],
            &["bearer, ä"],
        ] {
            assert_eq!(read_websocket_protocol(&upgrade(row)), Err(Reason::MalformedCarrier), "{row:?}");
        }
    }

    #[test]
    fn bearer_twice_is_refused() {
        for row in [
            &["bearer, bearer"][..],
            &["bearer, a, bearer, b"],
            &["bearer, a", "bearer, a"],
            &["bearer, bearer, a"],
        ] {
            assert_eq!(read_websocket_protocol(&upgrade(row)), Err(Reason::RepeatedCredential), "{row:?}");
        }
    }

    #[test]
    fn it_is_read_on_an_upgrade_only() {
        let protocol = "bearer, tok";
        let plain = SimpleHead::get("/ws").with_field("Sec-WebSocket-Protocol", protocol);
        assert_eq!(read_websocket_protocol(&plain), Ok(None));
        let connect = SimpleHead::new("CONNECT", "/ws").with_field("Sec-WebSocket-Protocol", protocol);
        assert_eq!(read_websocket_protocol(&connect), Ok(Some("tok")));
    }
}
