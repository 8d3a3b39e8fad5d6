//! One audio chunk: decoded once, all rungs in one process, sample for sample what one process
//! for the whole track would encode.
//!
//! A chunk begins 16 codec frames early, so that the encoder's state has settled where the first
//! kept frame begins. Where the source can be seeked, decoding too begins only shortly before:
//! - The decoder needs a second to settle (overlap of the transform, bit reservoir).
//! - The resampler's phase must be that of the whole track. It repeats after `p` input samples
//!   (147 of 44.1 kHz make 160 of 48 kHz), so the chunk's input begins at a whole number of
//!   periods after the sample at which the whole track's begins.
//! - `aresample` moves the first sample of the whole track to time 0 by silence or by dropping
//!   output, but not for a millisecond or less; [`Anchor`] repeats that.
//! - Matroska rounds timestamps to milliseconds. Codec frames have a fixed length, so the true
//!   time is the nearest whole number of them. (Vorbis, FLAC and PCM in Matroska have none: there
//!   a seam may be off by up to a millisecond.)
//!
//! Sample for sample means what a decoder can repeat: Opus converges without ever being the same,
//! and noise that AAC (PNS) and AC-3 (dither) leave to the decoder is invented anew.
//!
//! Where the source cannot be seeked, everything from its beginning is decoded, and the chunk is
//! cut out after that.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use domain::audio::{AAC_FRAME_SAMPLES, PRE_ROLL_FRAMES, SAMPLE_RATE};
use domain::plan::{AudioChunk, AudioPlan, Plan};
use domain::source::AudioTrack;
use domain::time::Rational;

use super::{Args, ArgvError, check_outputs, seconds};
use crate::input::{MediaInput, is_matroska};

/// Packets that the AAC encoder puts in front of the first sample.
const PRIMING: u64 = 1;

/// Codec frames encoded beyond a chunk's end, so that its last kept frame is not the encoder's
/// last.
const BEYOND: u64 = 2;

/// Output samples between the chunk's input and its pre-roll: more than the resampler's filter.
const SETTLE: i128 = 2048;

/// Seconds decoded before the chunk's input.
const DECODER_LEAD: i64 = 1;

/// Codecs whose frames have a fixed number of samples, and how many samples their usual encoders
/// put in front: the frames begin that much before the track's first sample, or exactly at it.
const FIXED_FRAMES: [(&str, u32); 6] = [
    ("aac", 0),
    ("ac3", 256),
    ("eac3", 256),
    ("mp3", 1105),
    ("opus", 312),
    ("dts", 0),
];

/// Packets at the beginning of each output that the packager drops: the encoder's priming, and
/// the pre-roll of a chunk that is not the first. The next `chunk.range.frames.len()` are the
/// chunk's, and those after them are dropped too.
#[must_use]
pub fn packets_to_drop(chunk: &AudioChunk) -> usize {
    usize::try_from(PRIMING + pre_roll(chunk)).unwrap_or(usize::MAX)
}

fn pre_roll(chunk: &AudioChunk) -> u64 {
    chunk.range.frames.start.min(PRE_ROLL_FRAMES)
}

/// Encodes the codec frames of `chunk` in every rung of the plan.
///
/// `input` is the source; `outputs` has one path for each rung, in the plan's order. Each becomes
/// a fragmented MP4 of which the packets matter, see [`packets_to_drop`]. Equal arguments give
/// equal bytes with the same build.
///
/// # Errors
/// [`ArgvError`] when the plan has no sound or `outputs` does not match its rungs.
pub fn audio_chunk(
    plan: &Plan,
    chunk: &AudioChunk,
    input: &MediaInput,
    outputs: &[PathBuf],
) -> Result<Vec<OsString>, ArgvError> {
    let audio = plan.audio.as_ref().ok_or(ArgvError::WithoutSound)?;
    let mut tracks = plan.probe.audio.iter();
    let track = tracks
        .find(|track| track.index == audio.index)
        .ok_or(ArgvError::WithoutSound)?;
    check_outputs(audio.rungs.len(), outputs.len())?;
    let near =
        (plan.probe.indexed && chunk.range.frames.start > 0).then(|| Near::new(plan, track, chunk));
    let mut args = Args::portable();
    // The source's own timestamps: picture and sound have one clock.
    args.flag("-copyts");
    if let Some(seek) = near.as_ref().and_then(|near| near.seek) {
        // Samples before the sought time are decoded and kept: the graph cuts by the sample.
        args.flag("-noaccurate_seek");
        args.set("-ss", seconds(seek));
    }
    args.source(input, &plan.probe.container);
    args.set(
        "-filter_complex",
        graph(plan, audio, track, chunk, near.as_ref()),
    );
    for ((n, rung), output) in audio.rungs.iter().enumerate().zip(outputs) {
        args.set("-map", format!("[o{n}]"));
        args.set("-c:a", "aac")
            .set("-b:a", rung.bit_rate.0.to_string());
        mux(&mut args);
        args.flag(output);
    }
    Ok(args.0)
}

