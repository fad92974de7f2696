//! What a request says and what it is answered, in bytes and `&str`.

mod authorization;
mod carriers;
mod challenge;
mod cookie;
mod csrf;
mod demands;
mod double_submit;
mod grammar;
mod head;
mod origin;
mod query;
mod websocket;

pub use authorization::{Authorization, BEARER};
pub use carriers::{CarrierError, CarrierKind, Carriers, CarriersBuilder, Credential};
pub use challenge::{Challenge, ChallengeError, PreparedChallenges};
pub use cookie::read_cookie;
pub use csrf::{CSRF_FIELD, Proof, ProofOfOrigin, is_unsafe};
pub use demands::Demands;
pub use double_submit::{issue_double_submit, verify_double_submit};
pub use head::{Field, RequestHead, SimpleHead, single_field};
pub use origin::{AllowedOrigins, Origin, OriginError};
pub use query::{read_query_parameter, strip_query_parameter};
pub use websocket::read_websocket_protocol;
