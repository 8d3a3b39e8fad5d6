//! One encode chunk of the picture: decoded once, all rungs in one process.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use domain::ladder::VideoRung;
use domain::plan::{CutMode, EncodeChunk, Plan, VideoPlan};
use domain::source::{Rotation, VideoTrack};
use domain::time::Rational;

use super::{Args, ArgvError, SHIFT_SECONDS, check_outputs, colour, picture, seconds};
use crate::input::MediaInput;

/// Encodes the frames of `chunk` in every rung of the plan.
///
/// `input` is the source where the plan cuts by range, else the chunk's source segment.
/// `outputs` has one path for each rung, in the plan's order. Each becomes a fragmented MP4 with
/// one fragment for each GOP and exactly `chunk.frames.len()` frames; its times are to be rebuilt,
/// because they differ between builds of ffmpeg. Equal arguments give equal bytes with the same
/// build.
///
/// # Errors
/// [`ArgvError`] when the plan has no picture or `outputs` does not match its rungs.
pub fn video_chunk(
    plan: &Plan,
    chunk: &EncodeChunk,
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
    match video.cut {
        CutMode::Range => {
            seek(&mut args, chunk);
            args.source(input, &plan.probe.container);
        }
        CutMode::Copy => {
            args.source(input, "nut");
        }
    }
    args.set("-filter_complex", graph(plan, video, track, chunk));
    for ((n, rung), output) in video.rungs.iter().enumerate().zip(outputs) {
        args.set("-map", format!("[o{n}]"));
        encode(&mut args, plan, rung);
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
fn graph(plan: &Plan, video: &VideoPlan, track: &VideoTrack, chunk: &EncodeChunk) -> String {
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
    let convert = if tags.convert {
        format!(":out_color_matrix={}", tags.matrix)
    } else {
        String::new()
    };
    // Players that are told no colours guess by the picture's size, which differs between rungs.
    // Said on the frames, because the encoder's own options lose against what frames say, and make
    // the scaler convert what is not labelled.
    let colours = format!(
        "setparams=color_primaries={}:color_trc={}:colorspace={}:range=tv",
        tags.primaries, tags.transfer, tags.matrix
    );
    for (n, rung) in video.rungs.iter().enumerate() {
        // accurate_rnd and bitexact: the default scaler differs between CPUs. Square pixels,
        // limited range and 4:2:0 are what every player decodes.
        let _ = write!(
            graph,
            ";[s{n}]scale={}:{}:flags=bicubic+accurate_rnd+bitexact:out_range=tv{convert},\
             setsar=1,format=yuv420p,{colours}[o{n}]",
            rung.width, rung.height
        );
    }
    graph
}

/// The shift of a source segment in ticks of the track, rounded as `-itsoffset` rounds it.
fn shift_ticks(track: &VideoTrack) -> i128 {
    (Rational::whole(SHIFT_SECONDS) / track.time_base).round()
}

fn encode(args: &mut Args, plan: &Plan, rung: &VideoRung) {
    let profile = &plan.profile.video;
    let timeline = &plan.timeline;
    let rate = timeline.rate;
    let gop = timeline.gop_frames.to_string();
    let maxrate = rung.max_rate.0;
    // Sound is encoded apart.
    args.flag("-an");
    // The graph has decided which frames there are.
    args.set("-fps_mode", "passthrough");
    // One frame is a whole number of ticks of the track.
    let tick = format!("{}/{}", rate.frame_ticks(), rate.timescale());
    args.set("-enc_time_base", tick);
    args.set("-c:v", "libx264").set("-preset", &profile.preset);
    // 8 bit 4:2:0 with B-frames and CABAC, decoded by every player that plays H.264 at all.
    args.set("-profile:v", "high");
    // One CRF for all chunks of a rung: it is written into the init segment. The peak is bounded
    // for players that choose by bandwidth, over two seconds.
    args.set("-crf", profile.crf.to_string());
    args.set("-maxrate", maxrate.to_string());
    args.set("-bufsize", (2 * maxrate).to_string());
    // An IDR at every GOP boundary and nowhere else, so that all rungs switch at the same frames.
    args.set("-g", &gop).set("-keyint_min", &gop);
    args.set("-sc_threshold", "0");
    args.set("-bf", "3");
    // x264's output depends on the number of threads, so it is never left to the machine.
    args.set("-threads", profile.threads.to_string());
    // cpu-independent: the same bytes on every CPU. Closed GOPs: a segment decodes by itself.
    args.set("-x264-params", "cpu-independent=1:open-gop=0");
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
