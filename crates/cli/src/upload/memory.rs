//! Which upload a file has begun: so that it goes on where it left off.

use serde::{Deserialize, Serialize};

use super::files::SourceFile;
use crate::error::CliError;
use crate::origin::Origin;
use crate::state::State;

/// The kind of thing that uploads are in the state folder.
const KIND: &str = "uploads";

/// An upload that has begun.
#[derive(Serialize, Deserialize)]
struct Begun {
    upload: String,
}

/// The uploads to one stack that have begun.
pub(crate) struct Memory<'a> {
    state: &'a State,
    origin: &'a Origin,
}

impl<'a> Memory<'a> {
    pub(crate) const fn new(state: &'a State, origin: &'a Origin) -> Self {
        Self { state, origin }
    }

    /// The upload that this very file has begun.
    pub(crate) fn find(&self, file: &SourceFile) -> Option<String> {
        let begun: Begun = self.state.read(KIND, &self.name(file))?;
        Some(begun.upload)
    }

    /// Remembers it.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub(crate) fn keep(&self, file: &SourceFile, upload: &str) -> Result<(), CliError> {
        let begun = Begun {
            upload: upload.to_owned(),
        };
        self.state.write(KIND, &self.name(file), &begun)
    }

    /// Forgets it: the upload has ended.
    pub(crate) fn forget(&self, file: &SourceFile) {
        self.state.forget(KIND, &self.name(file));
    }

    /// A file is the same if it lies at the same place, has the same length, and was not written
    /// since.
    fn name(&self, file: &SourceFile) -> String {
        let path = std::path::absolute(&file.path);
        let path = path.unwrap_or_else(|_| file.path.clone());
        let SourceFile {
            size, modified_ns, ..
        } = file;
        format!("{}\n{}\n{size}\n{modified_ns}", self.origin, path.display())
    }
}
