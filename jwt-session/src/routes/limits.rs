//! Who may try how often: by the address that a request comes from, and by the name that it gives.
//!
//! Failures are what counts, and they count when they are known. An attempt that is decided after others have used up
//! the limit is answered as if it had come too late, whether it was right or wrong: so many at once learn no more than so
//! many in a row. How many may be in flight is a limit of its own, a higher one, for honest attempts come together too.

use core::net::IpAddr;
use core::time::Duration;

use super::in_flight::{InFlight, Place};
use super::rate_limit::{RateLimit, RateLimiter};
use super::response::{OAuthError, RouteResponse};
use crate::events::AttemptRefusal;

/// Attempts in flight at a time, of an address and of a name: an office that arrives in the morning, and yet not all that
/// a password hash would take of the processor.
const MOST_IN_FLIGHT: usize = 128;
/// In flight at a time of a site, in the ratio of [`NETWORKS_OF_SITE`]; and of whoever it is where a check costs little.
const MANY_IN_FLIGHT: usize = 16 * MOST_IN_FLIGHT;
/// How long somebody is asked to wait where too many are in flight.
const IN_FLIGHT_WAIT: Duration = Duration::from_secs(1);
/// A site of IPv6 may fail so many times as often as one of its networks.
const NETWORKS_OF_SITE: u16 = 16;

/// The limits of a kind of attempt.
#[derive(Debug)]
pub(super) struct Limits {
    of_address: RateLimiter,
    of_site: RateLimiter,
    of_name: RateLimiter,
    in_flight_of_address: InFlight,
    in_flight_of_site: InFlight,
    in_flight_of_name: InFlight,
    /// Refused attempts that were told of, by address.
    told: RateLimiter,
    told_once: RateLimiter,
}

/// An attempt in flight. Dropped without a word it was none: an outage of ours. A client that goes away drops nothing,
/// for attempts are made [to their end](crate::to_its_end).
#[must_use]
pub(super) struct Attempt<'l> {
    limits: &'l Limits,
    address: Option<Network>,
    site: Option<Site>,
    name: String,
    _places: [Option<Place<'l>>; 3],
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

    /// The 48 bits of which one customer has all networks (RFC 6177 §2).
    const fn site(self) -> Option<Site> {
        match self {
            Self::V4(_) => None,
            Self::V6([a, b, c, _]) => Some(Site { network: Some([a, b, c]), client: String::new() }),
        }
    }
}

/// Many who have one looser limit: the networks of a site of IPv6, or callers whose address is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Site {
    /// None for all callers whose address is not known.
    network: Option<[u16; 3]>,
    /// Whom such a caller says it is: one guesser is not to keep all clients out. Places they have together, for names
    /// can be made up.
    client: String,
}

impl Limits {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self::with_in_flight(limit, MOST_IN_FLIGHT)
    }

    /// Many in flight: for what costs little to refuse.
    pub(super) fn of_failures(limit: RateLimit) -> Self {
        Self::with_in_flight(limit, MANY_IN_FLIGHT)
    }

    fn with_in_flight(limit: RateLimit, most: usize) -> Self {
        Self {
            of_address: RateLimiter::new(limit),
            of_site: RateLimiter::new(limit.times(NETWORKS_OF_SITE)),
            of_name: RateLimiter::new(limit),
            in_flight_of_address: InFlight::new(most),
            in_flight_of_site: InFlight::new(MANY_IN_FLIGHT),
            in_flight_of_name: InFlight::new(most),
            told: RateLimiter::new(limit),
            told_once: RateLimiter::new(limit.once()),
        }
    }

    /// Whether a refused attempt is still one to tell of. Counted apart from the attempts, for some of those count for
    /// nobody.
    pub(super) fn is_told(&self, address: Option<IpAddr>, why: AttemptRefusal, now: Duration) -> bool {
        let address = address.map(Network::of);
        if why.is_told_once() {
            self.told_once.take(&(address, why), now).is_ok()
        } else {
            self.told.take(&address, now).is_ok()
        }
    }

    /// Lets an attempt begin: from an address, where it is known, for a name, where there is one.
    ///
    /// # Errors
    /// 429 where either has failed too often, or too many are in flight. That costs neither anything.
    pub(super) fn attempt(
        &self,
        address: Option<IpAddr>,
        name: &str,
        now: Duration,
    ) -> Result<Attempt<'_>, RouteResponse> {
        let address = address.map(Network::of);
        self.begin(address, address.and_then(Network::site), name, now)
    }

    /// As [`attempt`](Self::attempt), by address alone: whoever knows the name of a client is not to keep it out. Where the
    /// address is not known, what a client may fail is what a site may.
    pub(super) fn attempt_of_client(
        &self,
        address: Option<IpAddr>,
        client: &str,
        now: Duration,
    ) -> Result<Attempt<'_>, RouteResponse> {
        match address {
            Some(_) => self.attempt(address, "", now),
            None => self.begin(None, Some(Site { network: None, client: client.to_owned() }), "", now),
        }
    }

    fn begin(
        &self,
        address: Option<Network>,
        site: Option<Site>,
        name: &str,
        now: Duration,
    ) -> Result<Attempt<'_>, RouteResponse> {
        let busy = || too_many(IN_FLIGHT_WAIT);
        let of_address = match &address {
            Some(address) => Some(self.in_flight_of_address.enter(address).ok_or_else(busy)?),
            None => None,
        };
        let of_site = match &site {
            Some(site) => Some(self.in_flight_of_site.enter(&site.network).ok_or_else(busy)?),
            None => None,
        };
        let of_name = match name {
            "" => None,
            name => Some(self.in_flight_of_name.enter(&name).ok_or_else(busy)?),
        };
        let places = [of_address, of_site, of_name];
        let attempt = Attempt { limits: self, address, site, name: name.to_owned(), _places: places };
        attempt.passed(now).map(|()| attempt)
    }
}

