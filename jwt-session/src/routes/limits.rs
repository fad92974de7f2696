//! Who may try how often: by the address that a request comes from, and by the name that it gives.

use core::net::IpAddr;
use core::time::Duration;

use super::rate_limit::{RateLimit, RateLimiter};
use super::response::{OAuthError, RouteResponse};
use crate::events::AttemptRefusal;

/// The limits of a kind of attempt.
#[derive(Debug)]
pub(super) struct Limits {
    of_address: RateLimiter,
    of_name: RateLimiter,
    /// Refused attempts that were told of, by address.
    told: RateLimiter,
    told_once: RateLimiter,
}

/// An attempt that was counted.
#[must_use]
pub(super) struct Attempt {
    address: Option<Network>,
    name: String,
    at: Duration,
}

/// Whom an address belongs to: one host, or for IPv6 the 64 bits of a network, of which one host may use all addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

impl Limits {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            of_address: RateLimiter::new(limit),
            of_name: RateLimiter::new(limit),
            told: RateLimiter::new(limit),
            told_once: RateLimiter::new(limit.once()),
        }
    }

    /// Whether a refused attempt is still one to tell of. Counted apart from the attempts, for some of those are given
    /// back, and some never counted.
    pub(super) fn is_told(&self, address: Option<IpAddr>, why: AttemptRefusal, now: Duration) -> bool {
        let address = address.map(Network::of);
        if why.is_told_once() {
            self.told_once.take(&(address, why), now).is_ok()
        } else {
            self.told.take(&address, now).is_ok()
        }
    }

    /// Counts an attempt from an address, where it is known, for a name, where there is one.
    pub(super) fn attempt(
        &self,
        address: Option<IpAddr>,
        name: &str,
        now: Duration,
    ) -> Result<Attempt, RouteResponse> {
        let too_many = |wait| RouteResponse::error(429, OAuthError::SlowDown).with_retry_after(wait);
        let address = address.map(Network::of);
        if let Some(address) = &address {
            self.of_address.take(address, now).map_err(too_many)?;
        }
        if !name.is_empty() {
            self.of_name.take(&name, now).map_err(too_many)?;
        }
        Ok(Attempt { address, name: name.to_owned(), at: now })
    }
}

impl Attempt {
    /// It was a good one.
    pub(super) fn give_back(&self, limits: &Limits) {
        self.give_back_name(limits);
        self.give_back_address(limits);
    }

    /// It was a bad one, and says nothing about the name.
    pub(super) fn give_back_name(&self, limits: &Limits) {
        if !self.name.is_empty() {
            limits.of_name.give_back(&&*self.name, self.at);
        }
    }

    /// It was a good one, and yet one of this name.
    pub(super) fn give_back_address(&self, limits: &Limits) {
        if let Some(address) = &self.address {
            limits.of_address.give_back(address, self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(RateLimit::new(2, Duration::from_secs(60)))
    }

    fn status(limits: &Limits, address: Option<&str>, name: &str) -> u16 {
        let address = address.map(|address| address.parse().unwrap());
        limits.attempt(address, name, Duration::from_secs(9)).err().map_or(200, |response| response.status)
    }

    #[test]
    fn one_address_is_limited_whatever_the_name_and_one_name_whatever_the_address() {
        let limits = limits();
        assert_eq!(status(&limits, Some("192.0.2.1"), "a"), 200);
        assert_eq!(status(&limits, Some("::ffff:192.0.2.1"), "b"), 200);
        assert_eq!(status(&limits, Some("192.0.2.1"), "c"), 429);
        assert_eq!(status(&limits, Some("192.0.2.2"), "a"), 200);
        assert_eq!(status(&limits, None, "a"), 429);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let limits = limits();
        assert_eq!(status(&limits, Some("2001:db8::1"), "a"), 200);
        assert_eq!(status(&limits, Some("2001:db8::ffff:1"), "b"), 200);
        assert_eq!(status(&limits, Some("2001:db8::2"), "c"), 429);
        assert_eq!(status(&limits, Some("2001:db8:0:1::1"), "c"), 200);
    }

    #[test]
    fn a_good_attempt_is_not_counted() {
        let limits = limits();
        let now = Duration::from_secs(9);
        for _ in 0..9 {
            limits.attempt(Some([192, 0, 2, 1].into()), "a", now).unwrap().give_back(&limits);
        }
        for _ in 0..2 {
            limits.attempt(Some([192, 0, 2, 1].into()), "a", now).unwrap().give_back_address(&limits);
        }
        assert_eq!(status(&limits, Some("192.0.2.9"), "a"), 429, "the name was counted");
        assert_eq!(status(&limits, Some("192.0.2.1"), "b"), 200, "the address was not");
    }
}
