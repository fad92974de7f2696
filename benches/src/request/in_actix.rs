//! Requests through an actix-web application.

use std::rc::Rc;

use actix_jwt::{Claims, JwtAuth};
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpMessage, error, rt, web};
use actix_web_httpauth::extractors::bearer::BearerAuth;
use jwt_core::Verifier;

use super::{Server, ready};
use crate::fixture::{Fixture, SUBJECT, User};
use crate::ours;
use crate::peer::Decoder;

/// An application, and the header of a request that it serves.
pub struct ActixServer {
    serve: Box<dyn FnMut(HeaderValue) -> u16>,
    authorization: HeaderValue,
}

/// The service of an application, whose type cannot be named.
macro_rules! server {
    ($app:expr, $token:expr) => {{
        let service = rt::System::new().block_on(init_service($app));
        let serve = move |authorization| {
            let request = TestRequest::with_uri("/me").insert_header((AUTHORIZATION, authorization));
            // As the server does with errors: they are responses in the end.
            match ready(service.call(request.to_request())) {
                Ok(response) => response.status().as_u16(),
                Err(error) => error.error_response().status().as_u16(),
            }
        };
        let authorization = bearer($token);
        ActixServer { serve: Box::new(serve), authorization }
    }};
}

impl ActixServer {
    /// With the middleware and extractor of ours around this verifier.
    #[must_use]
    pub fn of(verifier: Verifier, token: &str) -> Self {
        let me = |user: Claims<User>| async move { user.sub.clone() };
        let app = App::new().wrap(JwtAuth::new(verifier)).route("/me", web::get().to(me));
        server!(app, token)
    }
}

fn bearer(token: &str) -> HeaderValue {
    format!("Bearer {token}").parse().expect("a header value")
}

/// What a middleware written by hand does.
async fn forward<B: MessageBody>(
    user: Option<User>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let user = user.ok_or_else(|| error::ErrorUnauthorized("unauthorized"))?;
    request.extensions_mut().insert(user);
    next.call(request).await
}

async fn subject(user: web::ReqData<User>) -> String {
    user.sub.clone()
}

impl Server for ActixServer {
    fn bare(fixture: &Fixture) -> Self {
        let me = || async { SUBJECT.to_owned() };
        server!(App::new().route("/me", web::get().to(me)), &fixture.token)
    }

    fn ours(fixture: &Fixture) -> Self {
        Self::of(ours::verifier(fixture), &fixture.token)
    }

    /// Its extractors, that of actix-web-httpauth for the token.
    fn peer(fixture: &Fixture) -> Self {
        async fn authenticate(
            decoder: web::Data<Decoder>,
            credentials: BearerAuth,
            request: ServiceRequest,
            next: Next<impl MessageBody>,
        ) -> Result<ServiceResponse<impl MessageBody>, Error> {
            let user = decoder.verify_as_documented(credentials.token());
            forward(user, request, next).await
        }
        let decoder = web::Data::new(Decoder::new(fixture).expect("an algorithm of the peer"));
        let app =
            App::new().app_data(decoder).wrap(from_fn(authenticate)).route("/me", web::get().to(subject));
        server!(app, &fixture.token)
    }

    fn tuned_peer(fixture: &Fixture) -> Self {
        async fn authenticate(
            decoder: Rc<Decoder>,
            request: ServiceRequest,
            next: Next<impl MessageBody>,
        ) -> Result<ServiceResponse<impl MessageBody>, Error> {
            let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let token = header.and_then(|text| text.strip_prefix("Bearer "));
            let user = token.and_then(|token| decoder.verify(token));
            forward(user, request, next).await
        }
        let decoder = Rc::new(Decoder::new(fixture).expect("an algorithm of the peer"));
        let middleware = from_fn(move |request, next| authenticate(decoder.clone(), request, next));
        server!(App::new().wrap(middleware).route("/me", web::get().to(subject)), &fixture.token)
    }

    fn with_token(mut self, token: &str) -> Self {
        self.authorization = bearer(token);
        self
    }

    fn serve(&mut self) -> u16 {
        (self.serve)(self.authorization.clone())
    }
}
