//! Pictures: poster, storyboard, cover art.
//!
//! All but cover art are made from what was encoded already: the I-frames of the lowest rung, as
//! a small fragmented MP4 through stdin. That costs a hundredth of decoding the source.

use std::ffi::OsString;
use std::path::Path;

use super::Args;
use crate::input::{DEMUXERS, MediaInput};

/// Width of a preview in pixels.
pub const PREVIEW_WIDTH: u32 = 32;

/// Height of a preview in pixels.
pub const PREVIEW_HEIGHT: u32 = 18;

/// Longest side of cover art, in pixels.
const COVER_SIDE: u32 = 1280;

/// JPEG quality of ffmpeg's scale (2 best, 31 worst): no blocks are seen on a photograph.
const POSTER_QUALITY: &str = "3";

/// For tiles that are seen for a moment, and small.
const TILE_QUALITY: &str = "5";

/// The scaler that gives equal pixels on every CPU; JPEG has full range.
const SCALER: &str = "flags=bicubic+accurate_rnd+bitexact:out_range=pc";

/// How a storyboard's sheets are divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// Width of a tile in pixels.
    pub tile_width: u32,
    /// Height of a tile in pixels.
    pub tile_height: u32,
    /// Tiles in a row.
    pub columns: u32,
    /// Rows in a sheet.
    pub rows: u32,
}

/// Every frame of stdin in [`PREVIEW_WIDTH`] × [`PREVIEW_HEIGHT`] bytes of luma, full range, in
/// order, to stdout: enough to tell a dark or flat frame from a good one.
#[must_use]
pub fn previews() -> Vec<OsString> {
    let mut args = Args::portable();
    iframes(&mut args);
    let filter = format!("scale={PREVIEW_WIDTH}:{PREVIEW_HEIGHT}:{SCALER},format=gray");
    args.set("-vf", filter);
    every_frame(&mut args);
    // Bare samples, one frame after the other.
    args.set("-f", "rawvideo").flag("pipe:1");
    args.0
}

/// The frames of stdin as sheets of tiles in `folder`, named as [`domain::layout::sheet_name`]
/// names them: left to right, top to bottom, each frame one tile; the last sheet is filled up
/// with black.
#[must_use]
pub fn storyboard(sheet: &Sheet, folder: &Path) -> Vec<OsString> {
    let Sheet {
        tile_width,
        tile_height,
        columns,
        rows,
    } = *sheet;
    let mut args = Args::portable();
    iframes(&mut args);
    let filter = format!(
        "scale={tile_width}:{tile_height}:{SCALER},setsar=1,format=yuvj420p,tile={columns}x{rows}"
    );
    args.set("-vf", filter);
    every_frame(&mut args);
    jpeg(&mut args, TILE_QUALITY);
    // Numbered from 1.
    args.flag(folder.join("storyboard-%03d.jpg"));
    args.0
}

/// Frame `frame` of stdin, counted from 0, as a JPEG in its own size.
#[must_use]
pub fn poster(frame: usize, output: &Path) -> Vec<OsString> {
    let mut args = Args::portable();
    iframes(&mut args);
    let filter = format!("select=eq(n\\,{frame}),scale={SCALER},setsar=1,format=yuvj420p");
    args.set("-vf", filter);
    one_picture(&mut args, output);
    args.0
}

/// The attached picture in stream `index` of the source as a JPEG, its longest side at most 1280
/// pixels, never enlarged.
#[must_use]
pub fn cover_art(input: &MediaInput, index: u32, output: &Path) -> Vec<OsString> {
    let mut args = Args::portable();
    // The container is known, but this is called for sound of any kind, once.
    args.source(input, DEMUXERS);
    args.set("-map", format!("0:{index}"));
    let filter = format!(
        "scale=w='min({COVER_SIDE},iw)':h='min({COVER_SIDE},ih)'\
         :force_original_aspect_ratio=decrease:{SCALER},setsar=1,format=yuvj420p"
    );
    args.set("-vf", filter);
    one_picture(&mut args, output);
    args.0
}

/// The I-frames that the packager's bytes were put together from.
fn iframes(args: &mut Args) {
    // Our own bytes, so the demuxer is not guessed.
    args.set("-protocol_whitelist", "pipe");
    args.set("-f", "mp4").set("-i", "pipe:0");
}

/// Each frame once, whatever its timestamp.
fn every_frame(args: &mut Args) {
    args.set("-fps_mode", "passthrough");
}

fn one_picture(args: &mut Args, output: &Path) {
    every_frame(args);
    args.set("-frames:v", "1");
    jpeg(args, POSTER_QUALITY);
    // One file, not a numbered sequence.
    args.set("-update", "1");
    args.flag(output);
}

fn jpeg(args: &mut Args, quality: &str) {
    args.set("-c:v", "mjpeg").set("-q:v", quality);
    // The number of slices, and so the bytes, would follow the machine's cores.
    args.set("-threads", "1");
    args.reproducible();
    args.set("-flags:v", "+bitexact");
    args.set("-f", "image2");
}
