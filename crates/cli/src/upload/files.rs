//! Which files are uploaded, and what is known of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::upload::is_file_name;

use crate::error::CliError;

/// Names of media files by their end, with their media types. What is not in here may be media
/// all the same: the probe decides.
const MEDIA: [(&str, &str); 47] = [
    ("3g2", "video/3gpp2"),
    ("3gp", "video/3gpp"),
    ("aac", "audio/aac"),
    ("ac3", "audio/ac3"),
    ("aif", "audio/aiff"),
    ("aiff", "audio/aiff"),
    ("amr", "audio/amr"),
    ("ape", "audio/x-ape"),
    ("asf", "video/x-ms-asf"),
    ("avi", "video/x-msvideo"),
    ("caf", "audio/x-caf"),
    ("dts", "audio/vnd.dts"),
    ("dv", "video/dv"),
    ("eac3", "audio/eac3"),
    ("f4v", "video/mp4"),
    ("flac", "audio/flac"),
    ("flv", "video/x-flv"),
    ("ivf", "video/x-ivf"),
    ("m2ts", "video/mp2t"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("mka", "audio/x-matroska"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("mts", "video/mp2t"),
    ("mxf", "application/mxf"),
    ("oga", "audio/ogg"),
    ("ogg", "application/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("qt", "video/quicktime"),
    ("rm", "video/x-realmedia"),
    ("ts", "video/mp2t"),
    ("tta", "audio/x-tta"),
    ("vob", "video/mpeg"),
    ("w64", "audio/x-w64"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("wma", "audio/x-ms-wma"),
    ("wmv", "video/x-ms-wmv"),
    ("wv", "audio/x-wavpack"),
    ("y4m", "video/x-yuv4mpeg"),
];

/// A file that is to be uploaded, as it was when it was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SourceFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What the stack calls it.
    pub(crate) name: String,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// When it was written, in nanoseconds since the Unix epoch.
    pub(crate) modified_ns: u128,
}

impl SourceFile {
    /// The file at a path, under its own name.
    ///
    /// # Errors
    /// [`CliError::File`], and [`CliError::Usage`] for a name that no stack takes.
    fn at(path: &Path) -> Result<Self, CliError> {
        let name = path.file_name().and_then(|name| name.to_str());
        Self::named(path, name.unwrap_or_default())
    }

    /// The file at a path, under another name.
    ///
    /// # Errors
    /// As [`SourceFile::at`].
    pub(crate) fn named(path: &Path, name: &str) -> Result<Self, CliError> {
        if !is_file_name(name) {
            return Err(CliError::Usage {
                what: format!("{}: the name cannot be used", path.display()),
                advice: "rename it: up to 255 characters of UTF-8, without slashes",
            });
        }
        let (size, modified_ns) = identity(path)?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            size,
            modified_ns,
        })
    }

    /// Whether it still is what it was.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be looked at, [`CliError::FileChanged`].
    pub(crate) fn was_unchanged(&self) -> Result<(), CliError> {
        if identity(&self.path)? == (self.size, self.modified_ns) {
            return Ok(());
        }
        Err(CliError::FileChanged {
            path: self.path.clone(),
        })
    }

    /// Its media type by its name; empty where that says nothing.
    pub(crate) fn media_type(&self) -> &'static str {
        media_type(&self.name).unwrap_or_default()
    }

    /// Its path as people write it.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// Length and time of a file.
fn identity(path: &Path) -> Result<(u64, u128), CliError> {
    let facts = fs::metadata(path).map_err(CliError::file(path))?;
    let modified = facts.modified().map_err(CliError::file(path))?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((facts.len(), since.as_nanos()))
}

fn media_type(name: &str) -> Option<&'static str> {
    let (_, end) = name.rsplit_once('.')?;
    let end = end.to_ascii_lowercase();
    let known = MEDIA.iter().find(|(known, _)| *known == end);
    known.map(|(_, media_type)| *media_type)
}

/// The files at these paths: files themselves, and those in folders at any depth, sorted. Of a
/// folder only media files are taken, unless all are wanted. Links to folders are not followed.
///
/// # Errors
/// [`CliError::File`] for what cannot be read, [`CliError::Usage`] when there is nothing.
pub(crate) fn find(paths: &[PathBuf], all: bool) -> Result<Vec<SourceFile>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if fs::metadata(path).map_err(CliError::file(path))?.is_dir() {
            inside(path, all, &mut files)?;
        } else {
            files.push(SourceFile::at(path)?);
        }
    }
    if files.is_empty() {
        return Err(CliError::Usage {
            what: "there is no media file to upload".to_owned(),
            advice: "name files, or take all files of a folder with --all",
        });
    }
    Ok(files)
}

fn inside(folder: &Path, all: bool, files: &mut Vec<SourceFile>) -> Result<(), CliError> {
    let list = || -> std::io::Result<Vec<fs::DirEntry>> { fs::read_dir(folder)?.collect() };
    let mut entries = list().map_err(CliError::file(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(CliError::file(&path))?;
        let name = entry.file_name();
        let is_wanted = all || name.to_str().and_then(media_type).is_some();
        if kind.is_dir() {
            inside(&path, all, files)?;
        } else if is_wanted && path.is_file() {
            files.push(SourceFile::at(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::upload::is_media;

    fn names(files: &[SourceFile]) -> Vec<&str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn a_folder_is_all_its_media_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["z.MP4", "notes.txt", "b/c/song.flac", "b/noend"] {
            fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop.mp4")).unwrap();
        let found = find(&[root.to_owned()], false).unwrap();
        assert_eq!(names(&found), ["song.flac", "z.MP4"]);
        assert_eq!(found[1].media_type(), "video/mp4");
        let all = find(&[root.to_owned()], true).unwrap();
        assert_eq!(names(&all), ["song.flac", "noend", "notes.txt", "z.MP4"]);
        let named = find(&[root.join("notes.txt")], false).unwrap();
        assert_eq!(
            (names(&named), named[0].media_type()),
            (vec!["notes.txt"], "")
        );
        assert!(find(&[root.join("b/c/none")], false).is_err());
    }

    #[test]
    fn a_file_that_is_written_meanwhile_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        fs::write(&path, "one").unwrap();
        let file = SourceFile::at(&path).unwrap();
        file.was_unchanged().unwrap();
        fs::write(&path, "more").unwrap();
        assert!(matches!(
            file.was_unchanged(),
            Err(CliError::FileChanged { .. })
        ));
    }

    #[test]
    fn every_media_type_is_one_that_the_api_takes() {
        for (end, media_type) in MEDIA {
            assert!(is_media(media_type), "{end}");
        }
        assert!(MEDIA.is_sorted());
    }
}
