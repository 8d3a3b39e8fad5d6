//! Reading packets: the whole source once, or the parts that tell enough.

use std::ffi::OsString;

use domain::source::Keyframe;
use domain::time::Rational;

use super::error::ProbeError;
use super::fold::{Fold, Frames, PictureFold, SoundFold};
use super::header::{Header, Stream};
use super::packet::{ENTRIES, Packet};
use super::prober::Prober;
use super::windows::{JUMP, Parts, Reading};
use crate::input::{Index, extend, is_mov};
use crate::run::{Process, RunError};

/// What the packets told.
#[derive(Debug)]
pub(super) struct Packets {
    /// The picture's frames; none when no packet of it came.
    pub picture: Option<Frames>,
    /// The picture's keyframes, where the whole source was read.
    pub keyframes: Vec<Keyframe>,
    /// Each sound track of which a packet came, by stream index.
    pub sound: Vec<(u32, SoundFold)>,
    /// Whether every packet was seen.
    pub complete: bool,
}

/// Reads the packets of the main picture and of all sound.
///
/// With an index only parts are read; when they do not reach the picture's first shown frame or
/// its last one, they are widened, at worst to the whole.
pub(super) async fn read(
    prober: &mut Prober<'_>,
    header: &Header,
    picture: Option<&Stream>,
    indexed: bool,
) -> Result<Packets, ProbeError> {
    let mut reading = reading(prober, header, indexed);
    loop {
        let fold = pass(prober, header, picture, &reading).await?;
        match (&reading, picture) {
            (Reading::Parts(parts), Some(stream)) => {
                if fold.picture.as_ref().is_none_or(|picture| !picture.began()) {
                    reading = reading.widen_head();
                } else if !saw_the_end(&fold, parts, stream) {
                    reading = reading.widen_tail();
                } else {
                    return Ok(finish(fold, false));
                }
            }
            (Reading::Parts(_), None) => return Ok(finish(fold, false)),
            (Reading::Whole, _) => return Ok(finish(fold, true)),
        }
    }
}

fn reading(prober: &Prober<'_>, header: &Header, indexed: bool) -> Reading {
    if !indexed {
        return Reading::Whole;
    }
    let ends = header.streams.iter().filter_map(Stream::stated_end);
    let format = &header.format;
    Reading::of(format.start(), format.duration(), prober.size, ends)
}

fn saw_the_end(fold: &Fold, parts: &Parts, stream: &Stream) -> bool {
    let reached = fold.picture.as_ref().and_then(PictureFold::reached);
    reached.is_some_and(|ticks| {
        Rational::whole(ticks) * stream.tick() >= parts.must_reach(stream.stated_end())
    })
}

fn finish(fold: Fold, complete: bool) -> Packets {
    let (frames, keyframes) = fold
        .picture
        .map_or_else(Default::default, PictureFold::finish);
    Packets {
        picture: frames.first.is_some().then_some(frames),
        keyframes: if complete { keyframes } else { Vec::new() },
        sound: fold
            .sound
            .into_iter()
            .filter(|(_, sound)| sound.first.is_some())
            .collect(),
        complete,
    }
}

async fn pass(
    prober: &mut Prober<'_>,
    header: &Header,
    picture: Option<&Stream>,
    reading: &Reading,
) -> Result<Fold, ProbeError> {
    let sound: Vec<u32> = header
        .streams
        .iter()
        .filter(|stream| stream.is_sound())
        .map(|stream| stream.index)
        .collect();
    let jump = picture.and_then(|stream| {
        let ticks = (Rational::whole(JUMP) / stream.tick()).round();
        let ticks = i64::try_from(ticks).ok()?;
        matches!(reading, Reading::Parts(_)).then_some(ticks)
    });
    let mut fold = Fold::new(picture.map(|stream| stream.index), &sound, jump);
    let args = arguments(prober, &header.format.name, reading);
    let process = Process::ffprobe(prober.tools, args).lines(|line| {
        if let Some(packet) = Packet::parse(line) {
            fold.push(&packet);
        }
    });
    match prober.run(process).await {
        Ok(_) => Ok(fold),
        Err(RunError::Failed { evidence, .. }) if evidence.lost.is_none() => {
            let what = evidence.last_error().unwrap_or_default().to_owned();
            Err(ProbeError::Damaged { what })
        }
        Err(error) => Err(error.into()),
    }
}

fn arguments(prober: &Prober<'_>, container: &str, reading: &Reading) -> Vec<OsString> {
    let mut args = Vec::new();
    extend(&mut args, ["-v", "level+warning"]);
    // One short line for each packet, with names, because ffprobe leaves out what it lacks.
    extend(&mut args, ["-show_entries", ENTRIES, "-of", "compact=p=0"]);
    if let Reading::Parts(parts) = reading {
        extend(&mut args, ["-read_intervals", &parts.intervals()]);
        if is_mov(container) {
            // MP4 knows where every sample is, so a window need not begin at a keyframe: a film
            // with a keyframe a minute would be read by the minute.
            extend(&mut args, ["-seek2any", "1"]);
        }
    }
    if is_mov(container) && *reading == Reading::Whole {
        // In the order of the file: by time, every fragment would be a seek there and back.
        extend(&mut args, ["-interleaved_read", "0"]);
    }
    args.extend(prober.input.arguments(container, Index::of(container)));
    args
}
