//! The body of the service's responses is not made from a text.

use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, service_fn};
use tower_jwt::{Bodyless, JwtAuth};

/// As of a framework of one's own.
#[derive(Default)]
pub struct Frames;

pub fn service(auth: JwtAuth) -> BoxCloneSyncService<Request<()>, Response<Frames>, ()> {
    let _ = Bodyless;
    #[cfg(right)]
    let auth = auth.with_refusal(Bodyless);
    BoxCloneSyncService::new(auth.layer(service_fn(async |_: Request<()>| Ok(Response::new(Frames)))))
}
