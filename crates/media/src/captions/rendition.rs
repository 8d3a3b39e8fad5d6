//! A caption cut into segments, beside those of the film.

use domain::caption::{Caption, CaptionKind};
use domain::layout::caption_folder;
use domain::time::Rational;

use crate::presentation::{MediaSegment, Presentation};
use crate::webvtt::{self, Cue};

/// A caption as the manifests see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptionRendition {
    /// Its folder, without a `/` at the end: `s/{id}`.
    pub folder: String,
    /// RFC 5646 language tag.
    pub language: String,
    /// What it is for.
    pub kind: CaptionKind,
    /// What a person calls it; none where the language says enough.
    pub name: Option<String>,
    /// Its segments: as long as those of the picture, or else of the sound.
    pub segments: Vec<MediaSegment>,
    /// Ticks per second of the segments' durations.
    pub timescale: u32,
    /// Bytes of the whole caption as one file.
    pub bytes: u64,
}

/// A caption with its texts.
pub(super) struct Cut {
    pub(super) rendition: CaptionRendition,
    /// All cues in one file, for DASH.
    pub(super) whole: String,
    /// The cues segment by segment, for HLS.
    pub(super) segments: Vec<String>,
}

/// Cuts a caption for a presentation.
///
/// A cue is in each segment during which it is shown, with its own times. What would be shown after
/// the end is left out.
pub(super) fn cut(caption: &Caption, cues: &[Cue], presentation: &Presentation) -> Cut {
    let (durations, timescale) = grid(presentation);
    let cues = until(cues, presentation.duration());
    let mut end = Rational::ZERO;
    let segments = durations.iter().map(|ticks| {
        let start = end;
        end = end + Rational::ticks(i128::from(*ticks), timescale);
        webvtt::render(cues.iter().filter(|cue| overlaps(cue, start, end)))
    });
    let segments: Vec<String> = segments.collect();
    let whole = webvtt::render(&cues);
    let measured = durations.iter().zip(&segments);
    let rendition = CaptionRendition {
        folder: caption_folder(&caption.id),
        language: caption.language.to_string(),
        kind: caption.kind,
        name: caption.name.clone(),
        segments: measured
            .map(|(duration, text)| MediaSegment {
                duration: *duration,
                bytes: text.len() as u64,
            })
            .collect(),
        timescale,
        bytes: whole.len() as u64,
    };
    Cut {
        rendition,
        whole,
        segments,
    }
}

/// The lengths of the segments of the picture, or of the sound where there is none.
fn grid(presentation: &Presentation) -> (Vec<u64>, u32) {
    let lengths = |segments: &[MediaSegment]| segments.iter().map(|s| s.duration).collect();
    match (presentation.video(), presentation.audio()) {
        ([video, ..], _) => (lengths(&video.segments), video.timescale()),
        ([], [audio, ..]) => (lengths(&audio.segments), audio.sample_rate),
        ([], []) => (Vec::new(), 1),
    }
}

/// The cues that begin before the end, none of them longer.
fn until(cues: &[Cue], end: Rational) -> Vec<Cue> {
    let end = u64::try_from((end * Rational::whole(1000)).floor()).unwrap_or(0);
    let early = cues.iter().filter(|cue| cue.start < end);
    early
        .map(|cue| Cue {
            end: cue.end.min(end),
            ..cue.clone()
        })
        .collect()
}

fn overlaps(cue: &Cue, start: Rational, end: Rational) -> bool {
    let at = |millis: u64| Rational::ticks(i128::from(millis), 1000);
    at(cue.start) < end && start < at(cue.end)
}
