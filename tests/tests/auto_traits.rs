//! What may cross threads and be moved while it is polled: every public type of every crate, by the lists of the
//! public API, so that a new type without a line here fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in here fails a test")]

use core::convert::Infallible;
use core::future::{Ready, ready};
use core::marker::PhantomData;
use core::task::{Context, Poll};
use std::collections::{BTreeMap, BTreeSet};

use actix_web::dev::{ServiceRequest, ServiceResponse};
use tests::routes::Admin;

/// A service as plain as it can be, so that nothing of it decides.
struct Plain;

type Answered = Ready<Result<http::Response<String>, Infallible>>;

impl tower::Service<http::Request<String>> for Plain {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<String>) -> Self::Future {
        ready(Ok(http::Response::default()))
    }
}

impl actix_web::dev::Service<ServiceRequest> for Plain {
    type Response = ServiceResponse<String>;
    type Error = actix_web::Error;
    type Future = Ready<Result<ServiceResponse<String>, actix_web::Error>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        ready(Ok(request.into_response(actix_web::HttpResponse::Ok().finish().set_body(String::new()))))
    }
}

/// `Is<T>::YES` is the constant of the type where the bound holds, and that of [`No`] elsewhere.
trait No {
    const YES: bool = false;
}

macro_rules! question {
    ($name:ident: $bound:ident) => {
        struct $name<T>(PhantomData<T>);
        impl<T: $bound> $name<T> {
            const YES: bool = true;
        }
        impl<T> No for $name<T> {}
    };
}
question!(IsSend: Send);
question!(IsSync: Sync);
question!(IsUnpin: Unpin);

macro_rules! types {
    ($name:ident: $($type:ty,)+) => {
        const $name: &[(&str, [bool; 3])] = &[
            $((stringify!($type), [IsSend::<$type>::YES, IsSync::<$type>::YES, IsUnpin::<$type>::YES])),+
        ];
    };
}

