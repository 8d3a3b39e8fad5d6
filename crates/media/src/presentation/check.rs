//! What must hold between renditions before a manifest may name them.

use std::collections::HashSet;

use domain::time::{FrameRate, Rational};

use super::{
    AudioRendition, MediaSegment, Presentation, PresentationError, Storyboard, VideoRendition,
};
use crate::storyboard::StoryboardError;

pub(super) fn presentation(p: &Presentation) -> Result<(), PresentationError> {
    if p.video.is_empty() && p.audio.is_empty() {
        return Err(PresentationError::NoRenditions);
    }
    let mut ids = HashSet::new();
    let all_ids = p.video.iter().map(|v| &v.id);
    for id in all_ids.chain(p.audio.iter().map(|a| &a.id)) {
        name(id)?;
        if !ids.insert(id) {
            return Err(PresentationError::DuplicateId { id: id.clone() });
        }
    }
    for rendition in &p.video {
        video(rendition, p.duration)?;
    }
    for rendition in &p.audio {
        audio(rendition, p.duration)?;
    }
    if let [reference, others @ ..] = p.video.as_slice() {
        for other in others {
            Track::of_video(other).aligned(&Track::of_video(reference))?;
        }
    }
    for (index, rendition) in p.audio.iter().enumerate() {
        for earlier in p.audio.iter().take(index) {
            audio_pair(earlier, rendition)?;
        }
    }
    p.storyboard
        .as_ref()
        .map_or(Ok(()), |board| storyboard(board, p.duration))
}

fn name(name: &str) -> Result<(), PresentationError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(PresentationError::BadName {
        name: name.to_owned(),
    })
}

fn codec(id: &str, codec: &str) -> Result<(), PresentationError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.';
    if !codec.is_empty() && codec.bytes().all(plain) {
        return Ok(());
    }
    Err(PresentationError::BadCodec {
        id: id.to_owned(),
        codec: codec.to_owned(),
    })
}

/// The shape of a tag (RFC 5646, 2.1), not whether its subtags are registered.
fn language(id: &str, language: &str) -> Result<(), PresentationError> {
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let starts_well = language
        .split('-')
        .next()
        .is_some_and(|part| part.bytes().all(|b| b.is_ascii_alphabetic()));
    if starts_well && language.split('-').all(subtag) {
        return Ok(());
    }
    Err(PresentationError::BadLanguage {
        id: id.to_owned(),
        language: language.to_owned(),
    })
}

