//! Everything about media files that is a pure function: CMAF boxes, HLS playlists, the DASH MPD,
//! captions and the storyboard index. Bytes and structs in, bytes and text out.
//!
//! The idea: every encode chunk comes out of ffmpeg as fragmented MP4 whose *order* of pictures
//! is trusted and whose *times* are not. [`cmaf`] takes the samples out and writes them anew on
//! the output grid, so that chunks made by invocations that know nothing of each other make one
//! valid track. [`presentation`] describes the finished tracks; [`hls`], [`dash`] and [`webvtt`]
//! say it in text, and [`captions`] adds words to it. [`manifest`] lists all the texts of one asset.
//!
//! What this crate does not do: it reads no file, runs no ffmpeg, asks no clock, and knows
//! nothing of buckets. Times are integer ticks or exact fractions, never floats.

pub mod captions;
pub mod cmaf;
pub mod dash;
mod fault;
pub mod hls;
pub mod manifest;
pub mod presentation;
pub mod storyboard;
pub mod subrip;
pub mod webvtt;
