//! What rules are made from, where an adapter takes either.

use crate::auth::RequestAuth;

/// What an adapter's `JwtAuth::new` takes: a [`TokenAuthority`](crate::TokenAuthority) such as a
/// [`Verifier`](crate::Verifier), or ready-made rules.
///
/// Whatever is `Into<RequestAuth>` is this. It is a trait of its own so that the compiler tells in words
/// that help what is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a token is good",
    label = "not a `Verifier`, nor another `TokenAuthority`, nor a `RequestAuth`",
    note = "pass a `Verifier`; if this is a `Result`, a `?` is missing behind `build()`"
)]
pub trait IntoRequestAuth {
    /// The rules.
    fn into_request_auth(self) -> RequestAuth;
}

#[diagnostic::do_not_recommend]
impl<A: Into<RequestAuth>> IntoRequestAuth for A {
    fn into_request_auth(self) -> RequestAuth {
        self.into()
    }
}
