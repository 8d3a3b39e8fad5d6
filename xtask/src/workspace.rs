//! Where things are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The checkout that `cargo xtask` was called in.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    binaries: PathBuf,
}

impl Workspace {
    /// Finds the checkout and its target folder.
    ///
    /// # Errors
    /// When this binary was not started by `cargo xtask`, nor from inside a checkout.
    pub(crate) fn find() -> Result<Self> {
        // Set by `cargo run`, at run time: with a shared target folder, the binary may have been
        // compiled from another checkout than the one it is called for.
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir().context("the current folder has gone")?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("infra/sam/template.yaml").is_file())
            .context("not in a checkout of Millrace: call `cargo xtask` inside of one")?
            .to_owned();
        let executable = std::env::current_exe().context("cannot tell where xtask itself is")?;
        let profile = executable.parent().context("xtask is in no folder")?;
        // The functions are development builds, whatever xtask is.
        let binaries = profile.with_file_name("debug");
        Ok(Self { root, binaries })
    }

    /// The folder of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts development binaries.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Tools that belong to no build: always in the checkout, even if cargo's target folder is
    /// elsewhere and shared.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// The state of local stacks; in the checkout for the same reason.
    pub(crate) fn stacks(&self) -> PathBuf {
        self.root.join("target/local")
    }
}
