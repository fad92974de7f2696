//! Random bits, from the operating system.

use crate::session_error::SessionError;

/// Fills an array with bits that nobody can foresee.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SessionError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| SessionError::no_random_bits())?;
    Ok(bytes)
}
