//! What may cross threads.

use jwt_core::{Permission, Requirement};

use actix_jwt::guard::TokenGuard;
use actix_jwt::{
    AuthRejection, Authorized, Claims, JwtAuth, MaybeClaims, MaybeToken, Require, VerifiedToken,
};

struct Reader;

impl Permission for Reader {
    const REQUIREMENT: Requirement = Requirement::scope("read");
}

#[test]
fn the_handle_goes_into_every_worker_and_claims_into_any_task() {
    const fn shared<T: Send + Sync + Clone + Unpin + 'static>() {}
    shared::<JwtAuth>();
    shared::<Require>();
    shared::<TokenGuard>();
    shared::<Claims>();
    shared::<MaybeClaims>();
    shared::<VerifiedToken>();
    shared::<MaybeToken>();
    const fn sent<T: Send + Sync + Unpin + 'static>() {}
    sent::<Authorized<Reader>>();
    sent::<AuthRejection>();
}
