use domain::time::Rational;
use media::dash::mpd;
use media::manifest;
use media::presentation::{AudioRendition, Presentation, VideoRendition};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::presentation::{board, duration, film, rungs, sound};

#[test]
fn mpd_of_a_film() {
    insta::assert_snapshot!(mpd(&film(), &[]).unwrap());
}

#[test]
fn mpd_of_an_audio_asset() {
    let only_sound = Presentation::new(duration(), vec![], vec![sound()], None).unwrap();
    insta::assert_snapshot!(mpd(&only_sound, &[]).unwrap());
}

/// Start tags of this name, in order, with their attributes.
fn elements(text: &str, name: &str) -> Vec<Vec<(String, String)>> {
    let attributes = |tag: &BytesStart<'_>| {
        tag.attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                (
                    attribute.key.as_ref().to_owned(),
                    attribute.value.into_owned(),
                )
            })
            .collect()
    };
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == name => {
                found.push(attributes(&tag));
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn value(attributes: &[(String, String)], name: &str) -> Option<i128> {
    let found = attributes.iter().find(|(key, _)| key == name)?;
    found.1.parse().ok()
}

#[test]
fn the_timelines_add_up_to_the_tracks() {
    let text = mpd(&film(), &[]).unwrap();
    let total: i128 = elements(&text, "S")
        .iter()
        .map(|s| value(s, "d").unwrap() * (value(s, "r").unwrap_or(0) + 1))
        .sum();
    let video = 929 * 1001;
    let audio: u64 = sound().segments.iter().map(|s| s.duration).sum();
    assert_eq!(total, video + i128::from(audio));
    let starts: Vec<_> = elements(&text, "S")
        .iter()
        .filter_map(|s| value(s, "t"))
        .collect();
    assert_eq!(starts, [0, 0]);
}

#[test]
fn every_set_and_representation_has_its_own_id() {
    let text = mpd(&film(), &[]).unwrap();
    for name in ["AdaptationSet", "Representation"] {
        let ids: Vec<_> = elements(&text, name)
            .iter()
            .map(|e| e.iter().find(|(key, _)| key == "id").unwrap().1.clone())
            .collect();
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
    }
}

#[test]
fn codecs_and_languages_have_sets_of_their_own_and_bit_rates_share_one() {
    let hevc = VideoRendition {
        id: "hevc".into(),
        codec: "hvc1.1.6.L93.B0".into(),
        ..rungs().remove(0)
    };
    let mut video = rungs();
    video.push(hevc);
    let track = |id: &str, group: &str, language: &str| AudioRendition {
        id: id.into(),
        group: group.into(),
        language: language.into(),
        ..sound()
    };
    let audio = vec![
        track("en-128k", "aac-128k", "en"),
        track("de-128k", "aac-128k", "de"),
        track("en-64k", "aac-64k", "en"),
    ];
    let film = Presentation::new(duration(), video, audio, None).unwrap();
    let text = mpd(&film, &[]).unwrap();
    assert_eq!(elements(&text, "AdaptationSet").len(), 2 + 2);
    assert_eq!(elements(&text, "Representation").len(), 4 + 3);
}

#[test]
fn a_name_is_escaped_and_stripped_of_what_xml_cannot_hold() {
    let named = AudioRendition {
        name: "a <b> & \"c\"\u{1}\u{ffff}".into(),
        ..sound()
    };
    let film = Presentation::new(duration(), rungs(), vec![named], None).unwrap();
    let text = mpd(&film, &[]).unwrap();
    assert!(
        text.contains("<Label>a &lt;b&gt; &amp; &quot;c&quot;  </Label>"),
        "{text}"
    );
}

#[test]
fn an_interval_of_odd_length_is_exact() {
    let mut board = board();
    board.grid.interval = Rational::new(60 * 1001, 30_000).unwrap();
    let film = Presentation::new(duration(), rungs(), vec![], Some(board)).unwrap();
    let text = mpd(&film, &[]).unwrap();
    let templates = elements(&text, "SegmentTemplate");
    let images = templates.last().unwrap();
    assert_eq!(
        Rational::new(
            value(images, "duration").unwrap(),
            value(images, "timescale").unwrap()
        ),
        Rational::new(12 * 60 * 1001, 30_000)
    );
}

#[test]
fn files_come_in_an_order_in_which_none_names_one_that_is_not_there() {
    let files = manifest::files(&film()).unwrap();
    let paths: Vec<_> = files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "v/1080p/index.m3u8",
            "v/1080p/iframes.m3u8",
            "v/720p/index.m3u8",
            "v/720p/iframes.m3u8",
            "v/480p/index.m3u8",
            "v/480p/iframes.m3u8",
            "a/und-128k/index.m3u8",
            "thumbs/images.m3u8",
            "index.m3u8",
            "manifest.mpd",
        ]
    );
    let multivariant = &files[8].text;
    for path in &paths[..8] {
        assert!(multivariant.contains(path), "{path}");
    }
}
