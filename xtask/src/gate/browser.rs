//! Chromium: the one that is there, or Debian's.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// As distributions call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Names a browser that is somewhere else.
const VARIABLE: &str = "CHROMIUM";

/// The path of Chromium; it is installed with `apt-get` where that is possible.
///
/// # Errors
/// When there is none and none can be installed. The message says what to do.
pub(super) fn ensure() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        ensure!(
            named.is_file(),
            "{VARIABLE} names {}, which is not there",
            named.display()
        );
        return Ok(named);
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if !(Path::new("/etc/debian_version").is_file() && is_root()) {
        bail!("there is no Chromium: install it, or set {VARIABLE} to its path");
    }
    apt_get(&["update", "--quiet=2"])?;
    apt_get(&[
        "install",
        "--quiet=2",
        "--yes",
        "--no-install-recommends",
        "chromium",
    ])?;
    find().context("apt-get installed the package chromium, but there is no such program")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = || std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    NAMES.iter().find_map(|name| {
        folders()
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("cannot start apt-get")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "there is no Chromium, and apt-get {} says: {}",
            arguments.join(" "),
            said.trim_end()
        );
    }
    Ok(())
}
