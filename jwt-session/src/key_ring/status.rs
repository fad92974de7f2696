//! How a key ring is, for whoever watches over a service.

use core::time::Duration;

/// How a [`KeyRing`](super::KeyRing) is in this process, for alarms and readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRingStatus {
    /// How long ago the store was last read, by a clock that cannot jump.
    pub unread: Duration,
    /// Whether that is too long, so that nothing is signed, verified or published.
    pub is_silent: bool,
    /// Whether there is a key to sign with.
    pub signs: bool,
    /// The [code](super::KeyRingError::code) of the error of the last [`tick`](super::KeyRing::tick); none where it
    /// went well.
    pub failing: Option<&'static str>,
    /// How often the ring was written, by all nodes, up to what is known here.
    pub revision: u64,
}
