//! All texts of one asset, with their places.

use crate::dash::{self, DashError};
use crate::hls;
use crate::presentation::Presentation;

/// A text to be stored under the asset's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestFile {
    /// Where, relative to the folder: `v/1080p/index.m3u8`.
    pub path: String,
    /// Its MIME type.
    pub content_type: &'static str,
    /// What it says.
    pub text: String,
}

/// MIME type of a playlist (draft-pantos-hls-rfc8216bis, 4).
pub const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
/// MIME type of WebVTT (W3C, 10).
pub const WEBVTT_TYPE: &str = "text/vtt";
/// MIME type of an MPD (ISO/IEC 23009-1, annex C).
pub const MPD_TYPE: &str = "application/dash+xml";

/// Every manifest of the presentation, in the order in which they should be stored: what is named
/// comes before what names it, so `index.m3u8` and `manifest.mpd` are last.
///
/// # Errors
/// [`DashError::Write`], in theory.
pub fn files(presentation: &Presentation) -> Result<Vec<ManifestFile>, DashError> {
    let mut files = Vec::new();
    for video in presentation.video() {
        let id = &video.id;
        let text = hls::video_playlist(presentation, video);
        files.push(playlist(format!("v/{id}/index.m3u8"), text));
        let text = hls::iframe_playlist(video);
        files.push(playlist(format!("v/{id}/iframes.m3u8"), text));
    }
    for audio in presentation.audio() {
        let text = hls::audio_playlist(presentation, audio);
        files.push(playlist(format!("a/{}/index.m3u8", audio.id), text));
    }
    if let Some(storyboard) = presentation.storyboard() {
        let text = hls::image_playlist(presentation, storyboard);
        files.push(playlist("thumbs/images.m3u8".to_owned(), text));
    }
    files.push(playlist(
        "index.m3u8".to_owned(),
        hls::multivariant(presentation, &[]),
    ));
    files.push(ManifestFile {
        path: "manifest.mpd".to_owned(),
        content_type: MPD_TYPE,
        text: dash::mpd(presentation, &[])?,
    });
    Ok(files)
}

pub(crate) const fn playlist(path: String, text: String) -> ManifestFile {
    ManifestFile {
        path,
        content_type: PLAYLIST_TYPE,
        text,
    }
}
