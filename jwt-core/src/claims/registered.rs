//! The seven claims of RFC 7519 §4.1 as a type.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Audience, NumericDate};

/// The registered claims: the `T` of `Claims<T>` where none is named.
///
/// ```
/// let claims: jwt_core::Registered = serde_json::from_str(r#"{"sub":"alice","exp":1700000000}"#)?;
/// assert_eq!(claims.sub.as_deref(), Some("alice"));
/// assert_eq!(format!("{claims:?}"), "Registered { sub: _, exp: _ }");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// Issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Expiration time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<NumericDate>,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<NumericDate>,
    /// Issued at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// JWT ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// Shows which claims there are, and none of their values: they belong into no log.
impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Registered");
        for (name, is_there) in [
            ("iss", self.iss.is_some()),
            ("sub", self.sub.is_some()),
            ("aud", self.aud.is_some()),
            ("exp", self.exp.is_some()),
            ("nbf", self.nbf.is_some()),
            ("iat", self.iat.is_some()),
            ("jti", self.jti.is_some()),
        ] {
            if is_there {
                shown.field(name, &format_args!("_"));
            }
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_shows_which_claims_there_are_and_none_of_their_values() {
        let json = r#"{"iss":"CANARY","sub":"CANARY","aud":"CANARY","exp":1,"nbf":2,"iat":3,"jti":"CANARY"}"#;
        let all: Registered = serde_json::from_str(json).unwrap();
        assert_eq!(
            format!("{all:?}"),
            "Registered { iss: _, sub: _, aud: _, exp: _, nbf: _, iat: _, jti: _ }"
        );
        assert_eq!(format!("{:?}", Registered::default()), "Registered");
    }
}
