//! Standard input as a file: an upload has a length from its beginning.

use std::io;

use tempfile::{NamedTempFile, TempPath};
use tokio::task::spawn_blocking;

use crate::error::CliError;

/// Copies standard input to a temporary file, which goes when the path is dropped.
///
/// # Errors
/// [`CliError::File`].
pub(crate) async fn standard_input() -> Result<TempPath, CliError> {
    let copied = spawn_blocking(copy).await;
    let copied = copied.unwrap_or_else(|broken| Err(io::Error::other(broken)));
    copied.map_err(CliError::file(std::env::temp_dir()))
}

fn copy() -> io::Result<TempPath> {
    let (mut file, path) = NamedTempFile::new()?.into_parts();
    io::copy(&mut io::stdin().lock(), &mut file)?;
    Ok(path)
}
