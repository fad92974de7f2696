//! The opening of a WebSocket (RFC 6455 §4.2.1), checked before a framework takes over.
//!
//! The frameworks refuse a bad opening each in words of its own; here the words are ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::request::{Field, RequestHead, single_field};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::replies::Reply;

/// The subprotocol under which a token may be offered; the token itself is never chosen.
pub const PROTOCOL: &str = "bearer";

/// A good opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The value of `Sec-WebSocket-Accept`.
    pub accept: String,
    /// The subprotocol to answer with, where it was offered.
    pub protocol: Option<&'static str>,
}

impl Handshake {
    /// Reads the opening.
    ///
    /// # Errors
    /// The reply to a request that opens no WebSocket: 426, or 400 where it tries.
    pub fn read(head: &dyn RequestHead) -> Result<Self, Reply> {
        if !lists(head, "upgrade", "websocket") || !lists(head, "connection", "upgrade") {
            return Err(Reply::error(426, "a WebSocket upgrade is needed"));
        }
        let bad = || Reply::error(400, "bad WebSocket handshake");
        match (single_field(head, "sec-websocket-version"), single_field(head, "sec-websocket-key")) {
            (Field::One(b"13"), Field::One(key)) => {
                STANDARD.decode(key).ok().filter(|nonce| nonce.len() == 16).ok_or_else(bad)?;
                let protocol = lists(head, "sec-websocket-protocol", PROTOCOL).then_some(PROTOCOL);
                Ok(Self { accept: derive_accept_key(key), protocol })
            }
            _ => Err(bad()),
        }
    }
}

fn lists(head: &dyn RequestHead, field: &str, wanted: &str) -> bool {
    let mut found = false;
    head.for_each_field(field, &mut |value| {
        found |=
            value.split(|&b| b == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()));
    });
    found
}
