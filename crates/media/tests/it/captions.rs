use domain::caption::{Caption, CaptionKind};
use domain::ids::CaptionId;
use domain::language::Language;
use media::captions::{self, CaptionError, CaptionText, caption_files, manifest_files, read};
use media::manifest::{ManifestFile, PLAYLIST_TYPE};
use media::presentation::Presentation;
use media::webvtt::{Cue, render};
use proptest::prelude::*;

use crate::presentation::{duration, film, sound};

fn cue(start: u64, end: u64, text: &str) -> Cue {
    Cue {
        start,
        end,
        settings: String::new(),
        text: text.to_owned(),
    }
}

fn caption(language: &str, kind: CaptionKind, name: Option<&str>) -> Caption {
    Caption {
        id: CaptionId::new(format!("c{language}-{}", kind.name())).unwrap(),
        language: Language::parse(language).unwrap(),
        kind,
        name: name.map(str::to_owned),
        added_ms: 1,
    }
}

/// A film of 30.997 s with three captions.
fn texts() -> [CaptionText; 3] {
    [
        (caption("de", CaptionKind::Subtitles, None), "Guten Tag."),
        (
            caption("de", CaptionKind::Captions, Some("Deutsch \"CC\"")),
            "[Wind]",
        ),
        (caption("en-GB", CaptionKind::Forced, None), "STOP"),
    ]
    .map(|(caption, words)| CaptionText {
        caption,
        cues: vec![
            cue(1_000, 2_000, words),
            cue(5_000, 13_000, "over three segments"),
            cue(30_000, 40_000, "to the end"),
            cue(41_000, 42_000, "behind it"),
        ],
    })
}

fn file<'a>(files: &'a [ManifestFile], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap().text
}

#[test]
fn webvtt_with_everything_that_a_file_may_hold() {
    let text = "\u{feff}WEBVTT - a title\r\nX-HEADER: 1\r\n\r\nSTYLE\r\n::cue(b) { color: red }\r\n\r\n\
        REGION\r\nid:fred\r\n\r\nNOTE 00:09.000 --> 00:10.000\r\nnobody sees this\r\n\r\n\
        7\r\n01:00:05.250 --> 01:00:07.000 region:fred line:0 align:start bogus\r\n<v Ann>Later &amp; <i>softly</i>\r\n\r\n\
        00:01.000 --> 00:02.500\r\nsooner\r\non two lines\r\n00:02.500 --> 00:02.600\r\nwithout a line between\r\n\r\n\
        00:03.000 --> 00:03.000\r\nnever\r\n\r\n00:04.000 --> 00:05.000\r\n";
    let cues = read(text.as_bytes()).unwrap();
    let later = Cue {
        settings: "line:0 align:start".to_owned(),
        ..cue(3_605_250, 3_607_000, "<v Ann>Later &amp; <i>softly</i>")
    };
    assert_eq!(
        cues,
        [
            cue(1_000, 2_500, "sooner\non two lines"),
            cue(2_500, 2_600, "without a line between"),
            later,
        ]
    );
}

#[test]
fn subrip_as_it_is_found() {
    let text = "\n\n1\n00:00:01,000 --> 00:00:02,5  X1:40 X2:600\n<font color=\"#fff\">Tom & <I>Jerry</I></font> <3\n\n\
        00:00:03.000-->00:00:04.000\n{\\an8}no number, and a\n\nblank line\n3\n0:00:05,000 --> 0:00:06,000\n1984\n\n\n";
    let cues = read(text.as_bytes()).unwrap();
    let above = Cue {
        settings: "line:0".to_owned(),
        ..cue(3_000, 4_000, "no number, and a\nblank line")
    };
    assert_eq!(
        cues,
        [
            cue(1_000, 2_500, "Tom &amp; <i>Jerry</i> &lt;3"),
            above,
            cue(5_000, 6_000, "1984"),
        ]
    );
}

