//! From ffprobe's words and the packets to the domain's facts.

use std::collections::BTreeMap;

use domain::source::{AudioTrack, Colour, Rotation, VideoTrack};
use domain::time::Rational;

use super::fold::{Frames, SoundFold};
use super::header::{Header, Stream};

/// Longest last frame of a source with a variable rate, in seconds.
const LONGEST_LAST: i64 = 1;

/// Tags that are kept, and how long each may be: they are the file's own words.
const MOST_TAGS: usize = 64;
const LONGEST_TAG: usize = 1000;

/// The main picture.
///
/// `whole_rate` is the average rate over the whole stream where the container knows it; it
/// uncovers a variable rate that happens to be steady where it was looked at.
pub(super) fn video(stream: &Stream, frames: Frames, whole_rate: Option<Rational>) -> VideoTrack {
    let tick = stream.tick();
    let rate = frames.meter.finish(tick);
    let steady = whole_rate.is_none_or(|whole| {
        let off = (whole - rate.per_second).abs();
        off * Rational::whole(50) <= rate.per_second
    });
    let constant_rate = rate.constant && steady;
    let origin = frames.first.unwrap_or_default();
    let (last, stated) = frames.last.unwrap_or_default();
    let mut lasts = stated.unwrap_or(rate.typical);
    if !constant_rate {
        let cap = (Rational::whole(LONGEST_LAST) / tick).floor();
        lasts = lasts.min(i64::try_from(cap).unwrap_or(i64::MAX));
    }
    VideoTrack {
        index: stream.index,
        codec: stream.codec(),
        width: stream.width,
        height: stream.height,
        pixel_format: stream.pix_fmt.clone().unwrap_or_default(),
        sample_aspect: sample_aspect(stream.sample_aspect_ratio.as_deref()),
        rotation: rotation(stream),
        interlaced: interlaced(stream.field_order.as_deref()),
        colour: Colour {
            primaries: stream.color_primaries.clone(),
            transfer: stream.color_transfer.clone(),
            matrix: stream.color_space.clone(),
            range: stream.color_range.clone(),
        },
        time_base: tick,
        origin,
        end: last
            .saturating_add(lasts.max(1))
            .max(origin.saturating_add(1)),
        rate: rate.per_second,
        constant_rate,
    }
}

/// The average rate over the whole stream, as MP4's sample table gives it.
pub(super) fn whole_rate(stream: &Stream) -> Option<Rational> {
    let rate: Rational = stream.avg_frame_rate.as_deref()?.parse().ok()?;
    (rate > Rational::ZERO).then_some(rate)
}

/// A sound track, from its packets.
pub(super) fn sound(stream: &Stream, packets: &SoundFold) -> Option<AudioTrack> {
    let tick = stream.tick();
    let first = Rational::whole(packets.first?) * tick;
    // ffprobe's start knows of samples that a decoder drops (priming, pre-skip), the packets do
    // not; where both disagree by more than that, the header is wrong.
    let start = stream
        .start_pts
        .map(|ticks| Rational::whole(ticks) * tick)
        .filter(|&start| (start - first).abs() < Rational::ONE)
        .unwrap_or(first);
    let end = Rational::whole(packets.end?) * tick;
    Some(AudioTrack {
        index: stream.index,
        codec: stream.codec(),
        sample_rate: stream.sample_rate.as_deref()?.parse().ok()?,
        channels: stream.channels,
        start,
        end: end.max(start),
        language: language(stream.tags.get("language")),
    })
}

