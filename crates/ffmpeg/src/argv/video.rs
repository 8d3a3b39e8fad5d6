//! One encode chunk of the picture: decoded once, all rungs in one process.
//!
//! Which frames there are is decided here, the same for every encoder. What an encoder needs for
//! itself is in a module of its own.

mod nvenc;
mod software;

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use domain::ladder::VideoRung;
use domain::plan::{CutMode, EncodeChunk, Plan, VideoPlan};
use domain::source::{Rotation, VideoTrack};
use domain::time::Rational;

use super::{Args, ArgvError, SHIFT_SECONDS, check_outputs, colour, picture, seconds};
use crate::encoder::Encoder;
use crate::input::MediaInput;

/// Where frames lie between decoder and encoder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Frames {
    /// In the machine's memory, made by ffmpeg's own decoders and filters.
    InMemory,
    /// On the GPU.
    OnGpu,
}

impl Frames {
    fn of(encoder: Encoder, video: &VideoPlan, track: &VideoTrack) -> Self {
        match encoder {
            Encoder::Nvenc(_) if nvenc::decodes(video, track) => Self::OnGpu,
            Encoder::Nvenc(_) | Encoder::Software => Self::InMemory,
        }
    }
}

/// Encodes the frames of `chunk` in every rung of the plan.
///
/// `input` is the source where the plan cuts by range, else the chunk's source segment.
/// `outputs` has one path for each rung, in the plan's order. Each becomes a fragmented MP4 with
/// one fragment for each GOP and exactly `chunk.frames.len()` frames; its times are to be rebuilt,
/// because they differ between builds of ffmpeg. Equal arguments give equal bytes with the same
/// build in software; with a GPU they give the same frames at the same times.
///
/// # Errors
/// [`ArgvError`] when the plan has no picture or `outputs` does not match its rungs.
pub fn video_chunk(
    plan: &Plan,
    chunk: &EncodeChunk,
    encoder: Encoder,
    input: &MediaInput,
    outputs: &[PathBuf],
) -> Result<Vec<OsString>, ArgvError> {
    let (video, track) = picture(plan)?;
    check_outputs(video.rungs.len(), outputs.len())?;
    let mut args = Args::new();
    // The source's own timestamps, so that a frame has the same number in every chunk.
    args.flag("-copyts");
    // The plan says how to turn, because NUT loses the display matrix.
    args.flag("-noautorotate");
    let frames = Frames::of(encoder, video, track);
    if frames == Frames::OnGpu {
        nvenc::decode(&mut args);
    }
    match video.cut {
        CutMode::Range => {
            seek(&mut args, chunk);
            args.source(input, &plan.probe.container);
        }
        CutMode::Copy => {
            args.source(input, "nut");
        }
    }
    args.set("-filter_complex", graph(plan, video, track, chunk, frames));
    for ((n, rung), output) in video.rungs.iter().enumerate().zip(outputs) {
        args.set("-map", format!("[o{n}]"));
        stream(&mut args, plan);
        match encoder {
            Encoder::Software => software::encode(&mut args, plan, rung),
            Encoder::Nvenc(codec) => nvenc::encode(&mut args, plan, rung, codec),
        }
        mux(&mut args, plan, chunk);
        args.flag(output);
    }
    Ok(args.0)
}

/// Begins to read shortly before the chunk.
pub(super) fn seek(args: &mut Args, chunk: &EncodeChunk) {
    if let Some(at) = chunk.seek {
        // Frames before the sought time are decoded and kept: the graph drops them by number.
        args.flag("-noaccurate_seek");
        args.set("-ss", seconds(at));
    }
}

/// The filter graph: source frames onto the output grid, upright, then one scaler for each rung.
fn graph(
    plan: &Plan,
    video: &VideoPlan,
    track: &VideoTrack,
    chunk: &EncodeChunk,
    frames: Frames,
) -> String {
    let mut graph = grid(plan, video, track, chunk);
    graph += match video.rotation {
        Rotation::None => "",
        Rotation::Clockwise => ",transpose=clock",
        Rotation::CounterClockwise => ",transpose=cclock",
        Rotation::Half => ",hflip,vflip",
    };
    let _ = write!(graph, ",split={}", video.rungs.len());
    for n in 0..video.rungs.len() {
        let _ = write!(graph, "[s{n}]");
    }
    let tags = colour::tags(track);
    // Players that are told no colours guess by the picture's size, which differs between rungs.
    // Said on the frames, because the encoder's own options lose against what frames say, and make
    // the scaler convert what is not labelled.
    let colours = format!(
        "setparams=color_primaries={}:color_trc={}:colorspace={}:range=tv",
        tags.primaries, tags.transfer, tags.matrix
    );
    for (n, rung) in video.rungs.iter().enumerate() {
        let scale = scale(rung, &tags, frames);
        let _ = write!(graph, ";[s{n}]{scale},{colours}[o{n}]");
    }
    graph
}

