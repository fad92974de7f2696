//! What a route demands of a token, as far as the challenge tells it.

use super::challenge::ChallengeError;
use core::time::Duration;

/// The demands that a challenge may name: scopes for `insufficient_scope` (RFC 6750 §3), `acr`
/// values and a maximum age for `insufficient_user_authentication` (RFC 9470 §3).
///
/// ```
/// use jwt_core::request::{ChallengeError, Demands};
/// let demands = Demands::default().with_scopes(["orders:read", "orders:write"])?;
/// assert_eq!(demands.scope(), Some("orders:read orders:write"));
///
/// let bad = Demands::default().with_scopes(["two words"]).unwrap_err();
/// assert_eq!(bad, ChallengeError::Scope { value: "two words".to_owned() });
/// # Ok::<(), ChallengeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    scope: Option<String>,
    acr_values: Option<String>,
    max_age: Option<Duration>,
}

impl Demands {
    /// Sets the scopes that are needed. None at all leaves `scope` out of the challenge.
    ///
    /// # Errors
    ///
    /// - [`ChallengeError::Scope`]: one of them is not a `scope-token` (RFC 6749 §3.3).
    pub fn with_scopes<T: AsRef<str>>(
        mut self,
        scopes: impl IntoIterator<Item = T>,
    ) -> Result<Self, ChallengeError> {
        self.scope = join(scopes).map_err(|value| ChallengeError::Scope { value })?;
        Ok(self)
    }

    /// Sets the `acr` values of which one is needed, the preferred first. None at all leaves
    /// `acr_values` out.
    ///
    /// # Errors
    ///
    /// - [`ChallengeError::AcrValue`]: one of them is empty, or has a space, a quotation mark, a
    ///   backslash or a byte outside ASCII.
    pub fn with_acr_values<T: AsRef<str>>(
        mut self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Self, ChallengeError> {
        self.acr_values = join(values).map_err(|value| ChallengeError::AcrValue { value })?;
        Ok(self)
    }

    /// Sets how far back the login may lie, in whole seconds; a fraction is dropped.
    #[must_use]
    pub const fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// The scopes, separated by spaces.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The `acr` values, separated by spaces.
    #[must_use]
    pub fn acr_values(&self) -> Option<&str> {
        self.acr_values.as_deref()
    }

    /// How far back the login may lie.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }
}

/// The values with spaces between; the first value that cannot stand in such a list otherwise.
fn join<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Result<Option<String>, String> {
    let mut list: Option<String> = None;
    for value in values {
        let value = value.as_ref();
        // The `scope-token` of RFC 6749 §3.3: visible ASCII without `"` and `\`.
        let ok = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if value.is_empty() || !value.bytes().all(ok) {
            return Err(value.to_owned());
        }
        match &mut list {
            Some(list) => {
                list.push(' ');
                list.push_str(value);
            }
            None => list = Some(value.to_owned()),
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_and_acr_values_accept_exactly_the_scope_token_characters() {
        for byte in 0..=127_u8 {
            let text = format!("a{}a", char::from(byte));
            let ok = matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert_eq!(Demands::default().with_scopes([&text]).is_ok(), ok, "{byte:#04x} in a scope");
            assert_eq!(
                Demands::default().with_acr_values([&text]).is_ok(),
                ok,
                "{byte:#04x} in an acr value"
            );
        }
        assert!(Demands::default().with_scopes(["ä"]).is_err());
        assert!(Demands::default().with_scopes([""]).is_err());
    }

    #[test]
    fn an_empty_list_demands_nothing() {
        assert_eq!(Demands::default().with_scopes([""; 0]), Ok(Demands::default()));
    }
}