fn mux(args: &mut Args) {
    // Times as they are; the packager gives its own anyway.
    args.set("-avoid_negative_ts", "disabled");
    // Packets in fragments with an init segment in front, no index behind, so that the file can
    // be read as it is written; ten seconds each (microseconds), to keep them few.
    args.set(
        "-movflags",
        "+cmaf+empty_moov+default_base_moof+skip_trailer",
    );
    args.set("-frag_duration", "10000000");
    args.reproducible();
    // No version of the encoder in the stream.
    args.set("-flags:a", "+bitexact");
    args.set("-f", "mp4");
}

fn graph(
    plan: &Plan,
    audio: &AudioPlan,
    track: &AudioTrack,
    chunk: &AudioChunk,
    near: Option<&Near>,
) -> String {
    let frames = chunk.range.frames;
    let from = i128::from((frames.start - pre_roll(chunk)) * AAC_FRAME_SAMPLES);
    let last = (frames.end + BEYOND).min(audio.timeline.frames);
    let (end, all) = (
        i128::from(last * AAC_FRAME_SAMPLES),
        i128::from(audio.timeline.frames * AAC_FRAME_SAMPLES),
    );
    let mut graph = format!("[0:{}]", track.index);
    // The presentation's beginning becomes 0, to the sample; TB is one sample of the source.
    let origin = format!("round(({})/TB)", plan.origin);
    let skipped = if let Some(near) = near {
        let rounded = is_matroska(&plan.probe.container);
        near.write(&mut graph, track, &origin, rounded);
        near.output
    } else {
        let _ = write!(graph, "asetpts=PTS-{origin}");
        0
    };
    // Onto the output's samples. async=1 fills holes with silence and trims overlaps, from 0.1 s
    // on; smaller jitter is the container's rounding. Float planar is what the encoder takes.
    let _ = write!(
        graph,
        ",aresample={SAMPLE_RATE}:async=1:first_pts=0:min_hard_comp=0.1:osf=fltp"
    );
    let layout = if audio.channels == 1 {
        "mono"
    } else {
        "stereo"
    };
    let _ = write!(graph, ",aformat=channel_layouts={layout}");
    // Silence up to the track's last frame…
    let _ = write!(graph, ",apad=whole_len={}", all - skipped);
    // …and exactly the chunk's samples, with pre-roll and what the encoder wants beyond.
    if from > 0 {
        let _ = write!(
            graph,
            ",atrim=start_sample={}:end_sample={},asetpts=PTS-STARTPTS",
            from - skipped,
            end - skipped
        );
    } else {
        let _ = write!(graph, ",atrim=end_sample={end}");
    }
    let _ = write!(graph, ",asplit={}", audio.rungs.len());
    for n in 0..audio.rungs.len() {
        let _ = write!(graph, "[o{n}]");
    }
    graph
}

/// How the whole track's input meets its output, in samples counted from the presentation's
/// beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Anchor {
    /// An input sample…
    input: i128,
    /// …and the output sample at the same place.
    output: i128,
}

