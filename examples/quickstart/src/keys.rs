//! The keys that sign tokens: made at the first start, sealed in the database, and replaced every 30 days.

use axum_jwt::jwt_core::{Algorithm, Issuer};
use jwt_session::KeyRing;

use crate::Failure;
use crate::data::Data;

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

pub(crate) async fn open(data: &Data) -> Result<KeyRing, Failure> {
    let ring = KeyRing::builder(ISSUER, Algorithm::ES256, data.store.clone())
        .with_key_encryption_key(data.key_encryption_key()?)
        .open(|key| Issuer::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER).build())
        .await?;
    Ok(ring)
}