impl Attempt<'_> {
    /// It was a good one.
    ///
    /// # Errors
    /// 429 where meanwhile others have failed too often: as if it had come after them.
    pub(super) fn passed(&self, now: Duration) -> Result<(), RouteResponse> {
        let Self { limits, address, site, name, .. } = self;
        if let Some(address) = address {
            limits.of_address.check(address, now).map_err(too_many)?;
        }
        if let Some(site) = site {
            limits.of_site.check(site, now).map_err(too_many)?;
        }
        if !name.is_empty() {
            limits.of_name.check(&&**name, now).map_err(too_many)?;
        }
        Ok(())
    }

    /// It was a bad one.
    ///
    /// # Errors
    /// 429 where meanwhile others have failed too often: nobody is told that it was bad, and it counts for nobody.
    pub(super) fn failed(self, now: Duration) -> Result<(), RouteResponse> {
        self.count_name(now)?;
        self.count_address(now).inspect_err(|_| {
            if !self.name.is_empty() {
                self.limits.of_name.give_back(&&*self.name, now);
            }
        })
    }

    /// It was a bad one, and says nothing about the name.
    ///
    /// # Errors
    /// As [`failed`](Self::failed).
    pub(super) fn failed_of_address(self, now: Duration) -> Result<(), RouteResponse> {
        self.count_address(now)
    }

    /// It was a good one of a name that has a limit of good ones, too.
    pub(super) fn passed_of_name(self, now: Duration) {
        // Where others have used it up meanwhile, the next one will see.
        let _ = self.count_name(now);
    }

    fn count_name(&self, now: Duration) -> Result<(), RouteResponse> {
        match &*self.name {
            "" => Ok(()),
            name => self.limits.of_name.take(&name, now).map_err(too_many),
        }
    }

    fn count_address(&self, now: Duration) -> Result<(), RouteResponse> {
        let Self { limits, address, site, .. } = self;
        if let Some(address) = address {
            limits.of_address.take(address, now).map_err(too_many)?;
        }
        let Some(site) = site else { return Ok(()) };
        limits.of_site.take(site, now).map_err(|wait| {
            if let Some(address) = address {
                limits.of_address.give_back(address, now);
            }
            too_many(wait)
        })
    }
}

