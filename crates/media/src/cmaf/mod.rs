//! CMAF (ISO/IEC 23000-19): reading what ffmpeg writes and writing what players read.
//!
//! The way of an encode chunk: [`scan`] says which bytes of ffmpeg's file to read next, [`init`]
//! and [`fragment`] parse them, [`video`] and [`audio`] put the samples on the output grid and
//! yield finished segments, [`check`] reads a finished segment back. [`iframe_track`] makes a
//! small file out of the I-frames of finished segments, for thumbnails. [`plan`] is what both
//! packagers know of the boundaries they are to keep.
//!
//! One track per file throughout, because CMAF has it so (7.3.1).

pub mod audio;
pub mod boxes;
pub mod check;
pub mod codec;
pub mod fragment;
pub mod iframe_track;
pub mod init;
mod moof;
pub mod plan;
pub mod scan;
mod segment;
pub mod video;

pub use segment::{IFrame, Segment};
