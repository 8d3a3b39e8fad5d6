//! The storyboard's index as WebVTT: for each stretch of time, which part of which sheet to show.
//!
//! Cues lie end to end from 0 to the end of the presentation. The payload is a media fragment URI
//! (`#xywh=`, W3C Media Fragments 4.2.2) relative to the index itself.

use domain::time::Rational;

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
            timestamp(grid.start(index)),
            timestamp(end),
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

/// `HH:MM:SS.mmm`, with more digits of hours where they are needed.
fn timestamp(time: Rational) -> String {
    let millis = (time * Rational::whole(1000)).round();
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}
