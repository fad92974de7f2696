//! `NumericDate` (RFC 7519 §2), exact to the nanosecond.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::json::digits;

/// Seconds since 1970-01-01T00:00:00Z, fractions allowed, from 0 to 253402300799 (the last second
/// of the year 9999).
///
/// Read from the digits of the token, never through a binary fraction: `1700000000.1` is exactly
/// that. Digits beyond the nanosecond are cut off. serde knows fractions as `f64` alone: as a field of a
/// type of one's own it is exact to 15 significant digits, and written with no more, the rest cut off.
///
/// ```
/// use jwt_core::NumericDate;
/// let date = NumericDate::from_secs(1_700_000_000)?;
/// assert_eq!(date.as_secs(), 1_700_000_000);
/// assert!(NumericDate::from_secs(253_402_300_800).is_err());
/// # Ok::<(), jwt_core::OutOfRange>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NumericDate(Duration);

/// The time lies outside the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a NumericDate lies between 0 and 253402300799 seconds")
    }
}

impl core::error::Error for OutOfRange {}

impl NumericDate {
    /// The latest date, 9999-12-31T23:59:59Z.
    pub const MAX_SECS: u64 = 253_402_300_799;

    /// A whole number of seconds.
    ///
    /// # Errors
    /// [`OutOfRange`] above [`NumericDate::MAX_SECS`].
    pub const fn from_secs(seconds: u64) -> Result<Self, OutOfRange> {
        if seconds > Self::MAX_SECS { Err(OutOfRange) } else { Ok(Self(Duration::from_secs(seconds))) }
    }

    /// Whole seconds, a fraction cut off.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// The time since the epoch.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// From the text of a JSON number, which must already fit the grammar of RFC 8259 §6.
    #[inline]
    pub(crate) fn from_number(text: &str) -> Option<Self> {
        if let Some(seconds) = digits(text) {
            return Self::from_secs(seconds).ok();
        }
        Self::from_any_number(text)
    }

    /// A number that is not a few digits alone.
    #[cold]
    fn from_any_number(text: &str) -> Option<Self> {
        if text.starts_with('-') {
            return None;
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // The number is 0.DIGITS × 10^point.
        let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
        let digits =
            || whole.bytes().chain(fraction.bytes()).map(|digit| u64::from(digit.wrapping_sub(b'0')));
        if digits().all(|digit| digit == 0) {
            return Some(Self::default());
        }
        let mut seconds: u64 = 0;
        let mut nanos: u32 = 0;
        // Places before the first digit are zeros behind the decimal point.
        let mut nano_places = point.min(0).unsigned_abs().min(9);
        let mut place = 0_i32;
        for digit in digits() {
            if place < point {
                seconds = seconds.checked_mul(10)?.checked_add(digit)?;
            } else if nano_places < 9 {
                nanos = nanos.checked_mul(10)?.checked_add(u32::try_from(digit).ok()?)?;
                nano_places = nano_places.saturating_add(1);
            }
            place = place.saturating_add(1);
        }
        while place < point {
            seconds = seconds.checked_mul(10)?;
            place = place.saturating_add(1);
        }
        while nano_places < 9 {
            nanos = nanos.checked_mul(10)?;
            nano_places = nano_places.saturating_add(1);
        }
        if seconds > Self::MAX_SECS {
            return None;
        }
        Some(Self(Duration::new(seconds, nanos)))
    }
}

impl fmt::Debug for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_nanos() {
            0 => self.0.as_secs().fmt(f),
            nanos => write!(f, "{}.{}", self.0.as_secs(), format!("{nanos:09}").trim_end_matches('0')),
        }
    }
}

impl TryFrom<Duration> for NumericDate {
    type Error = OutOfRange;

    fn try_from(since_epoch: Duration) -> Result<Self, OutOfRange> {
        Self::from_secs(since_epoch.as_secs()).map(|_| Self(since_epoch))
    }
}

impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As nearly every date is.
        if self.0.subsec_nanos() == 0 {
            return serializer.serialize_u64(self.0.as_secs());
        }
        let text = format!("{}.{:09}", self.0.as_secs(), self.0.subsec_nanos());
        // An `f64` gives back 15 digits as they were. More may come back rounded up, across the second or
        // the end of the range: they are cut off, here behind the digits and the point.
        let text = text.get(..16).unwrap_or(&text).trim_end_matches('0');
        match text.strip_suffix('.') {
            Some(_) => serializer.serialize_u64(self.0.as_secs()),
            None => {
                text.parse().map_err(ser::Error::custom).and_then(|seconds| serializer.serialize_f64(seconds))
            }
        }
    }
}

