//! What is asked of the token endpoint.

use url::Url;

use crate::remote_error::RemoteError;

/// What the token is to be, as it is configured.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    pub(super) scopes: Vec<String>,
    pub(super) audience: Option<String>,
    pub(super) resources: Vec<String>,
}

impl Parameters {
    /// Finds at start what no server could accept.
    pub(super) fn check(&self) -> Result<(), RemoteError> {
        let wrong =
            |parameter, value: &str| Err(RemoteError::Parameter { parameter, value: value.to_owned() });
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope_token(scope)) {
            return wrong("scope", scope);
        }
        if let Some(resource) = self.resources.iter().find(|resource| !is_resource(resource)) {
            return wrong("resource", resource);
        }
        match &self.audience {
            Some(audience) if audience.is_empty() => wrong("audience", audience),
            _ => Ok(()),
        }
    }

    /// The scopes in one text (RFC 6749 §3.3); empty where none is asked for.
    pub(super) fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    /// The form of the request (RFC 6749 §4.4.2, RFC 8707 §2), without credentials.
    pub(super) fn form<'p>(&'p self, scope: &'p str) -> Vec<(&'static str, &'p str)> {
        let mut form = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            form.push(("scope", scope));
        }
        form.extend(self.audience.as_deref().map(|audience| ("audience", audience)));
        form.extend(self.resources.iter().map(|resource| ("resource", resource.as_str())));
        form
    }

    /// The scopes that were asked for and not granted. An answer without `scope` grants them all (RFC 6749 §5.1).
    pub(super) fn missing<'p>(&'p self, granted: Option<&str>) -> Vec<&'p str> {
        let Some(granted) = granted else { return Vec::new() };
        let is_missing = |scope: &&str| !granted.split(' ').any(|one| one == *scope);
        self.scopes.iter().map(String::as_str).filter(is_missing).collect()
    }
}

/// RFC 6749 §3.3.
fn is_scope_token(scope: &str) -> bool {
    let is_of_it = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !scope.is_empty() && scope.bytes().all(is_of_it)
}

/// RFC 8707 §2: an absolute URI without a fragment.
fn is_resource(resource: &str) -> bool {
    Url::parse(resource).is_ok_and(|url| url.fragment().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scopes: &[&str], audience: Option<&str>, resources: &[&str]) -> Parameters {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Parameters {
            scopes: owned(scopes),
            audience: audience.map(str::to_owned),
            resources: owned(resources),
        }
    }

    #[test]
    fn what_no_server_could_accept_is_named() {
        let found = |parameters: Parameters| match parameters.check() {
            Err(RemoteError::Parameter { parameter, value }) => Some((parameter, value)),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        };
        let named = |parameter, value: &str| Some((parameter, value.to_owned()));
        assert_eq!(found(of(&["a:b", "c.d"], Some("api"), &["https://a.example/x?y", "urn:a:b"])), None);
        assert_eq!(found(of(&["a", "b c"], None, &[])), named("scope", "b c"));
        assert_eq!(found(of(&[""], None, &[])), named("scope", ""));
        assert_eq!(found(of(&["a\"b"], None, &[])), named("scope", "a\"b"));
        assert_eq!(found(of(&[], Some(""), &[])), named("audience", ""));
        assert_eq!(found(of(&[], None, &["/api"])), named("resource", "/api"));
        assert_eq!(found(of(&[], None, &["https://a/#b"])), named("resource", "https://a/#b"));
    }

    #[test]
    fn the_form_has_what_is_configured_and_nothing_else() {
        assert_eq!(of(&[], None, &[]).form(""), [("grant_type", "client_credentials")]);
        let all = of(&["a", "b"], Some("api"), &["urn:x", "urn:y"]);
        assert_eq!(
            all.form(&all.scope()),
            [
                ("grant_type", "client_credentials"),
                ("scope", "a b"),
                ("audience", "api"),
                ("resource", "urn:x"),
                ("resource", "urn:y"),
            ]
        );
    }

    #[test]
    fn a_narrowed_scope_is_noticed() {
        let parameters = of(&["a", "b"], None, &[]);
        assert!(parameters.missing(None).is_empty() && parameters.missing(Some("b c a")).is_empty());
        assert_eq!(parameters.missing(Some("a")), ["b"]);
        assert_eq!(parameters.missing(Some("")), ["a", "b"]);
    }
}