types! {
    TYPES:
    jwt_core::jws::Jws,
    jwt_core::keys::Grant,
    jwt_core::keys::KeyError,
    jwt_core::keys::RefreshHint<'static>,
    jwt_core::keys::Source,
    jwt_core::keys::HmacSecret,
    jwt_core::keys::Jwk,
    jwt_core::keys::JwkSet,
    jwt_core::keys::KeySet,
    jwt_core::keys::Live,
    jwt_core::keys::LiveWriter,
    jwt_core::keys::SignError,
    jwt_core::keys::SigningKey,
    jwt_core::keys::Skipped,
    jwt_core::keys::Snapshot,
    jwt_core::keys::VerifyingKey,
    jwt_core::request::Authorization<'static>,
    jwt_core::request::CarrierError,
    jwt_core::request::CarrierKind,
    jwt_core::request::ChallengeError,
    jwt_core::request::Field<'static>,
    jwt_core::request::OriginError,
    jwt_core::request::Proof<'static>,
    jwt_core::request::AllowedOrigins,
    jwt_core::request::Carriers,
    jwt_core::request::CarriersBuilder,
    jwt_core::request::Challenge,
    jwt_core::request::Credential<'static>,
    jwt_core::request::Demands,
    jwt_core::request::Origin,
    jwt_core::request::PreparedChallenges,
    jwt_core::request::ProofOfOrigin,
    jwt_core::request::RequestFacts<'static>,
    jwt_core::request::SimpleHead,
    jwt_core::testing::TestIssuer,
    jwt_core::testing::TestToken,
    jwt_core::Algorithm,
    jwt_core::Answer,
    jwt_core::CheckOutcome,
    jwt_core::ConfigError,
    jwt_core::Curve,
    jwt_core::Decision,
    jwt_core::Evidence,
    jwt_core::Family,
    jwt_core::Hash,
    jwt_core::IssueError,
    jwt_core::KeyError,
    jwt_core::KeyType,
    jwt_core::danger::Asserted,
    jwt_core::danger::ClaimRules,
    jwt_core::Profile,
    jwt_core::Reason,
    jwt_core::Step,
    jwt_core::Verdict,
    jwt_core::Audience,
    jwt_core::Authentication,
    jwt_core::Authority,
    jwt_core::AuthorityBuilder<jwt_core::NeedsKeys>,
    jwt_core::CheckRefusal,
    jwt_core::CsrfKey,
    jwt_core::Expected<'static>,
    jwt_core::Explanation,
    jwt_core::Facts,
    jwt_core::HmacSecret,
    jwt_core::Issuer,
    jwt_core::IssuerBuilder<jwt_core::NeedsKeys>,
    jwt_core::KeySet,
    jwt_core::Limits,
    jwt_core::ManualClock,
    jwt_core::NeedsAudience,
    jwt_core::NeedsIssuer,
    jwt_core::NeedsKeys,
    jwt_core::NumericDate,
    jwt_core::OutOfRange,
    jwt_core::Passed,
    jwt_core::Presented<'static>,
    jwt_core::Proceed,
    jwt_core::Ready,
    jwt_core::Refusal,
    jwt_core::Registered,
    jwt_core::RequestAuth,
    jwt_core::Requirement,
    jwt_core::ResponseHeader,
    jwt_core::Scopes,
    jwt_core::SigningKey,
    jwt_core::SystemClock,
    jwt_core::TokenBuilder<'static>,
    jwt_core::TokenError,
    jwt_core::UnknownAlgorithm,
    jwt_core::Unmet,
    jwt_core::UnsignedToken,
    jwt_core::Verified,
    jwt_core::VerifiedClaims<String>,
    jwt_core::Verifier,
    jwt_core::VerifyingKey,
    jwt_session::routes::Endpoint,
    jwt_session::routes::Mode,
    jwt_session::routes::RoutesError,
    jwt_session::routes::ClientCredentials,
    jwt_session::routes::Credentials,
    jwt_session::routes::LoginUnavailable,
    jwt_session::routes::RateLimit,
    jwt_session::routes::RouteRequest<'static>,
    jwt_session::routes::RouteResponse,
    jwt_session::routes::Routes,
    jwt_session::routes::RoutesBuilder,
    jwt_session::store::Of<'static>,
    jwt_session::store::Scope<'static>,
    jwt_session::store::StoreErrorKind,
    jwt_session::store::KeyRingDocument,
    jwt_session::store::LogPage,
    jwt_session::store::Steady,
    jwt_session::store::UseId,
    jwt_session::store::StoreError,
    jwt_session::store::Transaction,
    jwt_session::store::Writes,
    jwt_session::AttemptRefusal,
    jwt_session::EndReason,
    jwt_session::KeyChange,
    jwt_session::KeyEncryptionKeyError,
    jwt_session::KeyRingError,
    jwt_session::RefreshRefusal,
    jwt_session::RemoteIssueError,
    jwt_session::Revoked,
    jwt_session::SecurityEvent,
    jwt_session::SessionError,
    jwt_session::Ended,
    jwt_session::Jwks,
    jwt_session::KeyEncryptionKey,
    jwt_session::KeyRing,
    jwt_session::KeyRingBuilder,
    jwt_session::KeyRingRefresh,
    jwt_session::KeyRingStatus,
    jwt_session::MemoryStore,
    jwt_session::LoginBegun,
    jwt_session::NewOneTimeToken<'static>,
    jwt_session::NewSession,
    jwt_session::NonceError,
    jwt_session::NoSessionId,
    jwt_session::OneTimeTokens,
    jwt_session::OneTimeTokensBuilder,
    jwt_session::OperationNonces,
    jwt_session::RedeemError,
    jwt_session::Redeemable,
    jwt_session::Redeemed,
    jwt_session::Refresh<'static>,
    jwt_session::RemoteIssuer,
    jwt_session::Revocation,
    jwt_session::Revocations,
    jwt_session::RevocationsBuilder,
    jwt_session::Session,
    jwt_session::SessionId,
    jwt_session::SessionInfo,
    jwt_session::SessionIssuer,
    jwt_session::SessionTokens,
    jwt_session::Sessions,
    jwt_session::SessionsBuilder,
    jwt_session::UsedTokens,
    tower_jwt::Bodyless,
    tower_jwt::HttpHead<'static>,
    tower_jwt::JwtAuth<tower_jwt::ProblemJson>,
    tower_jwt::JwtAuthFuture<Plain, tower_jwt::ProblemJson, String, String>,
    tower_jwt::JwtAuthService<Plain, tower_jwt::ProblemJson>,
    tower_jwt::ProblemJson,
    tower_jwt::Require<tower_jwt::ProblemJson>,
    tower_jwt::RequireFuture<Answered, String>,
    tower_jwt::RequireService<Plain, tower_jwt::ProblemJson>,
    axum_jwt::AuthRejection,
    axum_jwt::Authorized<Admin, String>,
    axum_jwt::Claims<String>,
    axum_jwt::Deny,
    axum_jwt::StateClaims<String, tower_jwt::ProblemJson>,
    axum_jwt::VerifiedToken,
    actix_jwt::guard::TokenGuard,
    actix_jwt::AuthRejection,
    actix_jwt::Authorized<Admin, String>,
    actix_jwt::Bodyless,
    actix_jwt::Claims<String>,
    actix_jwt::Deny,
    actix_jwt::ExtractFuture<actix_jwt::VerifiedToken>,
    actix_jwt::HttpHead<'static>,
    actix_jwt::JwtAuth,
    actix_jwt::JwtAuthFuture<Plain, String>,
    actix_jwt::JwtAuthService<Plain>,
    actix_jwt::MaybeClaims<String>,
    actix_jwt::MaybeToken,
    actix_jwt::ProblemJson,
    actix_jwt::Require,
    actix_jwt::RequireFuture<Answered>,
    actix_jwt::RequireService<Plain>,
    actix_jwt::VerifiedToken,
}