/// For the fields of the caller's own types. Here a fraction passes through an `f64`, which is read by
/// the fewest digits that mean it: those that stand in the text, where they are 15 at most. The dates that
/// decide about a token pass through none.
impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a NumericDate from 0 to 253402300799")
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                NumericDate::from_secs(seconds).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
                u64::try_from(seconds).map_err(|_| E::custom(OutOfRange)).and_then(|s| self.visit_u64(s))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                let date = seconds.is_finite().then(|| NumericDate::from_number(&seconds.to_string()));
                date.flatten().ok_or_else(|| E::custom(OutOfRange))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_by_serde_within_its_range() {
        let read = |json: &str| serde_json::from_str::<NumericDate>(json).ok().map(NumericDate::as_secs);
        for (json, seconds) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("253402300799", Some(253_402_300_799)),
            ("253402300800", None),
            ("1700000000.5", Some(1_700_000_000)),
            ("-1", None),
            ("-0.5", None),
            ("-0.0", None),
            ("253402300799.999", Some(253_402_300_799)),
            ("253402300800.0", None),
            ("1e300", None),
            (r#""1700000000""#, None),
            ("null", None),
        ] {
            assert_eq!(read(json), seconds, "{json}");
        }
    }

    #[test]
    fn serde_reads_fractions_as_the_verifier_does() {
        for text in [
            "0.1",
            "0.000000001",
            "5e-9",
            "0.0000000001",
            "1.7e9",
            "1700000000.0",
            "1700000000.1",
            "1700000000.12345",
            "1700000000.99999",
            "17000000001e-1",
            "253402300799.999",
            "253402300800.5",
            "-0.1",
        ] {
            let exact = NumericDate::from_number(text);
            assert_eq!(serde_json::from_str(text).ok(), exact, "{text}");
            let json = format!(r#"{{"at":{text}}}"#);
            let mut nodes = crate::json::Nodes::new();
            let bounds = crate::json::Bounds { depth: 2, nodes: 8 };
            let document = crate::json::Document::read(&json, bounds, &mut nodes).unwrap();
            let ours = NumericDate::deserialize(document.root().member("at").unwrap());
            assert_eq!(ours.ok(), exact, "{text}");
        }
        let not_finite =
            |number: f64| NumericDate::deserialize(de::value::F64Deserializer::<Unread>::new(number));
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(not_finite(number).is_err(), "{number}");
        }
    }

    type Unread = de::value::Error;

    #[test]
    fn a_fraction_is_written_with_fifteen_digits_and_never_rounded_up() {
        let nines = 999_999_999;
        for (seconds, nanos, written) in [
            (0, 0, "0"),
            (0, 1, "1e-9"),
            (0, nines, "0.999999999"),
            (999_999, nines, "999999.999999999"),
            (1_700_000_000, 0, "1700000000"),
            (1_700_000_000, 100_000_000, "1700000000.1"),
            (1_700_000_000, 123_456_789, "1700000000.12345"),
            (1_700_000_000, nines, "1700000000.99999"),
            (1_700_000_000, 9_999, "1700000000"),
            (NumericDate::MAX_SECS, 999_999, "253402300799"),
            (NumericDate::MAX_SECS, nines, "253402300799.999"),
        ] {
            let date = NumericDate::try_from(Duration::new(seconds, nanos)).unwrap();
            let text = serde_json::to_string(&date).unwrap();
            assert_eq!(text, written);
            let read = serde_json::from_str::<NumericDate>(&text).unwrap();
            assert_eq!(Some(read), NumericDate::from_number(&text), "{text}");
            assert_eq!((read.as_secs(), read <= date), (seconds, true), "{text}");
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn it_is_shown_as_seconds_and_what_is_none_is_named() {
        let date = NumericDate::from_number("1700000000.5").unwrap();
        assert_eq!(
            (format!("{date:?}"), date.to_string()),
            ("1700000000.5".to_owned(), "1700000000.5".to_owned())
        );
        let error = serde_json::from_str::<NumericDate>("true").unwrap_err().to_string();
        assert!(error.contains("expected a NumericDate from 0 to 253402300799"), "{error}");
    }

    #[test]
    fn digits_are_read_exactly() {
        for (text, shown) in [
            ("0", "0"),
            ("0.0", "0"),
            ("0e999999", "0"),
            ("1700000000", "1700000000"),
            ("1700000000.1", "1700000000.1"),
            ("1700000000.123456789", "1700000000.123456789"),
            ("1700000000.9999999999", "1700000000.999999999"),
            ("1.7e9", "1700000000"),
            ("1.7E+9", "1700000000"),
            ("17e8", "1700000000"),
            ("17000000005e-1", "1700000000.5"),
            ("0.0000000017e18", "1700000000"),
            ("5e-1", "0.5"),
            ("5e-9", "0.000000005"),
            ("5e-10", "0"),
            ("1e-400", "0"),
            ("253402300799", "253402300799"),
            ("253402300799.5", "253402300799.5"),
            ("0000000000000", "0"),
        ] {
            assert_eq!(
                NumericDate::from_number(text).map(|d| d.to_string()).as_deref(),
                Some(shown),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for text in [
            "-1",
            "-0",
            "-0.5",
            "253402300800",
            "1e12",
            "253402300800.5",
            "253402300801.5",
            "999999999999.9",
            "1e400",
            "1e99999999999",
            "99999999999999999999",
            "18446744073709551616",
            "9223372036854775807",
            "1e2147483647",
        ] {
            assert_eq!(NumericDate::from_number(text), None, "{text}");
        }
        assert_eq!(OutOfRange.to_string(), "a NumericDate lies between 0 and 253402300799 seconds");
    }
}