fn too_many(wait: Duration) -> RouteResponse {
    RouteResponse::error(429, OAuthError::SlowDown).with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    fn limits() -> Limits {
        Limits::new(RateLimit::new(2, Duration::from_secs(60)))
    }

    /// The status of an attempt that turns out to be a bad one.
    fn fail(limits: &Limits, address: Option<&str>, name: &str) -> u16 {
        let address = address.map(|address| address.parse().unwrap());
        let outcome = limits.attempt(address, name, NOW).and_then(|attempt| attempt.failed(NOW));
        outcome.err().map_or(200, |response| response.status)
    }

    #[test]
    fn one_address_is_limited_whatever_the_name_and_one_name_whatever_the_address() {
        let limits = limits();
        assert_eq!(fail(&limits, Some("192.0.2.1"), "a"), 200);
        assert_eq!(fail(&limits, Some("::ffff:192.0.2.1"), "b"), 200);
        assert_eq!(fail(&limits, Some("192.0.2.1"), "c"), 429);
        assert_eq!(fail(&limits, Some("192.0.2.2"), "a"), 200);
        assert_eq!(fail(&limits, None, "a"), 429);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let limits = limits();
        assert_eq!(fail(&limits, Some("2001:db8::1"), "a"), 200);
        assert_eq!(fail(&limits, Some("2001:db8::ffff:1"), "b"), 200);
        assert_eq!(fail(&limits, Some("2001:db8::2"), "c"), 429);
        assert_eq!(fail(&limits, Some("2001:db8:0:1::1"), "c"), 200);
    }

    #[test]
    fn networks_of_one_ipv6_site_are_one_with_a_looser_limit() {
        let limits = limits();
        for n in 0..32 {
            assert_eq!(fail(&limits, Some(&format!("2001:db8:0:{n:x}::1")), &format!("{n}")), 200, "{n}");
        }
        assert_eq!(fail(&limits, Some("2001:db8:0:ffff::1"), "x"), 429);
        assert_eq!(fail(&limits, Some("2001:db8:1:ffff::1"), "x"), 200, "another site");
        assert_eq!(fail(&limits, Some("2001:db8:2::1"), "y"), 200);
    }

    #[test]
    fn an_attempt_refused_by_its_name_costs_its_address_nothing_and_the_other_way_round() {
        let limits = limits();
        (0..2).for_each(|_| assert_eq!(fail(&limits, None, "a"), 200));
        for n in 0..9 {
            assert_eq!(fail(&limits, Some("192.0.2.1"), "a"), 429, "{n}");
        }
        (0..2).for_each(|_| assert_eq!(fail(&limits, Some("192.0.2.1"), ""), 200));
        for n in 0..9 {
            assert_eq!(fail(&limits, Some("192.0.2.1"), "b"), 429, "{n}");
        }
        assert_eq!(fail(&limits, Some("192.0.2.2"), "b"), 200);
    }

    #[test]
    fn attempts_in_flight_are_no_failures_and_those_that_are_dropped_never_were() {
        let limits = limits();
        let attempt = || limits.attempt(Some([192, 0, 2, 1].into()), "a", NOW);
        let mut many: Vec<_> = (0..MOST_IN_FLIGHT).map(|_| attempt().unwrap_or_else(|_| panic!())).collect();
        let refused = attempt().err().unwrap();
        assert_eq!(refused.status, 429);
        assert!(limits.attempt(Some([192, 0, 2, 2].into()), "b", NOW).is_ok(), "others are not held up");
        drop(many.pop());
        assert!(attempt().is_ok());
        drop(many);
        (0..2).for_each(|_| assert_eq!(fail(&limits, Some("192.0.2.1"), "a"), 200));
    }

    #[test]
    fn networks_of_one_ipv6_site_have_so_many_in_flight_as_sixteen_of_them() {
        let limits = limits();
        let attempt = |site: u16, n: u16| {
            let address = core::net::Ipv6Addr::new(0x2001, 0xdb8, site, n, 0, 0, 0, 1);
            limits.attempt(Some(address.into()), &format!("{site} {n}"), NOW)
        };
        let mut held: Vec<_> = (0..2_048).map(|n| attempt(0, n).unwrap_or_else(|_| panic!("{n}"))).collect();
        assert_eq!(attempt(0, 2_048).err().unwrap().status, 429);
        assert!(attempt(1, 2_048).is_ok(), "another site");
        drop(held.pop());
        assert!(attempt(0, 2_048).is_ok());
    }

    #[test]
    fn a_client_whose_address_is_not_known_has_the_limit_of_a_site_and_all_of_them_its_places() {
        let limits = Limits::of_failures(RateLimit::new(2, Duration::from_secs(60)));
        let attempt = |client: &str| limits.attempt_of_client(None, client, NOW);
        for n in 0..32 {
            assert!(attempt("a").and_then(|attempt| attempt.failed(NOW)).is_ok(), "{n}");
        }
        assert_eq!(attempt("a").err().unwrap().status, 429);
        assert!(limits.attempt_of_client(Some([192, 0, 2, 1].into()), "a", NOW).is_ok());
        let mut held: Vec<_> = (0..2_048).filter_map(|n| attempt(&format!("made up {n}")).ok()).collect();
        assert_eq!(held.len(), 2_048);
        assert_eq!(attempt("b").err().unwrap().status, 429);
        drop(held.pop());
        assert!(attempt("b").is_ok());
    }

    #[test]
    fn of_many_in_flight_no_more_are_told_than_of_many_in_a_row_not_even_that_one_was_right() {
        let limits = limits();
        let attempt = || limits.attempt(Some([192, 0, 2, 1].into()), "a", NOW).unwrap_or_else(|_| panic!());
        let (right, late) = (attempt(), attempt());
        let wrong: Vec<_> = (0..100).map(|_| attempt()).collect();
        assert!(right.passed(NOW).is_ok());
        let told = wrong.into_iter().filter_map(|attempt| attempt.failed(NOW).ok()).count();
        assert_eq!(told, 2);
        assert_eq!(late.passed(NOW).unwrap_err().status, 429, "right, but decided too late");
    }

    #[test]
    fn a_good_attempt_counts_where_it_is_told_to() {
        let limits = limits();
        let attempt = || limits.attempt(Some([192, 0, 2, 1].into()), "a", NOW).unwrap_or_else(|_| panic!());
        (0..9).for_each(|_| attempt().passed(NOW).unwrap());
        (0..2).for_each(|_| attempt().passed_of_name(NOW));
        assert_eq!(fail(&limits, Some("192.0.2.9"), "a"), 429, "the name was counted");
        assert_eq!(fail(&limits, Some("192.0.2.1"), "b"), 200, "the address was not");
    }
}
