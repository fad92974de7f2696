//! One function per parser. Each panics where an invariant is broken, and else returns.

mod authorization;
mod claims;
mod cookie;
mod differential;
mod header;
mod jwk_set;
mod key;
mod token;

/// A function to run on inputs.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As it is called on the command line, and the folder of its corpus.
    pub name: &'static str,
    /// Panics where the input breaks an invariant.
    pub run: fn(&[u8]),
}

/// All of them.
pub const ALL: &[Target] = &[
    Target { name: "header", run: header::run },
    Target { name: "claims", run: claims::run },
    Target { name: "token", run: token::run },
    Target { name: "differential", run: differential::run },
    Target { name: "jwk_set", run: jwk_set::run },
    Target { name: "authorization", run: authorization::run },
    Target { name: "cookie", run: cookie::run },
    Target { name: "key", run: key::run },
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

/// The `b64token` of RFC 6750 §2.1, read once more.
fn is_b64token(bytes: &[u8]) -> bool {
    let body = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(b)).count();
    body > 0 && bytes[body..].iter().all(|b| *b == b'=')
}
