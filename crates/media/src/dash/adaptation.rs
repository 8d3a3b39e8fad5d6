//! The `AdaptationSet`s: one per video codec, one per audio track, one per caption, one for the
//! thumbnails.

use domain::caption::CaptionKind;
use domain::time::Rational;

use super::xml::Element;
use crate::captions::{CaptionRendition, WHOLE};
use crate::hls::rate::peak_bit_rate;
use crate::hls::sheet_rate;
use crate::presentation::{AudioRendition, MediaSegment, Presentation, Storyboard, VideoRendition};

/// The sets, in the order video, audio, captions, images, numbered from 1.
pub(super) fn sets(
    presentation: &Presentation,
    captions: &[CaptionRendition],
    target: u32,
) -> Vec<Element> {
    let mut ids = 1..;
    let mut sets = Vec::new();
    let one_decoder = |a: &VideoRendition, b: &VideoRendition| family(&a.codec) == family(&b.codec);
    for (set, id) in group_by(presentation.video(), one_decoder)
        .iter()
        .zip(&mut ids)
    {
        sets.push(video_set(set, id, target));
    }
    let mut kind = "main";
    for (set, id) in group_by(presentation.audio(), AudioRendition::same_set)
        .iter()
        .zip(&mut ids)
    {
        sets.push(audio_set(set, id, kind, target));
        kind = "alternate";
    }
    let numbered = captions.iter().zip(&mut ids);
    sets.extend(numbered.map(|(caption, id)| caption_set(presentation, caption, id)));
    let storyboard = presentation.storyboard().into_iter().zip(&mut ids);
    sets.extend(storyboard.map(|(storyboard, id)| image_set(presentation, storyboard, id)));
    sets
}

