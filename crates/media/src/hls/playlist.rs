//! Media, I-frame and image playlists (4.4.3, 4.4.4).

use domain::time::Rational;

use super::attributes::Tag;
use super::{HEAD, common_target_duration, seconds, target_duration, text};
use crate::captions::{CaptionRendition, segment_name as caption_segment_name};
use crate::presentation::{
    AudioRendition, IFrameRange, MediaSegment, Presentation, Storyboard, VideoRendition,
};
use crate::storyboard::sheet_name;

/// The media playlist of a video rendition, for `v/{id}/index.m3u8`.
#[must_use]
pub fn video_playlist(presentation: &Presentation, video: &VideoRendition) -> String {
    media_playlist(presentation, &video.segments, video.timescale())
}

/// The media playlist of an audio rendition, for `a/{id}/index.m3u8`.
#[must_use]
pub fn audio_playlist(presentation: &Presentation, audio: &AudioRendition) -> String {
    media_playlist(presentation, &audio.segments, audio.sample_rate)
}

/// The media playlist of a caption, for `s/{id}/index.m3u8` (3.1.4).
///
/// Its segments need no `X-TIMESTAMP-MAP`: the film's timestamps begin at 0, as those of the cues do.
#[must_use]
pub fn caption_playlist(presentation: &Presentation, caption: &CaptionRendition) -> String {
    let mut lines = head(common_target_duration(presentation));
    let durations = caption.segments.iter().map(|s| s.duration);
    for (number, duration) in (1..).zip(seconds(durations, caption.timescale)) {
        lines.push(format!("#EXTINF:{duration},"));
        lines.push(caption_segment_name(number));
    }
    end(lines)
}

fn media_playlist(
    presentation: &Presentation,
    segments: &[MediaSegment],
    timescale: u32,
) -> String {
    let mut lines = head(common_target_duration(presentation));
    lines.push("#EXT-X-INDEPENDENT-SEGMENTS".to_owned());
    lines.push(MAP.to_owned());
    let durations = seconds(segments.iter().map(|s| s.duration), timescale);
    for (number, duration) in (1..).zip(durations) {
        lines.push(format!("#EXTINF:{duration},"));
        lines.push(segment_name(number));
    }
    end(lines)
}

/// The I-frame playlist of a video rendition, for `v/{id}/iframes.m3u8` (4.4.3.6).
///
/// A player gets `moof` and `mdat` up to the end of the I-frame. `EXTINF` is the time until the
/// next I-frame. The target duration is that of the GOPs.
#[must_use]
pub fn iframe_playlist(video: &VideoRendition) -> String {
    let mut lines = head(iframe_target_duration(video));
    lines.push("#EXT-X-I-FRAMES-ONLY".to_owned());
    lines.push(MAP.to_owned());
    let durations = seconds(video.iframes.iter().map(|i| i.duration), video.timescale());
    for (iframe, duration) in video.iframes.iter().zip(durations) {
        let IFrameRange { offset, length, .. } = iframe;
        lines.push(format!("#EXTINF:{duration},"));
        lines.push(format!("#EXT-X-BYTERANGE:{length}@{offset}"));
        lines.push(segment_name(iframe.segment));
    }
    end(lines)
}

/// The image playlist of the storyboard, for `thumbs/images.m3u8` (image media playlist
/// specification 0.4).
///
/// The last sheet covers the time to the end of the presentation.
#[must_use]
pub fn image_playlist(presentation: &Presentation, storyboard: &Storyboard) -> String {
    let grid = &storyboard.grid;
    let spans = sheet_spans(presentation, storyboard);
    let longest = spans.iter().copied().max().unwrap_or(Rational::ONE);
    let mut lines = head(whole_seconds(longest));
    lines.push("#EXT-X-IMAGES-ONLY".to_owned());
    for (number, span) in (1..).zip(spans) {
        let tiles = Tag::new("EXT-X-TILES")
            .plain("RESOLUTION", resolution(grid.tile_width, grid.tile_height))
            .plain("LAYOUT", resolution(grid.columns, grid.rows))
            .plain("DURATION", grid.interval.to_decimal(6));
        lines.push(format!("#EXTINF:{},", span.to_decimal(6)));
        lines.push(tiles.line());
        lines.push(sheet_name(number));
    }
    end(lines)
}

/// Seconds that each sheet stands for.
pub(super) fn sheet_spans(presentation: &Presentation, storyboard: &Storyboard) -> Vec<Rational> {
    let full = storyboard.grid.sheet_duration();
    let sheets = storyboard.grid.sheets();
    (1..=sheets)
        .map(|number| {
            if number == sheets {
                presentation.duration() - full * Rational::whole(number - 1)
            } else {
                full
            }
        })
        .collect()
}

pub(super) fn iframe_target_duration(video: &VideoRendition) -> u32 {
    target_duration(video.iframes.iter().map(|i| i.duration), video.timescale())
}

pub(super) fn resolution(width: u32, height: u32) -> String {
    format!("{width}x{height}")
}

/// Nearest whole seconds, at least 1.
fn whole_seconds(time: Rational) -> u32 {
    u32::try_from(time.round()).unwrap_or(u32::MAX).max(1)
}

fn head(target_duration: u32) -> Vec<String> {
    let mut lines: Vec<String> = HEAD.map(str::to_owned).into();
    lines.push(format!("#EXT-X-TARGETDURATION:{target_duration}"));
    lines.push("#EXT-X-PLAYLIST-TYPE:VOD".to_owned());
    lines
}

fn end(mut lines: Vec<String>) -> String {
    lines.push("#EXT-X-ENDLIST".to_owned());
    text(&lines)
}

const MAP: &str = "#EXT-X-MAP:URI=\"init.mp4\"";

/// File name of segment `number`: at least five digits, as `$Number%05d$` in the MPD.
fn segment_name(number: u32) -> String {
    format!("{number:05}.m4s")
}