#[test]
fn utf_16_says_the_same() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\nÄtsch 🎬\n";
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&little), read(text.as_bytes()));
    assert_eq!(read(&big), read(text.as_bytes()));
    assert_eq!(read(&little).unwrap()[0].text, "Ätsch 🎬");
    assert_eq!(read(&little[..5]), Err(CaptionError::Encoding { at: 4 }));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (file, words) in [
        (&b""[..], "no text"),
        (b"WEBVTT\n\nNOTE nothing\n", "no text"),
        (b"hello", "line 1: there should be a time span"),
        (b"1\n\nhello\n", "line 1: there should be"),
        (
            b"1\n00:00:01,000 --> 00:00:61,000\nx",
            "line 2: `00:00:01,000 --> 00:00:61,000`",
        ),
        (
            b"WEBVTT\n\n\n00:02.000 --> 00:01.000\nx",
            "line 4: the time span ends",
        ),
        (
            b"1\n00:00:01,000 --> 00:00:02,000\nGr\xfc\xdfe",
            "byte 34 is not UTF-8",
        ),
        (
            b"WEBVTTX\n\n00:01.000 --> 00:02.000\nx",
            "line 1: there should be",
        ),
    ] {
        let error = read(file).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

fn cues() -> impl Strategy<Value = Vec<Cue>> {
    let words = "[a-zA-Zäß&<>.!?\u{200f}]{1,12}( [a-z]{1,5}){0,3}(\n[a-z]{1,9}){0,2}";
    let settings = prop_oneof![Just(""), Just("line:0"), Just("align:start position:10%")];
    let one = (0_u64..100_000_000, 1_u64..100_000, settings, words).prop_map(
        |(start, length, settings, text)| Cue {
            start,
            end: start + length,
            settings: settings.to_owned(),
            text: text.replace("-->", ""),
        },
    );
    proptest::collection::vec(one, 1..20).prop_map(|mut cues| {
        cues.sort_by_key(|cue| (cue.start, cue.end));
        cues
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(cues in cues()) {
        prop_assert_eq!(read(render(&cues).as_bytes()).unwrap(), cues);
    }

    #[test]
    fn no_input_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    /// Made of what formats are made of, so that parsers get far.
    #[test]
    fn what_is_read_can_be_written(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("WEBVTT"), Just("\n"), Just("\r\n"), Just("\n\n"), Just("1"), Just(" --> "), Just("-->"),
                Just("00:01.000"), Just("00:00:02,5"), Just("x <i> {\\an8} & <"), Just("\u{feff}"), Just("NOTE "),
                Just(" line:0"), Just("\u{85}"), Just("\u{2028} "), Just("\0"),
            ],
            0..30,
        ),
        is_webvtt in any::<bool>(),
    ) {
        let head = if is_webvtt { "WEBVTT\n\n" } else { "" };
        let file = format!("{head}{}", parts.concat());
        if let Ok(cues) = read(file.as_bytes()) {
            prop_assert!(cues.iter().all(|cue| cue.start < cue.end && !cue.text.is_empty()));
            prop_assert!(cues.is_sorted_by_key(|cue| (cue.start, cue.end)));
            prop_assert_eq!(read(render(&cues).as_bytes()).unwrap(), cues);
        }
    }

    #[test]
    fn every_cue_is_in_the_segments_during_which_it_is_shown(cues in cues()) {
        let film = film();
        let end = u64::try_from((film.duration() * domain::time::Rational::whole(1000)).floor()).unwrap();
        let cues: Vec<_> = cues
            .into_iter()
            .map(|cue| Cue { start: cue.start % 40_000, end: cue.start % 40_000 + (cue.end - cue.start), ..cue })
            .collect();
        let text = CaptionText { caption: caption("de", CaptionKind::Subtitles, None), cues: cues.clone() };
        let files = caption_files(&film, &text);
        let (whole, rest) = files.split_first().unwrap();
        let (_, segments) = rest.split_last().unwrap();
        let seen = |file: &ManifestFile| read(file.text.as_bytes()).unwrap_or_default();
        let mut shown: Vec<_> = segments.iter().flat_map(seen).collect();
        shown.sort();
        shown.dedup();
        let mut expected: Vec<_> = cues
            .into_iter()
            .filter(|cue| cue.start < end)
            .map(|cue| Cue { end: cue.end.min(end), ..cue })
            .collect();
        expected.sort();
        expected.dedup();
        prop_assert_eq!(&shown, &expected);
        let mut all = seen(whole);
        all.sort();
        all.dedup();
        prop_assert_eq!(all, expected);
    }
}

#[test]
fn captions_beside_a_film() {
    let film = film();
    let manifests = manifest_files(&film, 7, &texts()).unwrap();
    insta::assert_snapshot!("captioned_multivariant", file(&manifests, "index-7.m3u8"));
    insta::assert_snapshot!("captioned_mpd", file(&manifests, "manifest-7.mpd"));
    let files = caption_files(&film, &texts()[0]);
    insta::assert_snapshot!(
        "caption_playlist",
        file(&files, "s/cde-subtitles/index.m3u8")
    );
    insta::assert_snapshot!("caption_whole", file(&files, "s/cde-subtitles/whole.vtt"));
    insta::assert_snapshot!("caption_segment", file(&files, "s/cde-subtitles/00002.vtt"));
}

#[test]
fn a_segment_where_nobody_speaks_is_there_too() {
    let files = caption_files(&film(), &texts()[0]);
    assert_eq!(file(&files, "s/cde-subtitles/00004.vtt"), "WEBVTT\n");
    let last = files.last().unwrap();
    assert_eq!(
        last.content_type, PLAYLIST_TYPE,
        "what names the others is last"
    );
    let playlist = m3u8_rs::parse_media_playlist_res(last.text.as_bytes()).unwrap();
    let film = film();
    let picture = media::hls::video_playlist(&film, &film.video()[0]);
    let picture = m3u8_rs::parse_media_playlist_res(picture.as_bytes()).unwrap();
    assert_eq!(playlist.target_duration, picture.target_duration);
    let lengths =
        |of: &m3u8_rs::MediaPlaylist| of.segments.iter().map(|s| s.duration).collect::<Vec<_>>();
    assert_eq!(lengths(&playlist), lengths(&picture));
    for segment in &playlist.segments {
        file(&files, &format!("s/cde-subtitles/{}", segment.uri));
    }
}

#[test]
fn sound_alone_has_captions() {
    let only_sound = Presentation::new(duration(), vec![], vec![sound()], None).unwrap();
    let files = caption_files(&only_sound, &texts()[0]);
    assert_eq!(files.len(), sound().segments.len() + 2);
    let [hls, _] = manifest_files(&only_sound, 1, &texts()).unwrap();
    let master = m3u8_rs::parse_master_playlist_res(hls.text.as_bytes()).unwrap();
    assert!(
        master
            .variants
            .iter()
            .all(|v| v.subtitles.as_deref() == Some("captions"))
    );
}

#[test]
fn without_captions_the_manifests_are_those_of_the_film() {
    let film = film();
    let [hls, dash] = manifest_files(&film, 3, &[]).unwrap();
    assert_eq!(hls.text, media::hls::multivariant(&film, &[]));
    assert_eq!(dash.text, media::dash::mpd(&film, &[]).unwrap());
}

#[test]
fn a_presentation_comes_back_out_of_its_json() {
    let json = serde_json::to_string(&film()).unwrap();
    assert_eq!(serde_json::from_str::<Presentation>(&json).unwrap(), film());
    let empty = json.replace("\"segments\":[", "\"segments\":[],\"x\":[");
    assert!(
        serde_json::from_str::<Presentation>(&empty).is_err(),
        "it is checked again"
    );
}

#[test]
fn a_line_is_shown_cut() {
    let long = format!("1\n00:00:01,000 --> {}\n", "9".repeat(500));
    let error = captions::read(long.as_bytes()).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}
