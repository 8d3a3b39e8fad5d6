//! The multivariant playlist (4.4.6).

use domain::caption::CaptionKind;
use domain::time::{BitsPerSecond, Rational};

use super::attributes::{Tag, quotable};
use super::playlist::{iframe_target_duration, resolution, sheet_spans};
use super::rate::{average_bit_rate, peak_bit_rate};
use super::{HEAD, common_target_duration, text};
use crate::captions::CaptionRendition;
use crate::presentation::{AudioRendition, MediaSegment, Presentation, Storyboard, VideoRendition};

/// Apple's default rung for Wi-Fi: what a player that knows nothing of the network starts with
/// (HLS Authoring Specification, "Variants").
const START_RATE: BitsPerSecond = BitsPerSecond::kilo(2000);

/// The multivariant playlist, for `index.m3u8`.
///
/// Every video rendition with every audio group is one variant. The first variant is the start
/// rung, because several players begin with the first one before they have measured anything: the
/// best whose average stays within 2 Mb/s, or the smallest. The others follow by ascending
/// bandwidth. Without video, every audio group is a variant; its own rate is counted once.
///
/// `BANDWIDTH` is the peak of the video plus the largest peak of the group, `AVERAGE-BANDWIDTH`
/// the same of the averages (4.4.6.2). The largest caption is added to both.
///
/// All captions are one group, which every variant has. None of them is the default: who wants one
/// chooses it, or has said so to the player.
#[must_use]
pub fn multivariant(presentation: &Presentation, captions: &[CaptionRendition]) -> String {
    let target = common_target_duration(presentation);
    let groups = groups(presentation.audio(), target);
    let mut lines: Vec<String> = HEAD.map(str::to_owned).into();
    lines.push("#EXT-X-INDEPENDENT-SEGMENTS".to_owned());
    lines.extend(groups.iter().flat_map(media_tags));
    lines.extend(caption_tags(captions));
    let video = presentation.video();
    let mut variants: Vec<Variant> = if video.is_empty() {
        groups.iter().filter_map(audio_variant).collect()
    } else {
        video
            .iter()
            .flat_map(|v| video_variants(v, &groups, target))
            .collect()
    };
    variants.sort_by(|a, b| (a.rate, &a.uri).cmp(&(b.rate, &b.uri)));
    let affordable = |variant: &Variant| variant.rate.average <= START_RATE;
    let start = variants.iter().rposition(affordable).unwrap_or(0);
    if let Some(first) = variants.get_mut(..=start) {
        first.rotate_right(1);
    }
    let words = caption_rate(captions, target);
    for variant in variants {
        lines.extend([variant.line(words), variant.uri]);
    }
    lines.extend(video.iter().map(iframe_tag));
    let storyboard = presentation.storyboard();
    lines.extend(storyboard.map(|storyboard| image_tag(presentation, storyboard)));
    text(&lines)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rate {
    peak: BitsPerSecond,
    average: BitsPerSecond,
}

impl Rate {
    fn of(segments: &[MediaSegment], timescale: u32, target: u32) -> Self {
        Self {
            peak: peak_bit_rate(segments, timescale, target),
            average: average_bit_rate(segments, timescale),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            peak: BitsPerSecond(self.peak.0.saturating_add(other.peak.0)),
            average: BitsPerSecond(self.average.0.saturating_add(other.average.0)),
        }
    }

    /// The larger of each.
    fn or(self, other: Self) -> Self {
        Self {
            peak: self.peak.max(other.peak),
            average: self.average.max(other.average),
        }
    }
}

/// Audio renditions of which a variant plays one.
struct Group<'a> {
    id: &'a str,
    codec: &'a str,
    renditions: Vec<&'a AudioRendition>,
    rate: Rate,
}

/// The groups, in the order in which they first appear.
fn groups(audio: &[AudioRendition], target: u32) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for rendition in audio {
        let rate = Rate::of(&rendition.segments, rendition.sample_rate, target);
        match groups.iter_mut().find(|group| group.id == rendition.group) {
            Some(group) => {
                group.renditions.push(rendition);
                group.rate = group.rate.or(rate);
            }
            None => groups.push(Group {
                id: &rendition.group,
                codec: &rendition.codec,
                renditions: vec![rendition],
                rate,
            }),
        }
    }
    groups
}

