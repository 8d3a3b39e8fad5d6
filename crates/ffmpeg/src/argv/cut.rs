//! Source segments: a chunk's part of the source, copied without re-encoding.

use std::ffi::OsString;
use std::path::Path;

use domain::plan::{EncodeChunk, Plan};
use domain::time::Rational;

use super::video::seek;
use super::{Args, ArgvError, SHIFT_SECONDS, picture, seconds};
use crate::input::MediaInput;

/// Copied beyond the chunk's end, in seconds: every frame shown before the end was decoded by
/// then, whatever the reordering.
const BEYOND: i64 = 1;

/// Copies the part of the source that `chunk` needs into the NUT file `output`: from the keyframe
/// at or before the chunk's seek point to a second after its end, picture only.
///
/// NUT keeps every timestamp exactly, but no negative one, so all are 100 s later; the encoder of
/// the chunk knows.
///
/// # Errors
/// [`ArgvError::WithoutPicture`].
pub fn cut_source(
    plan: &Plan,
    chunk: &EncodeChunk,
    input: &MediaInput,
    output: &Path,
) -> Result<Vec<OsString>, ArgvError> {
    let (_, track) = picture(plan)?;
    let end = track.start()
        + plan.timeline.time_of(chunk.frames.end)
        + Rational::whole(SHIFT_SECONDS + BEYOND);
    let mut args = Args::new();
    // The source's own timestamps, so that a frame has the same number in every chunk.
    args.flag("-copyts");
    seek(&mut args, chunk);
    // NUT has no negative timestamps.
    args.set("-itsoffset", SHIFT_SECONDS.to_string());
    args.source(input, &plan.probe.container);
    // With -copyts, -t would be a time on the same scale; -to says so.
    args.set("-to", seconds(end));
    args.set("-map", format!("0:{}", track.index));
    args.set("-c", "copy");
    // The shift above is the only one.
    args.set("-avoid_negative_ts", "disabled");
    args.reproducible();
    args.set("-f", "nut");
    args.flag(output);
    Ok(args.0)
}