/// Puts each item with the first group all of whose members it is `alike`.
fn group_by<T>(items: &[T], alike: impl Fn(&T, &T) -> bool) -> Vec<Vec<&T>> {
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for item in items {
        let fits = |group: &&mut Vec<&T>| group.iter().all(|member| alike(member, item));
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// The part of a codec string that says which decoder is needed.
fn family(codec: &str) -> &str {
    codec.split('.').next().unwrap_or(codec)
}

fn video_set(set: &[&VideoRendition], id: u32, target: u32) -> Element {
    let largest = set
        .iter()
        .max_by_key(|v| (u64::from(v.width) * u64::from(v.height), &v.id));
    let mut ascending = set.to_vec();
    ascending.sort_by_key(|v| (peak_bit_rate(&v.segments, v.timescale(), target), &v.id));
    let element = media_set(id, "video", "video/mp4")
        .maybe("maxWidth", set.iter().map(|v| v.width).max())
        .maybe("maxHeight", set.iter().map(|v| v.height).max())
        .maybe("maxFrameRate", largest.map(|v| v.frame_rate))
        .maybe("par", largest.map(|v| aspect_ratio(v.width, v.height)))
        .child(role("main"))
        .children(largest.map(|v| template('v', v.timescale(), &v.segments)));
    element.children(ascending.into_iter().map(|v| {
        Element::new("Representation")
            .attribute("id", &v.id)
            .attribute(
                "bandwidth",
                peak_bit_rate(&v.segments, v.timescale(), target),
            )
            .attribute("codecs", &v.codec)
            .attribute("width", v.width)
            .attribute("height", v.height)
            .attribute("frameRate", v.frame_rate)
            .attribute("sar", "1:1")
    }))
}

fn audio_set(set: &[&AudioRendition], id: u32, kind: &str, target: u32) -> Element {
    let first = set.first();
    let mut ascending = set.to_vec();
    ascending.sort_by_key(|a| (peak_bit_rate(&a.segments, a.sample_rate, target), &a.id));
    let name = first.map(|a| a.name.trim()).filter(|name| !name.is_empty());
    let element = media_set(id, "audio", "audio/mp4")
        .maybe("lang", first.map(|a| &a.language))
        .children(name.map(|name| Element::new("Label").text(name)))
        .child(role(kind))
        .children(first.map(|a| template('a', a.sample_rate, &a.segments)));
    element.children(ascending.into_iter().map(|a| {
        Element::new("Representation")
            .attribute("id", &a.id)
            .attribute(
                "bandwidth",
                peak_bit_rate(&a.segments, a.sample_rate, target),
            )
            .attribute("codecs", &a.codec)
            .attribute("audioSamplingRate", a.sample_rate)
            .child(
                Element::new("AudioChannelConfiguration")
                    .attribute(
                        "schemeIdUri",
                        "urn:mpeg:dash:23003:3:audio_channel_configuration:2011",
                    )
                    .attribute("value", a.channels),
            )
    }))
}

/// A caption, whole in one file (DASH-IF IOP 4.3, 6.4.2).
fn caption_set(presentation: &Presentation, caption: &CaptionRendition, id: u32) -> Element {
    let value = match caption.kind {
        CaptionKind::Subtitles => "subtitle",
        CaptionKind::Captions => "caption",
        CaptionKind::Forced => "forced-subtitle",
    };
    // For the hard of hearing, as DVB-DASH 10.4.4 says it (TVA AudioPurposeCS).
    let accessibility = (caption.kind == CaptionKind::Captions).then(|| {
        Element::new("Accessibility")
            .attribute("schemeIdUri", "urn:tva:metadata:cs:AudioPurposeCS:2007")
            .attribute("value", 2)
    });
    let name = caption.name.as_deref();
    let bits = Rational::whole(caption.bytes) * Rational::whole(8) / presentation.duration();
    let file = Element::new("BaseURL").text(&format!("{}/{WHOLE}", caption.folder));
    let representation = Element::new("Representation")
        .attribute("id", caption.folder.replace('/', "-"))
        .attribute("bandwidth", bits.ceil())
        .child(file);
    Element::new("AdaptationSet")
        .attribute("id", id)
        .attribute("contentType", "text")
        .attribute("mimeType", "text/vtt")
        .attribute("lang", &caption.language)
        .children(name.map(|name| Element::new("Label").text(name)))
        .children(accessibility)
        .child(role(value))
        .child(representation)
}

/// Thumbnails as DASH-IF has them (IOP 4.3, 6.2.6): the Representation has the size of a sheet.
fn image_set(presentation: &Presentation, storyboard: &Storyboard, id: u32) -> Element {
    let grid = &storyboard.grid;
    let sheet = grid.sheet_duration();
    let template = Element::new("SegmentTemplate")
        .attribute("media", "thumbs/storyboard-$Number%03d$.jpg")
        .attribute("timescale", sheet.den())
        .attribute("duration", sheet.num())
        .attribute("startNumber", 1);
    let tiles = Element::new("EssentialProperty")
        .attribute("schemeIdUri", "http://dashif.org/guidelines/thumbnail_tile")
        .attribute("value", format!("{}x{}", grid.columns, grid.rows));
    let representation = Element::new("Representation")
        .attribute("id", "thumbnails")
        .attribute("bandwidth", sheet_rate(presentation, storyboard))
        .attribute("width", grid.sheet_width())
        .attribute("height", grid.sheet_height())
        .child(tiles);
    Element::new("AdaptationSet")
        .attribute("id", id)
        .attribute("contentType", "image")
        .attribute("mimeType", "image/jpeg")
        .child(template)
        .child(representation)
}

/// A set of media segments between which a player may switch: all begin with a sync sample, at
/// the same times.
fn media_set(id: u32, content_type: &str, mime_type: &str) -> Element {
    Element::new("AdaptationSet")
        .attribute("id", id)
        .attribute("contentType", content_type)
        .attribute("mimeType", mime_type)
        .attribute("segmentAlignment", true)
        .attribute("startWithSAP", 1)
}

fn role(value: &str) -> Element {
    Element::new("Role")
        .attribute("schemeIdUri", "urn:mpeg:dash:role:2011")
        .attribute("value", value)
}

/// Where the segments are, and when (ISO/IEC 23009-1, 5.3.9.4 and 5.3.9.6).
fn template(folder: char, timescale: u32, segments: &[MediaSegment]) -> Element {
    Element::new("SegmentTemplate")
        .attribute("timescale", timescale)
        .attribute(
            "initialization",
            format!("{folder}/$RepresentationID$/init.mp4"),
        )
        .attribute(
            "media",
            format!("{folder}/$RepresentationID$/$Number%05d$.m4s"),
        )
        .attribute("startNumber", 1)
        .child(timeline(segments))
}

/// One `S` per run of equal durations; `r` counts the repetitions after the first.
fn timeline(segments: &[MediaSegment]) -> Element {
    let runs = segments.chunk_by(|a, b| a.duration == b.duration);
    let runs = runs.enumerate().map(|(index, run)| {
        let repeated = Some(run.len().saturating_sub(1)).filter(|r| *r > 0);
        Element::new("S")
            .maybe("t", (index == 0).then_some(0))
            .maybe("d", run.first().map(|s| s.duration))
            .maybe("r", repeated)
    });
    Element::new("SegmentTimeline").children(runs)
}

/// `width:height` in lowest terms; pixels are square.
fn aspect_ratio(width: u32, height: u32) -> String {
    let ratio = Rational::whole(width) / Rational::whole(height);
    format!("{}:{}", ratio.num(), ratio.den())
}