/// One `EXT-X-MEDIA` per rendition (4.4.6.1); the first is the group's default.
fn media_tags(group: &Group<'_>) -> Vec<String> {
    let named = group.renditions.iter().zip(names(group)).enumerate();
    let tags = named.map(|(index, (rendition, name))| {
        Tag::new("EXT-X-MEDIA")
            .plain("TYPE", "AUDIO")
            .quoted("GROUP-ID", group.id)
            .quoted("NAME", &name)
            .quoted("LANGUAGE", &rendition.language)
            .plain("DEFAULT", if index == 0 { "YES" } else { "NO" })
            .plain("AUTOSELECT", "YES")
            .quoted("CHANNELS", &rendition.channels.to_string())
            .quoted("URI", &audio_uri(rendition))
            .line()
    });
    tags.collect()
}

/// What a person calls each rendition.
fn names(group: &Group<'_>) -> Vec<String> {
    let named = group.renditions.iter();
    distinct(named.map(|rendition| (rendition.name.as_str(), rendition.language.as_str())))
}

/// Names that are never empty, and different within their group (4.4.6.1.1), though sources name two
/// tracks alike or not at all: a given name, and what stands for it where it says nothing.
fn distinct<'a>(given: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, otherwise) in given {
        let name = quotable(name.trim());
        let plain = if name.is_empty() {
            otherwise.to_owned()
        } else {
            name
        };
        let numbered = (2..).map(|n: u32| format!("{plain} ({n})"));
        let mut candidates = std::iter::once(plain.clone()).chain(numbered);
        names.extend(candidates.find(|name| !names.contains(name)));
    }
    names
}

/// The group of all captions.
const CAPTIONS: &str = "captions";
/// What makes a caption one for who does not hear (4.4.6.1; HLS Authoring Specification,
/// "Accessibility").
const FOR_THE_DEAF: &str =
    "public.accessibility.describes-spoken-dialog,public.accessibility.describes-music-and-sound";

/// One `EXT-X-MEDIA` per caption. A player may choose each by itself, as its user's settings say, and
/// shows a forced one with sound of the same language.
fn caption_tags(captions: &[CaptionRendition]) -> Vec<String> {
    let named: Vec<_> = captions.iter().map(caption_name).collect();
    let named = named.iter().map(|name| (name.as_str(), name.as_str()));
    let tags = captions.iter().zip(distinct(named)).map(|(caption, name)| {
        let is_forced = caption.kind == CaptionKind::Forced;
        let tag = Tag::new("EXT-X-MEDIA")
            .plain("TYPE", "SUBTITLES")
            .quoted("GROUP-ID", CAPTIONS)
            .quoted("NAME", &name)
            .quoted("LANGUAGE", &caption.language)
            .plain("DEFAULT", "NO")
            .plain("AUTOSELECT", "YES")
            .plain("FORCED", if is_forced { "YES" } else { "NO" });
        let tag = match caption.kind {
            CaptionKind::Captions => tag.quoted("CHARACTERISTICS", FOR_THE_DEAF),
            CaptionKind::Subtitles | CaptionKind::Forced => tag,
        };
        tag.quoted("URI", &format!("{}/index.m3u8", caption.folder))
            .line()
    });
    tags.collect()
}

/// What a person calls it; else its language, and its kind where that is not what everybody expects.
fn caption_name(caption: &CaptionRendition) -> String {
    let language = &caption.language;
    match (&caption.name, caption.kind) {
        (Some(name), _) => name.clone(),
        (None, CaptionKind::Subtitles) => language.clone(),
        (None, CaptionKind::Captions) => format!("{language} CC"),
        (None, CaptionKind::Forced) => format!("{language} forced"),
    }
}

/// The largest rates of a caption; none without captions.
fn caption_rate(captions: &[CaptionRendition], target: u32) -> Option<Rate> {
    let rates = captions.iter();
    let rates = rates.map(|caption| Rate::of(&caption.segments, caption.timescale, target));
    rates.reduce(Rate::or)
}

/// One `EXT-X-STREAM-INF` (4.4.6.2).
struct Variant {
    /// Of picture and sound.
    rate: Rate,
    codecs: String,
    picture: Option<Picture>,
    audio: Option<String>,
    uri: String,
}

struct Picture {
    resolution: String,
    frame_rate: String,
}

