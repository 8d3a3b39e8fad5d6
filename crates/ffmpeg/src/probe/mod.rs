//! What a source is: container, tracks, origin, end, rate; the facts that a plan is made from.
//!
//! Planning must not read the film. So where the container has an index, only its header, a few
//! seconds at both ends and at three places between are read, by range. Only a source without an
//! index (MPEG-TS, AVI, FLV, fragmented MP4, a live recording) is read through, once, and its
//! packets are folded into facts as they come.
//!
//! The steps: [`header`] asks ffprobe for the streams, [`container`] looks whether the file is
//! whole and has an index, [`packets`] reads and folds packets, [`decode`] makes sure that the
//! main tracks decode, and counts the samples of a source that is sound alone, because the length
//! of that is judged by the sample.
//!
//! Not done here: frames are not decoded to be counted. An encoder reports how many it really had.

mod container;
mod decode;
mod error;
mod facts;
mod fold;
mod header;
mod packet;
mod packets;
mod prober;
mod rate;
mod windows;

use std::time::Duration;

use domain::source::{AudioTrack, Keyframe, SourceProbe, VideoTrack};
use tokio::time::Instant;

use self::container::Boxes;
use self::decode::Track;
use self::header::{Header, Stream};
use self::packets::Packets;
use self::prober::Prober;
use crate::input::{MediaInput, is_matroska, is_mov};
use crate::tools::Tools;

pub use self::error::ProbeError;

/// A source that was probed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probed {
    /// The facts.
    pub probe: SourceProbe,
    /// The picture's keyframes in decoding order, of a source without an index; else empty.
    pub keyframes: Vec<Keyframe>,
    /// CPU time of ffmpeg and ffprobe.
    pub cpu: Duration,
}

/// Finds out what a source is. `size_bytes` is its length.
///
/// # Errors
/// [`ProbeError`]: a fact about the file, about storage, or about the programs. The message does
/// not name the file.
pub async fn probe(
    tools: &Tools,
    input: &MediaInput,
    size_bytes: u64,
    deadline: Instant,
) -> Result<Probed, ProbeError> {
    if size_bytes == 0 {
        return Err(ProbeError::Empty);
    }
    let mut prober = Prober {
        tools,
        input,
        size: size_bytes,
        deadline,
        cpu: Duration::ZERO,
    };
    let header = match header::read(&mut prober).await {
        Ok(header) => header,
        Err(ProbeError::NotMedia) => return Err(unrecognised(&mut prober).await?),
        Err(error) => return Err(error),
    };
    let picture = header.streams.iter().find(|stream| stream.is_picture());
    if picture.is_none() && !header.streams.iter().any(Stream::is_sound) {
        return Err(ProbeError::WithoutTracks);
    }
    let indexed = indexed(&mut prober, &header.format.name).await?;
    let mut packets = packets::read(&mut prober, &header, picture, indexed).await?;
    let video = video(&header, &mut packets);
    let mut audio = audio(&header, &packets);
    if video.is_none() && audio.is_empty() {
        return Err(ProbeError::WithoutTracks);
    }
    check(&mut prober, &header, video.as_ref(), &mut audio).await?;
    Ok(Probed {
        keyframes: match (&video, indexed) {
            (Some(_), false) => packets.keyframes,
            _ => Vec::new(),
        },
        cpu: prober.cpu,
        probe: source(header, indexed, video, audio),
    })
}

/// Why no demuxer took the file: it is something else, or an MP4 whose end is missing.
async fn unrecognised(prober: &mut Prober<'_>) -> Result<ProbeError, ProbeError> {
    let boxes = container::boxes(prober).await?;
    Ok(match boxes {
        Boxes {
            recognised: true,
            movie: false,
            ..
        } => ProbeError::Truncated {
            what: "its index (moov) is missing".to_owned(),
        },
        Boxes {
            recognised: true,
            missing: 1..,
            ..
        } => truncated(boxes),
        _ => ProbeError::NotMedia,
    })
}

fn truncated(boxes: Boxes) -> ProbeError {
    ProbeError::Truncated {
        what: format!("{} bytes of its contents are missing", boxes.missing),
    }
}

/// Whether a seek in the container reads only what it needs.
async fn indexed(prober: &mut Prober<'_>, container: &str) -> Result<bool, ProbeError> {
    if is_mov(container) {
        let boxes = container::boxes(prober).await?;
        return match boxes {
            Boxes {
                fragmented: true, ..
            } => Ok(false),
            Boxes { missing: 1.., .. } => Err(truncated(boxes)),
            _ => Ok(true),
        };
    }
    if is_matroska(container) {
        return container::has_cues(prober).await;
    }
    Ok(false)
}

fn video(header: &Header, packets: &mut Packets) -> Option<VideoTrack> {
    let stream = header.streams.iter().find(|stream| stream.is_picture())?;
    let frames = packets.picture.take()?;
    let average = || {
        is_mov(&header.format.name)
            .then(|| facts::whole_rate(stream))
            .flatten()
    };
    let whole_rate = if packets.complete { None } else { average() };
    Some(facts::video(stream, frames, whole_rate))
}

/// The sound tracks that have packets, in the container's order.
fn audio(header: &Header, packets: &Packets) -> Vec<AudioTrack> {
    let tracks = packets.sound.iter().filter_map(|(index, sound)| {
        let stream = header
            .streams
            .iter()
            .find(|stream| stream.index == *index)?;
        facts::sound(stream, sound)
    });
    tracks.collect()
}

/// Makes sure that the main tracks decode, and counts the samples of sound without a picture.
async fn check(
    prober: &mut Prober<'_>,
    header: &Header,
    video: Option<&VideoTrack>,
    audio: &mut [AudioTrack],
) -> Result<(), ProbeError> {
    let container = &header.format.name;
    let sound = audio.first_mut();
    if let Some(video) = video {
        let mut tracks = vec![Track {
            index: video.index,
            codec: &video.codec,
        }];
        tracks.extend(sound.as_ref().map(|sound| Track {
            index: sound.index,
            codec: &sound.codec,
        }));
        return decode::first_frames(prober, container, &tracks).await;
    }
    if let Some(sound) = sound {
        let track = Track {
            index: sound.index,
            codec: &sound.codec,
        };
        let counted = decode::count(prober, container, track).await?;
        sound.start = counted.start;
        // An edit list ends the sound before its last packet does; the demuxer shortens the
        // packet, and the decoder does not know.
        sound.end = counted.end().min(sound.end);
        sound.sample_rate = counted.sample_rate;
    }
    Ok(())
}

fn source(
    header: Header,
    indexed: bool,
    video: Option<VideoTrack>,
    audio: Vec<AudioTrack>,
) -> SourceProbe {
    let streams = &header.streams;
    let alone = match (&video, audio.first()) {
        (None, Some(sound)) => streams.iter().find(|stream| stream.index == sound.index),
        _ => None,
    };
    SourceProbe {
        start: header.format.start(),
        indexed,
        cover: streams
            .iter()
            .find(|stream| stream.is_cover())
            .map(|stream| stream.index),
        tags: facts::tags(&header, alone),
        container: header.format.name,
        video,
        audio,
    }
}
