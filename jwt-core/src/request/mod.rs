//! What a request says and what it is answered, in bytes and `&str`.

mod authorization;
mod grammar;
mod head;

pub use authorization::{Authorization, BEARER};
pub use head::{Field, RequestHead, SimpleHead, single_field};
