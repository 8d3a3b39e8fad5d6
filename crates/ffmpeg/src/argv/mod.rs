//! Pure builders of argument lists for [`Process::ffmpeg`](crate::Process::ffmpeg).
//!
//! The same plan and chunk give the same list on every machine, which is half of why a re-run
//! writes equal bytes; the other half are the flags that make ffmpeg itself deterministic. Each
//! flag has its reason beside it. The recipe and its measurements are in
//! `docs/media-recipe.md`.

mod audio;
mod colour;
mod cut;
mod thumbnail;
mod video;

use std::ffi::{OsStr, OsString};

use domain::plan::{Plan, VideoPlan};
use domain::source::VideoTrack;
use domain::time::Rational;
use domain::{ErrorCode, Fault};

pub use audio::{audio_chunk, packets_to_drop};
pub use cut::cut_source;
pub use thumbnail::{
    PREVIEW_HEIGHT, PREVIEW_WIDTH, Sheet, cover_art, poster, previews, storyboard,
};
pub use video::video_chunk;

use crate::input::MediaInput;

/// How far a source segment's timestamps are moved, in seconds: NUT has no negative ones.
const SHIFT_SECONDS: i64 = 100;

/// The plan has nothing to do for this call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgvError {
    /// The plan has no picture, but a picture was to be encoded.
    #[error("the plan has no picture")]
    WithoutPicture,
    /// The plan has no sound, but sound was to be encoded.
    #[error("the plan has no sound")]
    WithoutSound,
    /// There is not one output for each rung.
    #[error("the plan has {rungs} rungs, but {outputs} outputs are named")]
    Outputs {
        /// Rungs of the plan.
        rungs: usize,
        /// Outputs given.
        outputs: usize,
    },
}

impl Fault for ArgvError {
    fn code(&self) -> ErrorCode {
        ErrorCode::Internal
    }
}

/// An argument list under construction.
#[derive(Default)]
struct Args(Vec<OsString>);

impl Args {
    /// As [`Args::new`], for what must come out equal on every processor of the architecture: only
    /// the vector instructions that all of them have. ffmpeg's AAC encoder, its decoders of sound
    /// and its JPEG encoder round differently with others. It costs nothing that can be measured
    /// there; the picture's filters and x264 have switches of their own, and need the speed.
    fn portable() -> Self {
        let mut args = Self::new();
        if cfg!(target_arch = "x86_64") {
            args.set("-cpuflags", "sse2");
        }
        args
    }

    /// What every call begins with.
    fn new() -> Self {
        let mut args = Self::default();
        // Errors and warnings, each with its level: a connection that broke is an error, that it
        // was made good is a warning, and the runner needs both.
        args.set("-v", "level+warning");
        // A retry may find the files of the attempt before it.
        args.flag("-y");
        args
    }

    fn flag(&mut self, flag: impl AsRef<OsStr>) -> &mut Self {
        self.0.push(flag.as_ref().to_owned());
        self
    }

    fn set(&mut self, flag: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.flag(flag).flag(value)
    }

    /// A source, with what keeps it harmless; only the demuxer that the probe found is allowed.
    fn source(&mut self, input: &MediaInput, container: &str) -> &mut Self {
        let index = crate::input::Index::of(container);
        self.0.extend(input.arguments(container, index));
        self
    }

    /// What every encoded output needs to be the same bytes each time: no version strings, no
    /// dates, nothing of the source's metadata.
    fn reproducible(&mut self) -> &mut Self {
        self.set("-fflags", "+bitexact")
            .set("-map_metadata", "-1")
            .set("-map_chapters", "-1")
    }
}

/// The plan's picture, and the track it comes from.
fn picture(plan: &Plan) -> Result<(&VideoPlan, &VideoTrack), ArgvError> {
    let video = plan.video.as_ref().ok_or(ArgvError::WithoutPicture)?;
    let track = plan.probe.video.as_ref().ok_or(ArgvError::WithoutPicture)?;
    Ok((video, track))
}

fn check_outputs(rungs: usize, outputs: usize) -> Result<(), ArgvError> {
    if rungs == outputs {
        return Ok(());
    }
    Err(ArgvError::Outputs { rungs, outputs })
}

/// Seconds as ffmpeg reads them.
fn seconds(time: Rational) -> String {
    time.to_decimal(6)
}

#[cfg(test)]
mod tests;
