//! The storyboard's index as WebVTT: for each stretch of time, which part of which sheet to show.
//!
//! Cues lie end to end from 0 to the end of the presentation. The payload is a media fragment URI
//! (`#xywh=`, W3C Media Fragments 4.2.2) relative to the index itself.

use domain::time::Rational;

use super::timestamp;
use crate::storyboard::{StoryboardError, StoryboardGrid, sheet_name};

/// The index of a storyboard of a presentation of `duration` seconds.
///
/// Times are whole milliseconds, each rounded half up from the exact one, so a cue begins where
/// the one before ends.
///
/// # Errors
/// Those of [`StoryboardGrid::check`].
pub fn storyboard(grid: &StoryboardGrid, duration: Rational) -> Result<String, StoryboardError> {
    grid.check(duration)?;
    let mut text = String::from("WEBVTT\n");
    for index in 0..grid.tiles {
        let tile = grid.tile(index);
        let end = if index + 1 == grid.tiles {
            duration
        } else {
            grid.start(index + 1)
        };
        let cue = format!(
            "\n{} --> {}\n{}#xywh={},{},{},{}\n",
            timestamp(milliseconds(grid.start(index))),
            timestamp(milliseconds(end)),
            sheet_name(tile.sheet),
            tile.x,
            tile.y,
            grid.tile_width,
            grid.tile_height,
        );
        text.push_str(&cue);
    }
    Ok(text)
}

/// Whole milliseconds, the nearest.
fn milliseconds(time: Rational) -> u64 {
    u64::try_from((time * Rational::whole(1000)).round()).unwrap_or(0)
}
