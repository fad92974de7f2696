//! What must not compile, each beside what does: misuse that the types of the crates make impossible.
//!
//! # A verifier is given keys, an audience and an issuer, in that order
//!
//! ```
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_key(key).with_audience("api").with_issuer("id").build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_key(key).with_issuer("id").build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_key(key).with_audience("api").build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_key(key).build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_audience("api").with_key(key).with_issuer("id").build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::VerifyingKey) {
//! let verifier = jwt_core::Verifier::builder().with_key(key).with_audience("api").with_key(key);
//! # }
//! ```
//!
//! The issuer of tokens is built in the same order.
//!
//! ```
//! # fn of(key: jwt_core::SigningKey) {
//! let issuer = jwt_core::Issuer::builder().with_key(key).with_audience("api").with_issuer("id").build();
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! # fn of(key: jwt_core::SigningKey) {
//! let issuer = jwt_core::Issuer::builder().with_key(key).with_issuer("id").build();
//! # }
//! ```
//!
//! # A proof that all checks ran is made by a verifier alone
//!
//! ```
//! # fn of(verified: &jwt_core::Verified) {
//! let subject: Option<&str> = verified.subject();
//! # }
//! ```
//!
//! ```compile_fail,E0451
//! # fn of(verified: jwt_core::Verified) -> jwt_core::Verified {
//! jwt_core::Verified { audience: None, ..verified }
//! # }
//! ```
//!
//! ```compile_fail,E0616
//! # fn of(verified: &jwt_core::Verified) {
//! let text = &verified.text;
//! # }
//! ```
//!
//! ```compile_fail,E0599
//! let verified = jwt_core::Verified::default();
//! ```
//!
//! ```compile_fail,E0277
//! let verified: jwt_core::Verified = serde_json::from_str("{}").unwrap();
//! ```
//!
//! ```compile_fail,E0639
//! # fn of(verified: std::sync::Arc<jwt_core::Verified>) {
//! let claims = jwt_core::VerifiedClaims { verified, claims: std::sync::Arc::new(()) };
//! # }
//! ```
//!
//! ```compile_fail,E0423
//! # fn of(verified: std::sync::Arc<jwt_core::Verified>) {
//! let token = axum_jwt::VerifiedToken(verified);
//! # }
//! ```
//!
//! # A key has a type
//!
//! ```
//! # fn of(secret: &jwt_core::HmacSecret) {
//! let key = jwt_core::VerifyingKey::from_secret(jwt_core::Algorithm::HS256, secret);
//! # }
//! ```
//!
//! ```compile_fail,E0308
//! let key = jwt_core::VerifyingKey::from_secret(jwt_core::Algorithm::HS256, "a text");
//! ```
//!
//! ```compile_fail,E0277
//! let verifier = jwt_core::Verifier::builder().with_key("a text");
//! ```
//!
//! ```compile_fail,E0599
//! let secret = jwt_core::HmacSecret::default();
//! ```
//!
//! ```compile_fail,E0599
//! let algorithm = jwt_core::Algorithm::None;
//! ```
//!
//! # What is no authority, or makes no refusals, is told so
//!
//! ```
//! # fn of(verifier: jwt_core::Verifier) {
//! let auth = jwt_core::RequestAuth::new(verifier);
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # fn of(verifier: Result<jwt_core::Verifier, jwt_core::ConfigError>) {
//! // A `?` is missing.
//! let auth = jwt_core::RequestAuth::new(verifier);
//! # }
//! ```
//!
//! # Only what uses tokens up makes a route one for a single use
//!
//! ```
//! # use jwt_core::{RequestAuth, Requirement};
//! # fn of(auth: RequestAuth, store: jwt_session::MemoryStore) {
//! let once = auth.require_single_use(Requirement::scope("pay"), jwt_session::UsedTokens::on(store));
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use jwt_core::{RequestAuth, Requirement};
//! # fn of(auth: RequestAuth, revocations: jwt_session::Revocations) {
//! let once = auth.require_single_use(Requirement::scope("pay"), revocations);
//! # }
//! ```
//!
//! # A one-time token is redeemed before it is good for anything
//!
//! ```
//! # async fn of(opened: jwt_session::Redeemable) -> Result<(), jwt_session::RedeemError> {
//! # fn set_password_of(_: &jwt_session::Redeemed) {}
//! set_password_of(&opened.redeem().await?);
//! # Ok(())
//! # }
//! ```
//!
//! ```compile_fail,E0308
//! # async fn of(opened: jwt_session::Redeemable) -> Result<(), jwt_session::RedeemError> {
//! # fn set_password_of(_: &jwt_session::Redeemed) {}
//! set_password_of(&opened);
//! # Ok(())
//! # }
//! ```
//!
//! ```compile_fail,E0382
//! # async fn of(opened: jwt_session::Redeemable) -> Result<(), jwt_session::RedeemError> {
//! opened.redeem().await?;
//! opened.redeem().await?;
//! # Ok(())
//! # }
//! ```
