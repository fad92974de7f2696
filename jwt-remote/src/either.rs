//! JWTs by one authority and opaque tokens by another.

use core::any::Any;
use core::time::Duration;

use jwt_core::{Presented, TokenAuthority, Verdict};

/// Two authorities, of which the shape of the token chooses one: JWTs are verified here, and opaque tokens are asked
/// about at their server.
///
/// 1. A token in the shape of a compact JWS goes to the first: three segments of base64url, none of them empty, with a
///    dot between them (RFC 7515 §7.1).
/// 2. Every other goes to the second.
///
/// What one refuses, the other is never asked about: a JWT with a bad signature is refused, whatever a server would say
/// of it, and is sent to nobody. A server whose opaque tokens have that shape needs
/// [`Introspection`](crate::Introspection) alone.
///
/// ```no_run
/// # async fn run(secret: String) -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::{ClientAuth, Either, Introspection, Oidc, Remote};
/// let remote = Remote::new()?;
/// let issuer = "https://id.example.com/";
/// let jwts = Oidc::issuer(issuer).with_audience("orders").with_remote(&remote).discover().await?;
/// let opaque = Introspection::at("https://id.example.com/introspect", ClientAuth::basic("orders", secret))
///     .with_audience("orders")
///     .with_issuer(issuer)
///     .with_remote(&remote)
///     .start()?;
/// let both = Either::new(jwts, opaque);
/// // JwtAuth::new(both) in tower, axum and actix-web.
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Either<J, O> {
    jwt: J,
    opaque: O,
}

impl<J: TokenAuthority, O: TokenAuthority> Either<J, O> {
    /// JWTs by `jwt`, and whatever else by `opaque`.
    pub fn new(jwt: J, opaque: O) -> Self {
        Self { jwt, opaque }
    }
}

/// RFC 7515 §7.1; whether it is one, its authority says. One with padding behind it is one too: a server that takes
/// it off would read what the authority refuses.
fn is_compact_jws(token: &str) -> bool {
    let token = token.trim_end_matches('=');
    let is_segment = |segment: &str| {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !segment.is_empty() && segment.bytes().all(is_base64url)
    };
    let mut segments = token.split('.');
    let three = [segments.next(), segments.next(), segments.next()];
    segments.next().is_none() && three.into_iter().all(|segment| segment.is_some_and(is_segment))
}

impl<J: TokenAuthority, O: TokenAuthority> TokenAuthority for Either<J, O> {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        if is_compact_jws(presented.token()) {
            self.jwt.verify(presented)
        } else {
            self.opaque.verify(presented)
        }
    }

    /// That of the first. Give both the same clock.
    fn now(&self) -> Duration {
        self.jwt.now()
    }

    /// Where both are the same. One of them alone is another authority: it may say otherwise about a token of the shape
    /// that the other has here.
    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other: &dyn Any = other;
        other
            .downcast_ref::<Self>()
            .is_some_and(|other| self.jwt.is_same(&other.jwt) && self.opaque.is_same(&other.opaque))
    }
}

#[cfg(test)]
mod tests {
    use jwt_core::{Reason, TokenError};

    use super::*;

    /// Refuses everything, and says who did.
    struct Says(&'static str);

    impl TokenAuthority for Says {
        fn verify(&self, _: &Presented<'_>) -> Verdict {
            Verdict::Ready(Err(TokenError::about(Reason::Inactive, self.0)))
        }

        fn now(&self) -> Duration {
            Duration::from_secs(if self.0 == "jwt" { 1 } else { 2 })
        }

        fn is_same(&self, other: &dyn TokenAuthority) -> bool {
            let other: &dyn Any = other;
            other.downcast_ref::<Self>().is_some_and(|other| self.0 == other.0)
        }
    }

    fn asked(token: &str) -> String {
        let both = Either::new(Says("jwt"), Says("opaque"));
        let Verdict::Ready(Err(error)) = both.verify(&Presented::new(token)) else { panic!("accepted") };
        error.detail().unwrap().to_owned()
    }

    #[test]
    fn the_shape_decides_and_a_refusal_is_final() {
        for (token, expected) in [
            ("e30.e30.c2ln", "jwt"),
            ("a.b.c", "jwt"),
            ("a-_9.b.c", "jwt"),
            ("", "opaque"),
            ("abc", "opaque"),
            ("a.b", "opaque"),
            ("a.b.", "opaque"),
            ("a..c", "opaque"),
            (".b.c", "opaque"),
            ("..", "opaque"),
            ("a.b.c.", "opaque"),
            ("a.b.c.d", "opaque"),
            // An encrypted token: only its server can read it.
            ("a.b.c.d.e", "opaque"),
            ("a.b.c=", "jwt"),
            ("a.b.==", "opaque"),
            ("a.b+.c", "opaque"),
            ("a.b/.c", "opaque"),
            ("a.b~.c", "opaque"),
            ("a.b .c", "opaque"),
            ("a.b.\u{e9}", "opaque"),
        ] {
            assert_eq!(asked(token), expected, "{token:?}");
        }
        let long = format!("a.b.{}", "c".repeat(1 << 20));
        assert_eq!(asked(&long), "jwt", "which bounds it");
    }

    #[test]
    fn it_is_the_same_where_both_are_and_has_the_clock_of_the_first() {
        let both = Either::new(Says("jwt"), Says("opaque"));
        assert!(both.is_same(&Either::new(Says("jwt"), Says("opaque"))));
        assert!(!both.is_same(&Either::new(Says("jwt"), Says("other"))));
        assert!(!both.is_same(&Either::new(Says("other"), Says("opaque"))));
        assert!(!both.is_same(&Says("jwt")) && !both.is_same(&Says("opaque")));
        assert_eq!(both.now(), Duration::from_secs(1));
    }
}
