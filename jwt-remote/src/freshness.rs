//! How long an answer says that it is fresh (RFC 9111).

use core::time::Duration;

use crate::http::HttpResponse;

/// What `Cache-Control` and `Age` say; `None` where nothing does.
///
/// The least and most that is taken over are the schedule's: no answer can make us ask in each second, or hold
/// revoked keys for a year. `Expires` is not read, for it is of a foreign clock; `s-maxage` is for shared caches.
pub(crate) fn fresh_for(response: &HttpResponse) -> Option<Duration> {
    let mut said = None;
    for directive in response.values("cache-control").flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Duration::ZERO);
        }
        // §4.2.1: the first of several; one that is no number is taken as stale. §5.2: the value may be quoted.
        if name.eq_ignore_ascii_case("max-age") && said.is_none() {
            said = Some(seconds(value.trim().trim_matches('"')).unwrap_or(Duration::ZERO));
        }
    }
    // §4.2.3: what it spent in caches on the way is gone already.
    let age = response.values("age").next().and_then(|value| seconds(value.trim())).unwrap_or_default();
    said.map(|said| said.saturating_sub(age))
}

/// `delta-seconds` (§1.2.2): digits alone; what is too large is as large as can be.
fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(fields: &[(&str, &str)]) -> Option<u64> {
        let headers = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        fresh_for(&HttpResponse { headers, ..HttpResponse::default() }).map(|said| said.as_secs())
    }

    #[test]
    fn freshness_is_max_age_less_age() {
        let none: [(&str, &str); 0] = [];
        for (fields, expected) in [
            (&none[..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "max-age=3600")], Some(3_600)),
            (&[("Cache-Control", "public, MAX-AGE = 3600 , must-revalidate")], Some(3_600)),
            (&[("cache-control", "max-age=\"60\"")], Some(60)),
            (&[("cache-control", "public"), ("cache-control", "max-age=7")], Some(7)),
            (&[("cache-control", "max-age=7, max-age=9")], Some(7)),
            (&[("cache-control", "max-age=3600"), ("age", "600")], Some(3_000)),
            (&[("cache-control", "max-age=3600"), ("age", "9999")], Some(0)),
            (&[("cache-control", "max-age=3600"), ("age", "-5")], Some(3_600)),
            (&[("cache-control", "s-maxage=10")], None),
            (&[("cache-control", "x-max-age=10")], None),
            (&[("cache-control", "max-age=3600, no-cache")], Some(0)),
            (&[("cache-control", "no-store")], Some(0)),
            (&[("cache-control", "max-age=")], Some(0)),
            (&[("cache-control", "max-age")], Some(0)),
            (&[("cache-control", "max-age=-1")], Some(0)),
            (&[("cache-control", "max-age=1.5")], Some(0)),
            (&[("cache-control", "max-age=99999999999999999999999")], Some(u64::MAX)),
            (&[("age", "5")], None),
        ] {
            assert_eq!(said(fields), expected, "{fields:?}");
        }
    }
}
