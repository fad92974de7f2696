//! A request, as an adapter hands it over.

use core::fmt;
use core::net::IpAddr;

use jwt_core::request::{Field, RequestHead, SimpleHead, single_field};
use zeroize::Zeroizing;

/// Bytes of a body at most: 16 KiB. An adapter reads no further.
pub const MOST_BODY: usize = 16 * 1024;

/// A request of any framework: its head, its body, and what the socket says.
///
/// ```
/// use jwt_core::request::SimpleHead;
/// use jwt_session::routes::RouteRequest;
///
/// let head = SimpleHead::post("/login").with_field("Content-Type", "application/json");
/// let request = RouteRequest::new(&head).with_body(b"{}").with_peer([127, 0, 0, 1].into());
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct RouteRequest<'r> {
    head: &'r dyn RequestHead,
    body: Option<&'r [u8]>,
    peer: Option<IpAddr>,
    is_encrypted: bool,
}

impl<'r> RouteRequest<'r> {
    /// A request without a body, from nobody knows where, in the clear.
    pub const fn new(head: &'r dyn RequestHead) -> Self {
        Self { head, body: Some(&[]), peer: None, is_encrypted: false }
    }

    /// With this body.
    pub const fn with_body(mut self, body: &'r [u8]) -> Self {
        self.body = Some(body);
        self
    }

    /// With a body that is longer than [`MOST_BODY`], or broke off.
    pub const fn with_excessive_body(mut self) -> Self {
        self.body = None;
        self
    }

    /// From this address: the other end of the socket, never a field of the request.
    pub const fn with_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Over a socket that this process itself encrypts.
    pub const fn with_encryption(mut self) -> Self {
        self.is_encrypted = true;
        self
    }

    pub(super) fn keep(&self) -> Kept {
        Kept {
            head: SimpleHead::copy_of(self.head),
            body: self.body.filter(|body| body.len() <= MOST_BODY).map(|body| Zeroizing::new(body.to_vec())),
            peer: self.peer,
            is_encrypted: self.is_encrypted,
        }
    }
}

/// Shows nothing of what it carries.
impl fmt::Debug for RouteRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteRequest")
            .field("method", &self.head.method())
            .field("path", &self.head.path())
            .finish_non_exhaustive()
    }
}

/// A request that outlives what the framework lends.
pub(super) struct Kept {
    pub(super) head: SimpleHead,
    /// None where it is too long.
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    pub(super) peer: Option<IpAddr>,
    pub(super) is_encrypted: bool,
}

impl Kept {
    /// Whether it never left this machine: by the socket, by the name that the client used, and as far as no proxy says
    /// otherwise. One on this machine comes from here too, and some write the name that they know this service by in the
    /// place of the client's.
    pub(super) fn is_local(&self) -> bool {
        let mut is_forwarded = false;
        self.head.for_each(&mut |name, _| {
            is_forwarded |=
                matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded-");
        });
        let host = self.head.host().unwrap_or_default();
        let host = match host.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']').map_or("", |(address, _)| address),
            None => host.split_once(':').map_or(host, |(name, _)| name),
        };
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
        !is_forwarded && is_loopback && self.peer.is_some_and(|peer| peer.to_canonical().is_loopback())
    }

    /// The text of a field that stands once.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match single_field(&self.head, name) {
            Field::One(value) => core::str::from_utf8(value).ok(),
            Field::Absent | Field::Several => None,
        }
    }
}
