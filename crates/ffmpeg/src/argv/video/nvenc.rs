//! NVIDIA's encoder, with decoder and scaler on the same GPU where they give the frames that the
//! software gives.
//!
//! The grid is made by the same filters in either case: they read timestamps and pass frames on,
//! wherever those lie. Options are named as `ffmpeg -h encoder=h264_nvenc` of 8.1.2 names them.

use domain::codec::VideoCodec;
use domain::ladder::VideoRung;
use domain::plan::{Plan, VideoPlan};
use domain::source::{Rotation, VideoTrack};

use super::{Args, bounded, colour};
use crate::encoder::nvenc_name;

/// Sides that NVDEC takes of H.264 and HEVC on every GPU that has NVENC (NVIDIA, "NVDEC support
/// matrix").
const DECODED_SIDES: std::ops::RangeInclusive<u32> = 144..=4096;

/// Whether the frames can stay on the GPU from decoder to encoder.
///
/// The CUDA scaler converts neither matrix nor range, nothing turns a picture there in this build,
/// and ffmpeg falls back to frames in memory where NVDEC refuses a stream, which the CUDA scaler
/// then refuses. So only what surely works: the two common codecs in their common form. For
/// anything else decoder and filters run in software, and NVENC takes the frames from memory.
pub(super) fn decodes(video: &VideoPlan, track: &VideoTrack) -> bool {
    let codec = matches!(track.codec.as_str(), "h264" | "hevc");
    let form = track.pixel_format == "yuv420p" && track.colour.range.as_deref() != Some("pc");
    let size = DECODED_SIDES.contains(&track.width) && DECODED_SIDES.contains(&track.height);
    let upright = video.rotation == Rotation::None && !video.deinterlace;
    codec && form && size && upright && !colour::tags(track).convert
}

/// Options before `-i`: decode on the GPU and leave the frames there.
pub(super) fn decode(args: &mut Args) {
    args.set("-hwaccel", "cuda");
    // Without it every frame is copied to memory and back.
    args.set("-hwaccel_output_format", "cuda");
    // The decoder's pool is of fixed size, and `fps`, `tpad` and the queues between filters and
    // encoders hold frames of it; with too few the decoder waits for ever.
    args.set("-extra_hw_frames", "16");
}

/// The encoder's own options for one rung.
pub(super) fn encode(args: &mut Args, plan: &Plan, rung: &VideoRung, codec: VideoCodec) {
    let gop = plan.timeline.gop_frames;
    args.set("-c:v", nvenc_name(codec));
    // Above the default of p4: the GPU's encoder is faster than its decoder still, and at equal
    // quality NVENC needs more bits than x264.
    args.set("-preset", "p5").set("-tune", "hq");
    match codec {
        // As in software: what every player decodes.
        VideoCodec::H264 => args.set("-profile:v", "high"),
        // 8 bit. Apple's players take HEVC only with parameter sets in the init segment.
        VideoCodec::Hevc => args.set("-profile:v", "main").set("-tag:v", "hvc1"),
        // 8 bit 4:2:0 is Main; the encoder has no option for it.
        VideoCodec::Av1 => args,
    };
    // Quality as the aim and the rung's peak as the bound, as capped CRF in software; no average
    // to be met (-b:v 0). The same for all chunks: what depends on it is in the init segment.
    args.set("-rc", "vbr");
    args.set("-cq", plan.profile.video.crf.to_string());
    args.set("-b:v", "0");
    bounded(args, rung);
    // An IDR at every GOP boundary: ffmpeg asks for it by the frame's number in the chunk, which
    // begins on a boundary, forced-idr makes it an IDR and no mere I-frame…
    args.set("-g", gop.to_string());
    args.set("-force_key_frames", format!("expr:eq(mod(n,{gop}),0)"));
    args.set("-forced-idr", "1");
    // …and nowhere else: no keyframe at a cut, and no GOP that borrows from its neighbour.
    args.set("-no-scenecut", "1").set("-strict_gop", "1");
    // No reordering: frame k of a fragment is frame k of the GOP, whatever the GPU's generation
    // thinks of B-frames.
    args.set("-bf", "0");
}
