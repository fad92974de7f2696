//! What a payload says: registered claims with their types, and whatever else the issuer put in.

mod audience;
mod numeric_date;
mod recorded;
mod registered;
mod scopes;

pub use self::audience::Audience;
pub use self::numeric_date::{NumericDate, OutOfRange};
pub(crate) use self::recorded::{Claim, Place, Places, Recorded};
pub use self::registered::Registered;
pub use self::scopes::Scopes;
pub(crate) use self::scopes::scopes_of;