/// The container's tags without those that describe the container itself; a sound file's (Ogg)
/// are those of its stream.
pub(super) fn tags(header: &Header, alone: Option<&Stream>) -> BTreeMap<String, String> {
    const TECHNICAL: [&str; 9] = [
        "major_brand",
        "minor_version",
        "compatible_brands",
        "encoder",
        "duration",
        "handler_name",
        "vendor_id",
        "language",
        "creation_time",
    ];
    let of_stream = alone.map(|stream| &stream.tags).into_iter().flatten();
    of_stream
        .chain(&header.format.tags)
        .filter(|(name, value)| {
            !TECHNICAL.contains(&name.to_ascii_lowercase().as_str())
                && name.len() <= LONGEST_TAG
                && value.len() <= LONGEST_TAG
        })
        .take(MOST_TAGS)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// `64:45`; square where the container says nothing, or nonsense.
fn sample_aspect(text: Option<&str>) -> Rational {
    let stated = text
        .and_then(|text| text.replace(':', "/").parse::<Rational>().ok())
        .unwrap_or(Rational::ONE);
    // Real ones lie between 1:2 and 3:1.
    let widest = Rational::whole(10);
    if stated > widest || stated * widest < Rational::ONE {
        return Rational::ONE;
    }
    stated
}

fn rotation(stream: &Stream) -> Rotation {
    stream
        .side_data_list
        .iter()
        .find_map(|data| data.rotation.as_ref())
        .and_then(serde_json::Number::as_f64)
        .and_then(|degrees| format!("{degrees:.0}").parse().ok())
        .map_or(Rotation::None, Rotation::from_degrees)
}

fn interlaced(field_order: Option<&str>) -> bool {
    field_order.is_some_and(|order| !matches!(order, "progressive" | "unknown"))
}

/// Two or three letters, as ISO 639 has them; `und` is none.
fn language(tag: Option<&String>) -> Option<String> {
    let tag = tag?.to_ascii_lowercase();
    let known = (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
    (known && tag != "und").then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_about_pixels_is_not_believed() {
        let ratio = |text| sample_aspect(Some(text)).to_string();
        assert_eq!(ratio("64:45"), "64/45");
        assert_eq!(ratio("2:1"), "2");
        for nonsense in ["0:1", "1:0", "N/A", "5000:1", "1:5000", "-1:1"] {
            assert_eq!(ratio(nonsense), "1", "{nonsense}");
        }
    }

    #[test]
    fn a_field_order_means_fields() {
        assert!(interlaced(Some("tt")) && interlaced(Some("bb")));
        assert!(!interlaced(Some("progressive")) && !interlaced(None));
    }

    #[test]
    fn a_language_is_letters() {
        let language = |tag: &str| language(Some(&tag.to_owned()));
        assert_eq!(language("DEU").as_deref(), Some("deu"));
        assert_eq!(language("und"), None);
        assert_eq!(language("../x"), None);
    }

    fn frames(times: &[i64], lasts: i64) -> Frames {
        let mut frames = Frames::default();
        for &time in times {
            frames.meter.push(time);
        }
        frames.first = times.first().copied();
        frames.last = times.last().map(|&time| (time, Some(lasts)));
        frames
    }

    #[test]
    fn a_last_frame_is_capped_only_where_the_rate_varies() {
        let steady = video(&Stream::default(), frames(&[0, 2000, 4000], 2000), None);
        assert_eq!((steady.end, steady.constant_rate), (6000, true));
        let varying = video(&Stream::default(), frames(&[0, 40, 4000], 9000), None);
        assert_eq!((varying.end, varying.constant_rate), (5000, false));
    }

    #[test]
    fn the_average_uncovers_a_variable_rate() {
        let times: Vec<i64> = (0..100).map(|n| n * 40).collect();
        let average = |fps: i64| Some(Rational::whole(fps));
        let track = |average| video(&Stream::default(), frames(&times, 40), average);
        assert!(track(average(25)).constant_rate);
        assert!(!track(average(40)).constant_rate);
    }

    #[test]
    fn a_stray_header_does_not_move_the_sound() {
        let stream = Stream {
            start_pts: Some(9_000_000),
            sample_rate: Some("48000".into()),
            ..Stream::default()
        };
        let packets = SoundFold {
            first: Some(40),
            end: Some(1040),
        };
        let track = sound(&stream, &packets).unwrap();
        assert_eq!(track.end - track.start, Rational::ONE);
    }
}
