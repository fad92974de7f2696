//! Issuers that differ in one part, as the tenants of one provider do.

use crate::address::{Address, AddressError, Transport, shown};

/// A part that is longer names no tenant.
const MOST_PART_BYTES: usize = 64;

/// An issuer with one variable part, as `https://id.example.com/{tenant}/v2.0`.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    before: String,
    behind: String,
}

impl Template {
    /// Reads the text of it, whose variable part stands in braces. It may not touch the host's registered name: that
    /// the host has one dot or more behind the part is checked, that nobody else can register there is not.
    pub(crate) fn new(text: &str, transport: Transport) -> Result<Self, AddressError> {
        let malformed = || AddressError::Template { template: shown(text) };
        let (before, rest) = text.split_once('{').ok_or_else(malformed)?;
        let (name, behind) = rest.split_once('}').ok_or_else(malformed)?;
        if name.is_empty() || [before, name, behind].iter().any(|part| part.contains(['{', '}'])) {
            return Err(malformed());
        }
        let template = Self { before: before.to_owned(), behind: behind.to_owned() };
        let (one, other) = (template.issuer("a"), template.issuer("b"));
        let (one, other) = (Address::issuer(&one, transport)?, Address::issuer(&other, transport)?);
        // A variable scheme or port is no tenant, and of a host only its first label is.
        let (one, other) = (one.url(), other.url());
        let host = |url: &url::Url| {
            url.host_str().and_then(|host| host.split_once('.')).map(|(_, rest)| rest.to_owned())
        };
        let same_host = one.host_str() == other.host_str();
        let same_domain = host(one).is_some_and(|rest| rest.contains('.') && Some(rest) == host(other));
        if one.scheme() != other.scheme() || one.port() != other.port() || !(same_host || same_domain) {
            return Err(malformed());
        }
        Ok(template)
    }

    /// The variable part of an issuer, where it is one of these and the part is plain: letters, digits, `-` and `_`,
    /// and dots between them, so that it can change neither host nor path.
    pub(crate) fn part_of<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let part = issuer.strip_prefix(&*self.before)?.strip_suffix(&*self.behind)?;
        let is_plain = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        (part.len() <= MOST_PART_BYTES && part.split('.').all(is_plain)).then_some(part)
    }

    /// The issuer of this part.
    pub(crate) fn issuer(&self, part: &str) -> String {
        format!("{}{part}{}", self.before, self.behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRA: &str = "https://login.example.com/{tenantid}/v2.0";

    #[test]
    fn the_part_is_what_stands_between_the_rest() {
        let template = Template::new(ENTRA, Transport::Https).unwrap();
        assert_eq!(template.part_of("https://login.example.com/a-1_B.c/v2.0"), Some("a-1_B.c"));
        assert_eq!(template.issuer("t"), "https://login.example.com/t/v2.0");
        for other in [
            "https://login.example.com/v2.0",
            "https://login.example.com//v2.0",
            "https://login.example.com/a/b/v2.0",
            "https://login.example.com/../v2.0",
            "https://login.example.com/./v2.0",
            "https://login.example.com/.a/v2.0",
            "https://login.example.com/a./v2.0",
            "https://login.example.com/a%2fb/v2.0",
            "https://login.example.com/a?b/v2.0",
            "https://login.example.com/a#b/v2.0",
            "https://login.example.com/a@b/v2.0",
            "https://login.example.com/a:b/v2.0",
            "https://login.example.com/a\\b/v2.0",
            "https://login.example.com/\u{e9}/v2.0",
            "https://login.example.com/a/v2.0/",
            "https://login.example.com/a/V2.0",
            "http://login.example.com/a/v2.0",
            "https://login.example.com/",
            "",
        ] {
            assert_eq!(template.part_of(other), None, "{other}");
        }
        let long = format!("https://login.example.com/{}/v2.0", "a".repeat(MOST_PART_BYTES + 1));
        assert_eq!(template.part_of(&long), None);
    }

    #[test]
    fn a_part_of_the_host_is_its_first_label() {
        let template = Template::new("https://{tenant}.auth.example.com/", Transport::Https).unwrap();
        assert_eq!(template.part_of("https://shop.auth.example.com/"), Some("shop"));
        for other in ["https://evil.com/.auth.example.com/", "https://evil.com?.auth.example.com/"] {
            assert_eq!(template.part_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused_when_it_is_set_up() {
        for text in [
            "https://id.example.com/",
            "https://id.example.com/{",
            "https://id.example.com/}{",
            "https://id.example.com/{}/",
            "https://id.example.com/{a}/{b}",
            "https://id.example.com/{{a}}",
            "{scheme}://id.example.com/",
            "https://{host}/",
            "https://{host}.com/",
            "https://id.example.{tld}/",
            "https://id{name}.com/",
            "https://id.example.com:{port}/",
            "https://id.example.com/?t={tenant}",
            "http://id.example.com/{tenant}",
        ] {
            assert!(Template::new(text, Transport::Https).is_err(), "{text}");
        }
    }
}
