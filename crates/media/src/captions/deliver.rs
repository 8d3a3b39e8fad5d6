//! All texts that deliver captions, with their places.

use domain::caption::Caption;
use domain::layout::{captioned_dash, captioned_hls};

use super::rendition::{Cut, cut};
use crate::dash::{self, DashError};
use crate::hls;
use crate::manifest::{MPD_TYPE, ManifestFile, WEBVTT_TYPE, playlist};
use crate::presentation::Presentation;
use crate::webvtt::Cue;

/// A caption with what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptionText {
    /// What it is.
    pub caption: Caption,
    /// Its cues, in the order in which they appear.
    pub cues: Vec<Cue>,
}

impl CaptionText {
    fn cut(&self, presentation: &Presentation) -> Cut {
        cut(&self.caption, &self.cues, presentation)
    }
}

/// The files of one caption, in the order in which they should be stored: its playlist, which names
/// the segments, is last.
#[must_use]
pub fn caption_files(presentation: &Presentation, text: &CaptionText) -> Vec<ManifestFile> {
    let Cut {
        rendition,
        whole,
        segments,
    } = text.cut(presentation);
    let folder = &rendition.folder;
    let webvtt = |path: String, text: String| ManifestFile {
        path,
        content_type: WEBVTT_TYPE,
        text,
    };
    let mut files = vec![webvtt(format!("{folder}/{WHOLE}"), whole)];
    for (number, text) in (1..).zip(segments) {
        files.push(webvtt(format!("{folder}/{}", segment_name(number)), text));
    }
    let text = hls::caption_playlist(presentation, &rendition);
    files.push(playlist(format!("{folder}/index.m3u8"), text));
    files
}

/// The multivariant playlist and the MPD with the captions of a revision. They name what
/// [`caption_files`] makes, which should be stored before.
///
/// # Errors
/// [`DashError::Write`], in theory.
pub fn manifest_files(
    presentation: &Presentation,
    revision: u64,
    captions: &[CaptionText],
) -> Result<[ManifestFile; 2], DashError> {
    let cut = captions.iter().map(|text| text.cut(presentation).rendition);
    let captions: Vec<_> = cut.collect();
    let hls = hls::multivariant(presentation, &captions);
    Ok([
        playlist(captioned_hls(revision), hls),
        ManifestFile {
            path: captioned_dash(revision),
            content_type: MPD_TYPE,
            text: dash::mpd(presentation, &captions)?,
        },
    ])
}

/// Name of the file with all of a caption.
pub(crate) const WHOLE: &str = "whole.vtt";

/// Name of segment `number`, from 1.
pub(crate) fn segment_name(number: u32) -> String {
    format!("{number:05}.vtt")
}