#[cfg(feature = "sqlite")]
types! {
    STORE_TYPES:
    jwt_store::SqliteStore,
    jwt_store::SqliteStoreBuilder,
}

/// Without it nothing of it is here.
#[cfg(not(feature = "sqlite"))]
const STORE_TYPES: &[(&str, [bool; 3])] = &[];

#[cfg(feature = "remote")]
types! {
    REMOTE_TYPES:
    jwt_remote::AddressError,
    jwt_remote::AccessToken,
    jwt_remote::ClientAuth,
    jwt_remote::Either<jwt_core::Verifier, jwt_core::Verifier>,
    jwt_remote::FetchError,
    jwt_remote::FetchLimits,
    jwt_remote::HttpError,
    jwt_remote::HttpRequest,
    jwt_remote::HttpResponse,
    jwt_remote::Introspection,
    jwt_remote::IntrospectionBuilder<jwt_core::Ready>,
    jwt_remote::KeysStatus,
    jwt_remote::NeedsTenants,
    jwt_remote::Oidc,
    jwt_remote::OidcBuilder<jwt_core::Ready>,
    jwt_remote::OidcProvider,
    jwt_remote::OidcTenants,
    jwt_remote::PemFile,
    jwt_remote::ProviderMetadata,
    jwt_remote::Remote,
    jwt_remote::RemoteError,
    jwt_remote::RemoteKeys,
    jwt_remote::RemoteKeysBuilder,
    jwt_remote::ServiceToken,
    jwt_remote::ServiceTokenBuilder,
    jwt_remote::ServiceTokenError,
    jwt_remote::ServiceTokenFuture<Plain, String>,
    jwt_remote::ServiceTokenLayer,
    jwt_remote::ServiceTokenService<Plain>,
    jwt_remote::ServiceTokenStatus,
    jwt_remote::TenantsBuilder<jwt_core::Ready>,
    jwt_remote::WatchError,
    jwt_remote::WatchedKeys,
    jwt_remote::WatchedKeysBuilder,
    jwt_remote::WatchedStatus,
}

