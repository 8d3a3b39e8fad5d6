//! HLS playlists (draft-pantos-hls-rfc8216bis), as text.
//!
//! Everything is derived from a checked [`Presentation`]: one multivariant playlist, a media
//! playlist per rendition, an I-frame playlist per video rendition, and an image playlist for the
//! storyboard (the Roku and Disney extension, version 0.4). Paths are relative:
//!
//! | playlist | lies at | names |
//! |---|---|---|
//! | multivariant | `index.m3u8` | `v/1080p/index.m3u8`, `a/und-128k/index.m3u8`, … |
//! | media | `v/1080p/index.m3u8` | `init.mp4`, `00001.m4s`, … |
//! | I-frame | `v/1080p/iframes.m3u8` | byte ranges of the same segments |
//! | image | `thumbs/images.m3u8` | `storyboard-001.jpg`, … |
//! | caption | `s/{id}/index.m3u8` | `00001.vtt`, … |

mod attributes;
mod duration;
mod multivariant;
mod playlist;
pub mod rate;

pub use duration::{seconds, target_duration};
pub use multivariant::multivariant;
pub(crate) use multivariant::sheet_rate;
pub use playlist::{
    audio_playlist, caption_playlist, iframe_playlist, image_playlist, video_playlist,
};

use crate::presentation::Presentation;

/// The `EXT-X-TARGETDURATION` of every media playlist of the presentation but I-frame and image
/// ones: the longest `EXTINF` of any rendition, rounded to the nearest second, at least 1.
///
/// One number for all, because renditions between which a player switches should agree on it
/// (6.2.4), and because the peak bit rate of a variant is measured with it (4.1).
#[must_use]
pub fn common_target_duration(presentation: &Presentation) -> u32 {
    let video = presentation
        .video()
        .iter()
        .map(|v| target_duration(v.segments.iter().map(|s| s.duration), v.timescale()));
    let audio = presentation
        .audio()
        .iter()
        .map(|a| target_duration(a.segments.iter().map(|s| s.duration), a.sample_rate));
    video.chain(audio).max().unwrap_or(1)
}

/// The head that all playlists share. Version 7: the lowest that Apple's tools expect of
/// fragmented MP4, and more than any tag used here asks for (8).
const HEAD: [&str; 2] = ["#EXTM3U", "#EXT-X-VERSION:7"];

/// The lines, each with its line break.
fn text(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}
