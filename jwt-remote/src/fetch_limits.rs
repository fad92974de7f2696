//! What a source of keys may take, as it is configured.

use core::fmt::Debug;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::bounds::{FETCH, MOST_BYTES, MOST_WAITING, WAIT};
use crate::remote_error::RemoteError;
use crate::schedule::Rules;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
const SIZES: RangeInclusive<usize> = 1_024..=MOST_BYTES;
const WAITS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);
const CROWDS: RangeInclusive<usize> = 1..=65_536;

/// What fetches of keys may take, and those who wait for them. The values are checked when the source is started:
/// [`RemoteError::Limit`].
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use jwt_remote::{FetchLimits, RemoteError, RemoteKeys};
/// let impatient = FetchLimits::default().with_timeout(Duration::from_secs(1)).with_wait(Duration::from_millis(500));
/// let keys = RemoteKeys::at("https://id.example.com/jwks.json").with_fetch_limits(impatient).start()?;
///
/// let never = FetchLimits::default().with_timeout(Duration::ZERO);
/// let refused = RemoteKeys::at("https://id.example.com/jwks.json").with_fetch_limits(never).start();
/// assert!(matches!(refused, Err(RemoteError::Limit { .. })));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct FetchLimits {
    pub(crate) timeout: Duration,
    pub(crate) most_bytes: usize,
    pub(crate) wait: Duration,
    pub(crate) most_waiting: usize,
    freshness: Duration,
    freshness_within: RangeInclusive<Duration>,
}

impl Default for FetchLimits {
    fn default() -> Self {
        let Rules { fresh_for, least_fresh, most_fresh, .. } = Rules::default();
        Self {
            timeout: FETCH,
            most_bytes: MOST_BYTES,
            wait: WAIT,
            most_waiting: MOST_WAITING,
            freshness: fresh_for,
            freshness_within: least_fresh..=most_fresh,
        }
    }
}

impl FetchLimits {
    /// For everything that one fetch takes, from the look-up of the name to the last byte, discovery included. Default:
    /// 5 s; 100 ms to 60 s. A shorter time-out of the HTTP client's own ends its requests sooner.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes of an answer are read, of a JWK set or of metadata. Default and most: 512 KiB; at least 1 KiB.
    pub fn with_most_bytes(mut self, most: usize) -> Self {
        self.most_bytes = most;
        self
    }

    /// How long a request waits for a fetch; what that brings later is there for the next one. Default: 2 s; 60 s at
    /// most. Zero: no request waits, so that a token with a key that is not held is refused and works a moment later.
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// How many requests wait at a time; the others are answered with 503. Default: 64; 1 to 65,536.
    pub fn with_most_waiting(mut self, most: usize) -> Self {
        self.most_waiting = most;
        self
    }

    /// How long a set is fresh where its answer does not say, and within what the answer may say it. Default: 600 s,
    /// within 60 s and 24 h; 10 s to 7 days. A set is fetched again at 80 % of its freshness: for so long a key that the
    /// provider withdrew may still be good.
    pub fn with_freshness(mut self, unstated: Duration, within: RangeInclusive<Duration>) -> Self {
        (self.freshness, self.freshness_within) = (unstated, within);
        self
    }

    /// The rules of time that come of it.
    pub(crate) fn rules(&self, stale_for: Duration) -> Rules {
        let (least_fresh, most_fresh) = (*self.freshness_within.start(), *self.freshness_within.end());
        Rules { fresh_for: self.freshness, least_fresh, most_fresh, stale_for, ..Rules::default() }
    }

    /// Whether each can be kept to.
    pub(crate) fn check(&self) -> Result<(), RemoteError> {
        const FRESHNESS: RangeInclusive<Duration> = SECOND.saturating_mul(10)..=DAY.saturating_mul(7);
        let (least, most) = (self.freshness_within.start(), self.freshness_within.end());
        within("time-out of a fetch", &self.timeout, &TIMEOUTS)?;
        within("size of an answer", &self.most_bytes, &SIZES)?;
        within("time that a request waits", &self.wait, &WAITS)?;
        within("number of requests that wait", &self.most_waiting, &CROWDS)?;
        within("least freshness", least, &FRESHNESS)?;
        within("longest freshness", most, &(*least..=*FRESHNESS.end()))?;
        within("freshness where the answer does not say", &self.freshness, &self.freshness_within)
    }
}

fn within<T: PartialOrd + Debug>(
    limit: &'static str,
    value: &T,
    allowed: &RangeInclusive<T>,
) -> Result<(), RemoteError> {
    match allowed.contains(value) {
        true => Ok(()),
        false => Err(RemoteError::Limit {
            limit,
            value: format!("{value:?}"),
            allowed: format!("{:?} to {:?}", allowed.start(), allowed.end()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_to_is_named_with_what_could() {
        let default = FetchLimits::default;
        let seconds = Duration::from_secs;
        for (limits, words) in [
            (default().with_timeout(Duration::ZERO), "0ns is no time-out of a fetch: 100ms to 60s"),
            (default().with_timeout(seconds(61)), "61s is no time-out of a fetch: 100ms to 60s"),
            (default().with_most_bytes(1_023), "1023 is no size of an answer: 1024 to 524288"),
            (default().with_most_bytes(524_289), "524289 is no size of an answer: 1024 to 524288"),
            (default().with_wait(seconds(61)), "61s is no time that a request waits: 0ns to 60s"),
            (default().with_most_waiting(0), "0 is no number of requests that wait: 1 to 65536"),
            (default().with_most_waiting(65_537), "65537 is no number of requests that wait: 1 to 65536"),
            (
                default().with_freshness(seconds(60), seconds(9)..=DAY),
                "9s is no least freshness: 10s to 604800s",
            ),
            (
                default().with_freshness(seconds(60), seconds(60)..=seconds(604_801)),
                "604801s is no longest freshness: 60s to 604800s",
            ),
            (
                default().with_freshness(seconds(60), seconds(60)..=seconds(59)),
                "59s is no longest freshness: 60s to 604800s",
            ),
            (
                default().with_freshness(seconds(59), seconds(60)..=DAY),
                "59s is no freshness where the answer does not say: 60s to 86400s",
            ),
        ] {
            let error = limits.check().unwrap_err();
            assert_eq!((error.code(), error.to_string().as_str()), ("limit", words));
        }
        default().check().unwrap();
        let longest = default().with_timeout(seconds(60)).with_wait(seconds(60)).with_most_waiting(65_536);
        longest.with_freshness(seconds(10), seconds(10)..=DAY * 7).check().unwrap();
        let shortest = default().with_timeout(Duration::from_millis(100)).with_wait(Duration::ZERO);
        shortest.with_most_waiting(1).with_most_bytes(1_024).check().unwrap();
    }

    #[test]
    fn the_defaults_are_those_of_the_schedule() {
        let rules = Rules::default();
        assert_eq!(FetchLimits::default().rules(rules.stale_for), rules);
    }
}