/// Without it nothing of it is here.
#[cfg(not(feature = "remote"))]
const REMOTE_TYPES: &[(&str, [bool; 3])] = &[];

/// What is not `Send + Sync + Unpin`: which of the three it is, and why not all.
const OTHERS: &[(&str, [bool; 3], &str)] = &[
    ("actix_jwt::ExtractFuture", [false, false, true], "stays on the worker that took the request"),
    ("actix_jwt::JwtAuthFuture", [false, false, true], "stays on the worker that took the request"),
    ("actix_jwt::JwtAuthService", [false, false, true], "stays on the worker that took the request"),
    ("actix_jwt::RequireFuture", [false, false, true], "stays on the worker that took the request"),
    ("axum_jwt::AuthRejection", [true, false, true], "holds a body, which axum only sends"),
    ("jwt_core::CheckOutcome", [true, false, true], "may hold a future, which is only sent"),
    ("jwt_core::Step", [true, false, true], "may hold a future, which is only sent"),
    ("jwt_core::Verdict", [true, false, true], "may hold a future, which is only sent"),
    ("jwt_core::keys::Grant", [true, false, true], "may hold a future, which is only sent"),
    (
        "jwt_core::request::RequestFacts",
        [false, false, true],
        "borrows a head of any framework, also of one that stays on its worker",
    ),
    #[cfg(feature = "remote")]
    ("jwt_remote::ServiceTokenFuture", [true, false, true], "may hold a future, which is only sent"),
    (
        "jwt_session::routes::RouteRequest",
        [false, false, true],
        "borrows a head of any framework, also of one that stays on its worker",
    ),
    ("tower_jwt::JwtAuthFuture", [true, false, true], "may hold a future, which is only sent"),
];

/// The names in a list of the public API.
fn listed(api: &'static str) -> impl Iterator<Item = &'static str> {
    api.lines().filter_map(|line| {
        let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
        let name =
            ["pub struct ", "pub enum ", "pub union "].iter().find_map(|kind| line.strip_prefix(kind))?;
        name.split(['<', '(', ' ']).next()
    })
}

#[test]
fn every_public_type_crosses_threads_or_says_why_not() {
    let api: BTreeSet<&str> = [
        include_str!("../../jwt-core/api.txt"),
        include_str!("../../jwt-session/api.txt"),
        #[cfg(feature = "sqlite")]
        include_str!("../../jwt-store/api.txt"),
        include_str!("../../tower-jwt/api.txt"),
        include_str!("../../axum-jwt/api.txt"),
        include_str!("../../actix-jwt/api.txt"),
        #[cfg(feature = "remote")]
        include_str!("../../jwt-remote/api.txt"),
    ]
    .into_iter()
    .flat_map(listed)
    .collect();
    let types: BTreeMap<&str, [bool; 3]> = TYPES
        .iter()
        .chain(REMOTE_TYPES)
        .chain(STORE_TYPES)
        .map(|(name, traits)| (name.split('<').next().unwrap(), *traits))
        .collect();
    assert_eq!(types.keys().copied().collect::<BTreeSet<_>>(), api, "the types here and those of the API");
    assert!(types.len() > 100, "{}", types.len());
    let others: BTreeMap<&str, [bool; 3]> = OTHERS.iter().map(|(name, traits, _)| (*name, *traits)).collect();
    let found: BTreeMap<&str, [bool; 3]> =
        types.into_iter().filter(|(_, traits)| *traits != [true; 3]).collect();
    assert_eq!(found, others, "Send, Sync, Unpin");
}
