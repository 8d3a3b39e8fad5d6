//! As much of an ELF file as decides where it runs (System V ABI, "Object Files").

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Names of glibc's symbol versions begin with this.
const GLIBC: &[u8] = b"GLIBC_2.";

/// Digits of a minor version, at most.
const LONGEST_MINOR: usize = 3;

/// A program for Linux.
#[derive(Debug)]
pub(super) struct Executable {
    path: PathBuf,
    machine: u16,
    content: Vec<u8>,
}

impl Executable {
    /// Reads a program.
    ///
    /// # Errors
    /// When there is none, or it is no 64-bit little-endian ELF file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path);
        let content = content.with_context(|| format!("cannot read {}", path.display()))?;
        Self::of(path, content)
    }

    fn of(path: &Path, content: Vec<u8>) -> Result<Self> {
        // Magic, ELFCLASS64, ELFDATA2LSB; e_machine has bytes 18 and 19.
        let known = content.starts_with(b"\x7fELF\x02\x01");
        let machine = content.get(18..20).and_then(|two| two.try_into().ok());
        let machine = machine.filter(|_| known).map(u16::from_le_bytes);
        let machine =
            machine.with_context(|| format!("{} is no program for Linux", path.display()));
        Ok(Self {
            path: path.to_owned(),
            machine: machine?,
            content,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.content.len() as u64
    }

    /// The processor's number, `e_machine`.
    pub(super) const fn machine(&self) -> u16 {
        self.machine
    }

    /// The minor version of the newest glibc 2 that it asks for; none when it is static.
    pub(super) fn newest_glibc(&self) -> Option<u32> {
        let windows = self.content.windows(GLIBC.len() + LONGEST_MINOR);
        let minors = windows.filter_map(|window| leading_number(window.strip_prefix(GLIBC)?));
        minors.max()
    }
}

/// The digits at the beginning, as a number.
fn leading_number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let text: String = digits.map(|&byte| char::from(byte)).collect();
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(machine: u16, rest: &[u8]) -> Result<Executable> {
        let mut content = b"\x7fELF\x02\x01\x01".to_vec();
        content.resize(18, 0);
        content.extend(machine.to_le_bytes());
        content.extend(rest);
        Executable::of(Path::new("bootstrap"), content)
    }

    #[test]
    fn the_newest_version_is_that_of_the_largest_number() {
        let asks = b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_2.x\0";
        let program = program(62, asks).unwrap();
        assert_eq!((program.machine(), program.newest_glibc()), (62, Some(34)));
    }

    #[test]
    fn a_static_program_asks_for_none() {
        assert_eq!(program(183, b"ffmpeg").unwrap().newest_glibc(), None);
    }

    #[test]
    fn a_script_is_no_program() {
        let refused = Executable::of(Path::new("bootstrap"), b"#!/bin/sh\necho hello\n".to_vec());
        let text = refused.unwrap_err().to_string();
        assert_eq!(text, "bootstrap is no program for Linux");
    }
}