/// To the size of a rung, square pixels, limited range and 4:2:0, which every player decodes.
fn scale(rung: &VideoRung, tags: &colour::Tags, frames: Frames) -> String {
    let (width, height) = (rung.width, rung.height);
    match frames {
        Frames::InMemory => {
            let convert = if tags.convert {
                format!(":out_color_matrix={}", tags.matrix)
            } else {
                String::new()
            };
            // accurate_rnd and bitexact: the default scaler differs between CPUs.
            format!(
                "scale={width}:{height}:flags=bicubic+accurate_rnd+bitexact:out_range=tv{convert},\
                 setsar=1,format=yuv420p"
            )
        }
        // The same curve as in memory; its default would be bilinear on some versions.
        Frames::OnGpu => {
            format!("scale_cuda=w={width}:h={height}:interp_algo=bicubic:format=yuv420p,setsar=1")
        }
    }
}

/// Source frames onto the output grid: exactly the chunk's frames, each with its number as pts.
fn grid(plan: &Plan, video: &VideoPlan, track: &VideoTrack, chunk: &EncodeChunk) -> String {
    let (stream, shift) = match video.cut {
        CutMode::Range => (track.index, 0),
        // The only stream of a source segment.
        CutMode::Copy => (0, shift_ticks(track)),
    };
    let origin = i128::from(track.origin) + shift;
    // The source's ticks, whatever the container in between made of them; the origin becomes 0.
    let mut graph = format!(
        "[0:{stream}]settb={},setpts=PTS-({origin})",
        track.time_base
    );
    if video.deinterlace {
        // One frame for each frame, not for each field; all of them, because flags are unreliable.
        graph += ",bwdif=mode=send_frame:parity=auto:deint=all";
    }
    let rate = plan.timeline.rate;
    // Onto the grid; afterwards pts is the number of the frame. `near` because containers round;
    // `pass` keeps a frame that is the last of its chunk.
    let _ = write!(graph, ",fps=fps={rate}:round=near:eof_action=pass");
    if chunk.frames.start == 0 {
        // A first frame that is late by less than a frame is shown from the beginning. Never
        // anything but 0 here: it would move the phase of the rounding.
        graph += ":start_time=0";
    }
    // Sound that outlasts the picture holds the last frame…
    graph += ",tpad=stop=-1:stop_mode=clone";
    // …and this ends it: exactly the chunk's frames.
    let _ = write!(
        graph,
        ",trim=start_pts={}:end_pts={}",
        chunk.frames.start, chunk.frames.end
    );
    graph
}

/// The shift of a source segment in ticks of the track, rounded as `-itsoffset` rounds it.
fn shift_ticks(track: &VideoTrack) -> i128 {
    (Rational::whole(SHIFT_SECONDS) / track.time_base).round()
}

/// What holds for the stream whatever encodes it.
fn stream(args: &mut Args, plan: &Plan) {
    let rate = plan.timeline.rate;
    // Sound is encoded apart.
    args.flag("-an");
    // The graph has decided which frames there are.
    args.set("-fps_mode", "passthrough");
    // One frame is a whole number of ticks of the track.
    let tick = format!("{}/{}", rate.frame_ticks(), rate.timescale());
    args.set("-enc_time_base", tick);
}

/// Bounds the peak for players that choose by bandwidth, over two seconds.
fn bounded(args: &mut Args, rung: &VideoRung) {
    let maxrate = rung.max_rate.0;
    args.set("-maxrate", maxrate.to_string());
    args.set("-bufsize", (2 * maxrate).to_string());
}

fn mux(args: &mut Args, plan: &Plan, chunk: &EncodeChunk) {
    let timeline = &plan.timeline;
    // Frame n is at n times the frame's ticks, exactly.
    args.set(
        "-video_track_timescale",
        timeline.rate.timescale().to_string(),
    );
    // Times as they are: negative composition offsets must not move the track.
    args.set("-avoid_negative_ts", "disabled");
    // One fragment for each GOP with an init segment in front; a chunk that does not begin at 0
    // keeps its time (frag_discont); no index behind, it would never be used.
    let flags = "+cmaf+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer";
    args.set("-movflags", flags);
    // Fragments are numbered over the whole track.
    let first = chunk.frames.start / timeline.gop_frames.max(1) + 1;
    args.set("-fragment_index", first.to_string());
    args.reproducible();
    // No version of the encoder in the stream.
    args.set("-flags:v", "+bitexact");
    args.set("-f", "mp4");
}