impl Variant {
    /// The tag, with captions of a rate beside it.
    fn line(&self, captions: Option<Rate>) -> String {
        let rate = captions.map_or(self.rate, |captions| self.rate.plus(captions));
        let mut tag = Tag::new("EXT-X-STREAM-INF")
            .plain("BANDWIDTH", rate.peak)
            .plain("AVERAGE-BANDWIDTH", rate.average)
            .quoted("CODECS", &self.codecs);
        if let Some(picture) = &self.picture {
            tag = tag
                .plain("RESOLUTION", &picture.resolution)
                .plain("FRAME-RATE", &picture.frame_rate);
        }
        if let Some(audio) = &self.audio {
            tag = tag.quoted("AUDIO", audio);
        }
        if captions.is_some() {
            tag = tag.quoted("SUBTITLES", CAPTIONS);
        }
        if self.picture.is_some() {
            tag = tag.plain("CLOSED-CAPTIONS", "NONE");
        }
        tag.line()
    }
}

/// The video rendition with each audio group, or by itself where there is no audio.
fn video_variants(video: &VideoRendition, groups: &[Group<'_>], target: u32) -> Vec<Variant> {
    let rate = Rate::of(&video.segments, video.timescale(), target);
    if groups.is_empty() {
        return vec![video_variant(video, None, rate)];
    }
    groups
        .iter()
        .map(|group| video_variant(video, Some(group), rate.plus(group.rate)))
        .collect()
}

fn video_variant(video: &VideoRendition, group: Option<&Group<'_>>, rate: Rate) -> Variant {
    let codecs = match group {
        Some(group) => format!("{},{}", video.codec, group.codec),
        None => video.codec.clone(),
    };
    Variant {
        rate,
        codecs,
        picture: Some(Picture {
            resolution: resolution(video.width, video.height),
            frame_rate: video.frame_rate.exact().to_decimal(3),
        }),
        audio: group.map(|group| group.id.to_owned()),
        uri: format!("v/{}/index.m3u8", video.id),
    }
}

/// A variant of an asset without video: its URI is the group's default rendition itself, so the
/// group's rate is all there is.
fn audio_variant(group: &Group<'_>) -> Option<Variant> {
    let rendition = group.renditions.first()?;
    Some(Variant {
        rate: group.rate,
        codecs: group.codec.to_owned(),
        picture: None,
        audio: Some(group.id.to_owned()),
        uri: audio_uri(rendition),
    })
}

/// `EXT-X-I-FRAME-STREAM-INF` (4.4.6.3): the peak of the byte ranges, the codec of video alone.
fn iframe_tag(video: &VideoRendition) -> String {
    let ranges: Vec<MediaSegment> = video
        .iframes
        .iter()
        .map(|iframe| MediaSegment {
            duration: iframe.duration,
            bytes: iframe.length,
        })
        .collect();
    let rate = Rate::of(&ranges, video.timescale(), iframe_target_duration(video));
    Tag::new("EXT-X-I-FRAME-STREAM-INF")
        .plain("BANDWIDTH", rate.peak)
        .plain("AVERAGE-BANDWIDTH", rate.average)
        .quoted("CODECS", &video.codec)
        .plain("RESOLUTION", resolution(video.width, video.height))
        .quoted("URI", &format!("v/{}/iframes.m3u8", video.id))
        .line()
}

/// `EXT-X-IMAGE-STREAM-INF` (image media playlist specification 0.4): the resolution is that of a
/// tile, the bandwidth that of the most costly sheet.
fn image_tag(presentation: &Presentation, storyboard: &Storyboard) -> String {
    let grid = &storyboard.grid;
    Tag::new("EXT-X-IMAGE-STREAM-INF")
        .plain("BANDWIDTH", sheet_rate(presentation, storyboard))
        .quoted("CODECS", "jpeg")
        .plain("RESOLUTION", resolution(grid.tile_width, grid.tile_height))
        .quoted("URI", "thumbs/images.m3u8")
        .line()
}

/// The largest bit rate of a sheet over the time that it stands for, rounded up.
pub(crate) fn sheet_rate(presentation: &Presentation, storyboard: &Storyboard) -> BitsPerSecond {
    let spans = sheet_spans(presentation, storyboard);
    let rates = spans.into_iter().zip(&storyboard.sheet_bytes);
    let largest = rates
        .map(|(span, bytes)| (Rational::whole(*bytes) * Rational::whole(8) / span).ceil())
        .max();
    BitsPerSecond(u64::try_from(largest.unwrap_or(0)).unwrap_or(u64::MAX))
}

fn audio_uri(audio: &AudioRendition) -> String {
    format!("a/{}/index.m3u8", audio.id)
}