impl Anchor {
    /// What `aresample` with `first_pts=0` makes of a track whose first sample is `first`.
    fn of(first: i128, sample_rate: i128) -> Self {
        let (input, output) = if first.abs() * 1000 <= sample_rate {
            // A millisecond or less is let be: the first sample is taken for the beginning.
            (first, 0)
        } else if first > 0 {
            // Silence is put in front, as input.
            (0, 0)
        } else {
            // What lies before is dropped, as output.
            let dropped = -first * i128::from(SAMPLE_RATE) / sample_rate;
            (first, -dropped)
        };
        Self { input, output }
    }
}

/// Where a chunk's own input begins, near its first sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Near {
    /// Where to start reading, in seconds on the container's own scale; none for the beginning.
    seek: Option<Rational>,
    /// First input sample of the chunk, counted from the presentation's beginning.
    input: i128,
    /// The output sample at the same place.
    output: i128,
    /// First sample of the track, counted from the presentation's beginning.
    first: i128,
}

impl Near {
    fn new(plan: &Plan, track: &AudioTrack, chunk: &AudioChunk) -> Self {
        let rate = i128::from(track.sample_rate.max(1));
        let whole_rate = Rational::whole(rate);
        let origin = (plan.origin * whole_rate).round();
        let first = (track.start * whole_rate).round() - origin;
        let anchor = Anchor::of(first, rate);
        // rate / 48000 in lowest terms: so many input samples make so many output samples.
        let period = whole_rate / Rational::whole(SAMPLE_RATE);
        let wanted = i128::from((chunk.range.frames.start - pre_roll(chunk)) * AAC_FRAME_SAMPLES);
        let periods = (wanted - SETTLE - anchor.output).max(0) / period.den();
        let input = anchor.input + periods * period.num();
        let time = Rational::whole(input + origin) / whole_rate;
        let seek = time - Rational::whole(DECODER_LEAD) - plan.probe.start;
        Self {
            seek: (seek > Rational::ZERO).then_some(seek),
            input,
            output: anchor.output + periods * period.den(),
            first,
        }
    }

    /// From the decoder's frames to input samples that begin at 0, exactly at [`Near::input`].
    fn write(&self, graph: &mut String, track: &AudioTrack, origin: &str, rounded: bool) {
        // The sums below are in these samples; a decoder that doubles the rate (HE-AAC) must not
        // change them.
        let _ = write!(graph, "aformat=sample_rates={}", track.sample_rate);
        let delay = FIXED_FRAMES
            .iter()
            .find(|&&(codec, _)| rounded && codec == track.codec);
        if let Some((_, delay)) = delay {
            // Matroska's times are off by a millisecond at most, after a seek; further off is not
            // rounding, and stays.
            let tolerance = track.sample_rate * 3 / 2000;
            let first = self.first;
            // Registers: 0 the time as it came, 1 and 2 the nearest whole number of frames from
            // either beginning, 3 the nearer one.
            let _ = write!(
                graph,
                ",asetpts='st(0,PTS-{origin}-({first}));\
                 st(1,round(ld(0)/NB_SAMPLES)*NB_SAMPLES);\
                 st(2,round((ld(0)+{delay})/NB_SAMPLES)*NB_SAMPLES-{delay});\
                 st(3,if(lte(abs(ld(0)-ld(1)),abs(ld(0)-ld(2))),ld(1),ld(2)));\
                 {first}+if(lte(abs(ld(0)-ld(3)),{tolerance}),ld(3),ld(0))'"
            );
        } else {
            let _ = write!(graph, ",asetpts=PTS-{origin}");
        }
        let input = self.input;
        let _ = write!(graph, ",atrim=start_pts={input},asetpts=PTS-({input})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_track_begins_as_aresample_makes_it() {
        let anchor = |first| {
            let Anchor { input, output } = Anchor::of(first, 44_100);
            (input, output)
        };
        assert_eq!(anchor(0), (0, 0));
        assert_eq!(anchor(44), (44, 0));
        assert_eq!(anchor(45), (0, 0));
        assert_eq!(anchor(-44), (-44, 0));
        assert_eq!(anchor(-147), (-147, -160));
        assert_eq!(anchor(-148), (-148, -161));
    }
}
