//! Bits that nobody can guess.

use aws_lc_rs::rand::fill;

use crate::error::StoreError;

/// 128 random bits.
///
/// # Errors
/// [`StoreError::Unavailable`] when the system has no randomness.
pub fn bits() -> Result<[u8; 16], StoreError> {
    let mut bits = [0; 16];
    fill(&mut bits).map_err(|error| StoreError::Unavailable {
        action: "draw random bits".to_owned(),
        source: Box::new(error),
    })?;
    Ok(bits)
}
