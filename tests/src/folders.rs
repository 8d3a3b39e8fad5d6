//! Folders of published files, compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

/// Every file under a folder, by its relative path.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// Names of files that differ between two folders, or are in one of them only.
///
/// # Errors
/// When a file can't be read.
pub fn differences(a: &Path, b: &Path) -> Result<Vec<String>> {
    let (a, b) = (files(a)?, files(b)?);
    let names = a.keys().chain(b.keys()).collect::<BTreeSet<_>>();
    Ok(names
        .into_iter()
        .filter(|name| a.get(*name) != b.get(*name))
        .cloned()
        .collect())
}
