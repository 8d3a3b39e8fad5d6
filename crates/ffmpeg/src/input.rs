//! What ffmpeg reads, and the options that keep a hostile file harmless.
//!
//! An upload is somebody else's bytes. A playlist could make ffmpeg open other files or hosts, an
//! image sequence a whole folder; so the protocols are those of the input itself, and only
//! demuxers of self-contained files are allowed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use crate::quote::redact;

/// Demuxers of self-contained media files. Left out on purpose: playlists and manifests (hls,
/// dash, imf), `concat`, image sequences and single pictures (`image2`, `*_pipe`), subtitles,
/// network formats (rtsp, sdp), and headerless raw samples, which would make any file "media".
pub(crate) const DEMUXERS: &str = "mov,matroska,avi,mpegts,mpeg,flv,live_flv,asf,ogg,mxf,nut,rm,\
dv,wtv,ivf,obu,av1,gif,h264,hevc,m4v,mpegvideo,vc1,yuv4mpegpipe,\
mp3,aac,ac3,eac3,ac4,dts,dtshd,truehd,mlp,flac,wav,w64,aiff,caf,au,amr,ape,wv,tta,tak,mpc,mpc8,\
dsf,voc,loas,oma";

/// A presigned http or https URL: the query is a secret.
///
/// `Debug` and `Display` show it without its query.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// The whole URL, with the secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

/// What ffmpeg reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaInput {
    /// A file on this machine.
    File(PathBuf),
    /// An object behind a presigned URL that answers range requests.
    Url(SignedUrl),
}

impl MediaInput {
    /// A file on this machine.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// An object behind a presigned http or https URL.
    #[must_use]
    pub fn url(url: impl Into<String>) -> Self {
        Self::Url(SignedUrl(url.into()))
    }

    /// The argument of `-i`. A path is marked as one (`file:`), so that a name such as `a:b.mp4`
    /// or `-x.mp4` is not read as a protocol or an option.
    pub(crate) fn argument(&self) -> OsString {
        match self {
            Self::File(path) => {
                let mut argument = OsString::from("file:");
                argument.push(path);
                argument
            }
            Self::Url(url) => url.reveal().into(),
        }
    }

    /// Options before `-i` that hold for every reading of a source, by ffmpeg and ffprobe alike.
    ///
    /// The same everywhere, so that a stream index found by the probe means the same stream in
    /// every encoder.
    pub(crate) fn options(&self, demuxers: &str, indexed: Index) -> Vec<OsString> {
        let mut args = Vec::new();
        let mut add = |flag: &str, value: &str| args.extend([flag.into(), value.into()]);
        match self {
            // Nothing that the file names may be opened, only the file itself.
            Self::File(_) => add("-protocol_whitelist", "file"),
            Self::Url(_) => {
                // Nothing but the object's own transport.
                add("-protocol_whitelist", "http,https,tcp,tls");
                // Without it 8.1.2 announces the end of the connection, seeks near the end of a
                // response by draining it, asks again on the same connection, and takes the
                // closed socket for the end of the file; every server must keep alive or say
                // that it does not.
                add("-multiple_requests", "1");
                // 20 s without a byte is a dead connection (microseconds).
                add("-rw_timeout", "20000000");
                // S3 closes long connections now and then; go on where it stopped…
                add("-reconnect", "1");
                // …soon, in seconds…
                add("-reconnect_delay_max", "2");
                // …but leave lasting faults to the stage's own retry.
                add("-reconnect_max_retries", "3");
            }
        }
        // Only what may be a media file, later only what the probe found.
        add("-format_whitelist", demuxers);
        // Bounds what is read to find the streams, in bytes and in microseconds.
        add("-probesize", "10000000");
        add("-analyzeduration", "10000000");
        if indexed == Index::Ignore {
            // Without it the mov demuxer walks every fragment before the first packet: one
            // request each. The sample tables in moov are no "index" in this sense.
            add("-fflags", "+ignidx");
        }
        args
    }

    /// All of it: options, `-i` and the input.
    pub(crate) fn arguments(&self, demuxers: &str, index: Index) -> Vec<OsString> {
        let mut args = self.options(demuxers, index);
        args.extend(["-i".into(), self.argument()]);
        args
    }
}

/// Whether the demuxer may use a separate index (Cues, idx1, sidx, mfra).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Index {
    /// It may.
    Use,
    /// It must not.
    Ignore,
}

impl Index {
    /// What suits a container: mov needs none, all others seek by theirs.
    pub(crate) fn of(container: &str) -> Self {
        if is_mov(container) {
            Self::Ignore
        } else {
            Self::Use
        }
    }
}

/// Whether ffmpeg's demuxer name means MP4, MOV and their kin.
pub(crate) fn is_mov(container: &str) -> bool {
    container.split(',').any(|name| name == "mov")
}

/// Whether ffmpeg's demuxer name means Matroska or `WebM`.
pub(crate) fn is_matroska(container: &str) -> bool {
    container.split(',').any(|name| name == "matroska")
}

/// Appends plain arguments.
pub(crate) fn extend<'a, S: AsRef<OsStr> + ?Sized + 'a>(
    args: &mut Vec<OsString>,
    more: impl IntoIterator<Item = &'a S>,
) {
    args.extend(more.into_iter().map(|arg| arg.as_ref().to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_keeps_its_secret() {
        let input = MediaInput::url("https://h/k.mp4?X-Amz-Signature=secret");
        assert_eq!(format!("{input:?}"), "Url(https://h/k.mp4?…)");
        assert!(input.argument().to_string_lossy().contains("secret"));
    }

    #[test]
    fn a_file_name_is_neither_protocol_nor_option() {
        assert_eq!(MediaInput::file("-x:y.mp4").argument(), "file:-x:y.mp4");
    }

    #[test]
    fn no_demuxer_that_opens_other_files_is_allowed() {
        let names: Vec<&str> = DEMUXERS.split(',').collect();
        for bad in [
            "hls", "dash", "concat", "image2", "sdp", "rtsp", "lavfi", "data",
        ] {
            assert!(!names.contains(&bad), "{bad}");
        }
        assert!(names.iter().all(|name| !name.contains(char::is_whitespace)));
    }
}