fn not_zero(id: &str, numbers: &[(&'static str, u64)]) -> Result<(), PresentationError> {
    match numbers.iter().find(|(_, value)| *value == 0) {
        None => Ok(()),
        Some((what, _)) => Err(PresentationError::Zero {
            id: id.to_owned(),
            what,
        }),
    }
}

fn segments(id: &str, segments: &[MediaSegment]) -> Result<(), PresentationError> {
    if segments.is_empty() {
        return Err(PresentationError::NoSegments { id: id.to_owned() });
    }
    segments.iter().try_for_each(|segment| {
        not_zero(
            id,
            &[
                ("segment duration", segment.duration),
                ("segment size", segment.bytes),
            ],
        )
    })
}

fn total(segments: &[MediaSegment], timescale: u32) -> Rational {
    let ticks: i128 = segments.iter().map(|s| i128::from(s.duration)).sum();
    Rational::ticks(ticks, timescale)
}

fn video(v: &VideoRendition, duration: Rational) -> Result<(), PresentationError> {
    codec(&v.id, &v.codec)?;
    let numbers = [("width", v.width.into()), ("height", v.height.into())];
    not_zero(&v.id, &numbers)?;
    if !FrameRate::STANDARD.contains(&v.frame_rate) {
        return Err(PresentationError::BadRate {
            id: v.id.clone(),
            num: v.frame_rate.num,
            den: v.frame_rate.den,
        });
    }
    segments(&v.id, &v.segments)?;
    let found = total(&v.segments, v.timescale());
    if found != duration {
        return Err(PresentationError::WrongTotal {
            id: v.id.clone(),
            expected: duration,
            found,
        });
    }
    iframes(v)
}

/// Each I-frame inside its segment; together they last as long as each segment.
fn iframes(v: &VideoRendition) -> Result<(), PresentationError> {
    let mut covered = vec![0_u64; v.segments.len()];
    let mut last_segment = 0;
    for (index, iframe) in v.iframes.iter().enumerate() {
        let outside = || PresentationError::IFrameOutside {
            id: v.id.clone(),
            index,
            segment: iframe.segment,
        };
        let place = (iframe.segment as usize)
            .checked_sub(1)
            .ok_or_else(outside)?;
        let segment = v.segments.get(place).ok_or_else(outside)?;
        let end = iframe.offset.checked_add(iframe.length);
        let inside = end.is_some_and(|end| end <= segment.bytes) && iframe.length > 0;
        if !inside || iframe.segment < last_segment {
            return Err(outside());
        }
        last_segment = iframe.segment;
        if let Some(covered) = covered.get_mut(place) {
            *covered = covered.saturating_add(iframe.duration);
        }
    }
    for (place, (segment, found)) in v.segments.iter().zip(covered).enumerate() {
        if segment.duration != found {
            return Err(PresentationError::IFrameCover {
                id: v.id.clone(),
                segment: place + 1,
                expected: segment.duration,
                found,
            });
        }
    }
    Ok(())
}

fn audio(a: &AudioRendition, duration: Rational) -> Result<(), PresentationError> {
    name(&a.group)?;
    codec(&a.id, &a.codec)?;
    language(&a.id, &a.language)?;
    let numbers = [
        ("number of channels", a.channels.into()),
        ("sample rate", a.sample_rate.into()),
    ];
    not_zero(&a.id, &numbers)?;
    segments(&a.id, &a.segments)?;
    let found = total(&a.segments, a.sample_rate);
    // Players end where the longer track ends; more than this leaves a silent or frozen tail.
    let apart = (found - duration).abs() * Rational::whole(4);
    if apart > Rational::ONE {
        return Err(PresentationError::WrongTotal {
            id: a.id.clone(),
            expected: duration,
            found,
        });
    }
    Ok(())
}

/// What two audio renditions of one group, or of one DASH set, must share.
fn audio_pair(first: &AudioRendition, second: &AudioRendition) -> Result<(), PresentationError> {
    if first.group == second.group && first.codec != second.codec {
        return Err(PresentationError::MixedGroup {
            group: first.group.clone(),
            first: first.codec.clone(),
            second: second.codec.clone(),
        });
    }
    if first.same_set(second) {
        return Track::of_audio(second).aligned(&Track::of_audio(first));
    }
    Ok(())
}

/// Times of a rendition, for comparing two.
struct Track<'a> {
    id: &'a str,
    timescale: u32,
    segments: &'a [MediaSegment],
}

impl<'a> Track<'a> {
    fn of_video(v: &'a VideoRendition) -> Self {
        Self {
            id: &v.id,
            timescale: v.timescale(),
            segments: &v.segments,
        }
    }

    fn of_audio(a: &'a AudioRendition) -> Self {
        Self {
            id: &a.id,
            timescale: a.sample_rate,
            segments: &a.segments,
        }
    }

    /// Refuses tracks of different timescale, number of segments, or boundaries.
    fn aligned(&self, reference: &Self) -> Result<(), PresentationError> {
        let durations =
            |track: &Self| -> Vec<u64> { track.segments.iter().map(|s| s.duration).collect() };
        let (mine, theirs) = (durations(self), durations(reference));
        if self.timescale == reference.timescale && mine == theirs {
            return Ok(());
        }
        let same = mine.iter().zip(&theirs).take_while(|(a, b)| a == b);
        let number = if self.timescale == reference.timescale {
            same.count() + 1
        } else {
            1
        };
        Err(PresentationError::Misaligned {
            id: self.id.to_owned(),
            reference: reference.id.to_owned(),
            number,
        })
    }
}

fn storyboard(board: &Storyboard, duration: Rational) -> Result<(), PresentationError> {
    board.grid.check(duration)?;
    let expected = board.grid.sheets();
    if board.sheet_bytes.len() != expected as usize {
        return Err(PresentationError::Storyboard(StoryboardError::SheetCount {
            expected,
            found: board.sheet_bytes.len(),
        }));
    }
    Ok(())
}
