use std::collections::HashSet;

use domain::time::Rational;
use m3u8_rs::{
    AlternativeMediaType, ClosedCaptionGroupId, MasterPlaylist, MediaPlaylist, MediaPlaylistType,
};
use media::hls;
use media::hls::rate::{average_bit_rate, peak_bit_rate};
use media::presentation::{AudioRendition, Presentation};
use proptest::prelude::*;

use crate::presentation::{audio, board, duration, film, rungs, sound, video};

fn read_master(text: &str) -> MasterPlaylist {
    m3u8_rs::parse_master_playlist_res(text.as_bytes()).unwrap()
}

fn read_media(text: &str) -> MediaPlaylist {
    m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap()
}

#[test]
fn multivariant_of_a_film() {
    insta::assert_snapshot!(hls::multivariant(&film(), &[]));
}

#[test]
fn multivariant_of_an_audio_asset() {
    let only_sound = Presentation::new(duration(), vec![], vec![sound()], None).unwrap();
    insta::assert_snapshot!(hls::multivariant(&only_sound, &[]));
}

#[test]
fn multivariant_of_a_silent_film() {
    let silent = Presentation::new(duration(), rungs(), vec![], None).unwrap();
    insta::assert_snapshot!(hls::multivariant(&silent, &[]));
}

#[test]
fn media_playlists_of_a_film() {
    let film = film();
    insta::assert_snapshot!("video", hls::video_playlist(&film, &film.video()[0]));
    insta::assert_snapshot!("iframes", hls::iframe_playlist(&film.video()[0]));
    insta::assert_snapshot!("audio", hls::audio_playlist(&film, &film.audio()[0]));
    insta::assert_snapshot!("images", hls::image_playlist(&film, &board()));
}

#[test]
fn another_parser_reads_every_variant() {
    let film = film();
    let master = read_master(&hls::multivariant(&film, &[]));
    assert_eq!(master.version, Some(7));
    assert!(master.independent_segments);
    let target = hls::common_target_duration(&film);
    for rung in film.video() {
        let uri = format!("v/{}/index.m3u8", rung.id);
        let variant = master.variants.iter().find(|v| v.uri == uri).unwrap();
        let sound = &film.audio()[0];
        let peak = peak_bit_rate(&rung.segments, rung.timescale(), target).0
            + peak_bit_rate(&sound.segments, 48_000, target).0;
        let average = average_bit_rate(&rung.segments, rung.timescale()).0
            + average_bit_rate(&sound.segments, 48_000).0;
        assert_eq!(variant.bandwidth, peak);
        assert_eq!(variant.average_bandwidth, Some(average));
        assert!(variant.average_bandwidth <= Some(variant.bandwidth));
        let size = variant.resolution.unwrap();
        assert_eq!(
            (size.width, size.height),
            (rung.width.into(), rung.height.into())
        );
        assert_eq!(variant.codecs, Some(format!("{},mp4a.40.2", rung.codec)));
        assert_eq!(variant.frame_rate, Some(29.97));
        assert_eq!(variant.audio.as_deref(), Some("aac"));
        assert_eq!(variant.closed_captions, Some(ClosedCaptionGroupId::None));
        let uri = format!("v/{}/iframes.m3u8", rung.id);
        let iframes = master.variants.iter().find(|v| v.uri == uri).unwrap();
        assert!(iframes.is_i_frame);
        assert_eq!(iframes.codecs.as_deref(), Some(rung.codec.as_str()));
    }
    let [media] = master.alternatives.as_slice() else {
        panic!();
    };
    assert_eq!(media.media_type, AlternativeMediaType::Audio);
    assert!(media.default && media.autoselect);
    assert_eq!(media.uri.as_deref(), Some("a/und-128k/index.m3u8"));
    assert_eq!(media.channels.as_deref(), Some("2"));
}

#[test]
fn the_start_rung_is_first_and_the_others_ascend() {
    let film = film();
    let master = read_master(&hls::multivariant(&film, &[]));
    let variants: Vec<_> = master.variants.iter().filter(|v| !v.is_i_frame).collect();
    assert_eq!(variants[0].uri, "v/720p/index.m3u8");
    assert!(variants[0].average_bandwidth <= Some(2_000_000));
    let others: Vec<_> = variants[1..].iter().map(|v| v.bandwidth).collect();
    assert!(others.is_sorted());
}

#[test]
fn where_every_rung_is_above_the_start_rate_the_smallest_is_first() {
    let heavy: Vec<_> = [("a", 30_000_000), ("b", 20_000_000), ("c", 40_000_000)]
        .map(|(id, bytes)| video(id, 640, 360, &[(180, bytes)]))
        .into();
    let rate = heavy[0].frame_rate;
    let film = Presentation::new(rate.time_of(180), heavy, vec![], None).unwrap();
    let master = read_master(&hls::multivariant(&film, &[]));
    let order: Vec<_> = master
        .variants
        .iter()
        .take(3)
        .map(|v| v.uri.as_str())
        .collect();
    assert_eq!(
        order,
        ["v/b/index.m3u8", "v/a/index.m3u8", "v/c/index.m3u8"]
    );
}

#[test]
fn an_audio_variant_counts_its_rate_once() {
    let only_sound = Presentation::new(duration(), vec![], vec![sound()], None).unwrap();
    let master = read_master(&hls::multivariant(&only_sound, &[]));
    let [variant] = master.variants.as_slice() else {
        panic!();
    };
    let peak = peak_bit_rate(&sound().segments, 48_000, 6);
    assert_eq!(variant.bandwidth, peak.0);
    assert_eq!((variant.resolution, variant.frame_rate), (None, None));
    assert_eq!(variant.uri, "a/und-128k/index.m3u8");
}

#[test]
fn languages_share_a_group_and_bit_rates_do_not() {
    let rendition = |id: &str, group: &str, language: &str, name: &str| AudioRendition {
        id: id.into(),
        group: group.into(),
        language: language.into(),
        name: name.into(),
        ..sound()
    };
    let tracks = vec![
        rendition("en-128k", "aac-128k", "en", "English"),
        rendition("de-128k", "aac-128k", "de", "Deutsch"),
        rendition("en-64k", "aac-64k", "en", "English"),
    ];
    let film = Presentation::new(duration(), rungs(), tracks, None).unwrap();
    let master = read_master(&hls::multivariant(&film, &[]));
    let defaults: Vec<_> = master.alternatives.iter().map(|a| a.default).collect();
    assert_eq!(defaults, [true, false, true]);
    let variants = master.variants.iter().filter(|v| !v.is_i_frame);
    let pairs: HashSet<_> = variants.map(|v| (v.uri.clone(), v.audio.clone())).collect();
    assert_eq!(pairs.len(), 6);
}

#[test]
fn a_variant_counts_the_most_costly_rendition_of_its_group() {
    let mut costly = sound();
    costly.id = "de-128k".into();
    costly.segments.iter_mut().for_each(|s| s.bytes *= 2);
    let alone = Presentation::new(duration(), rungs(), vec![costly.clone()], None).unwrap();
    let expected = read_master(&hls::multivariant(&alone, &[])).variants[0].bandwidth;
    for tracks in [[costly.clone(), sound()], [sound(), costly]] {
        let film = Presentation::new(duration(), rungs(), tracks.into(), None).unwrap();
        let first = &read_master(&hls::multivariant(&film, &[])).variants[0];
        assert_eq!(first.bandwidth, expected);
    }
}

#[test]
fn names_of_a_source_cannot_break_the_playlist() {
    let rendition = |id: &str, name: &str| AudioRendition {
        id: id.into(),
        name: name.into(),
        ..sound()
    };
    let tracks = vec![
        rendition("a", "\"Dub\"\n#EXT-X-ENDLIST"),
        rendition("b", ""),
        rendition("c", "und"),
        rendition("d", " und "),
        rendition("e", "Ton, größer <b>"),
    ];
    let film = Presentation::new(duration(), rungs(), tracks, None).unwrap();
    let master = read_master(&hls::multivariant(&film, &[]));
    let names: Vec<_> = master
        .alternatives
        .iter()
        .map(|a| a.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "'Dub' #EXT-X-ENDLIST",
            "und",
            "und (2)",
            "und (3)",
            "Ton, größer <b>"
        ]
    );
}

#[test]
fn another_parser_reads_every_media_playlist() {
    let film = film();
    let playlists = [
        hls::video_playlist(&film, &film.video()[0]),
        hls::audio_playlist(&film, &film.audio()[0]),
        hls::iframe_playlist(&film.video()[0]),
    ];
    for (text, iframes) in playlists.into_iter().zip([false, false, true]) {
        let playlist = read_media(&text);
        assert_eq!(playlist.version, Some(7));
        assert_eq!(playlist.playlist_type, Some(MediaPlaylistType::Vod));
        assert!(playlist.end_list);
        assert_eq!(playlist.i_frames_only, iframes);
        assert_eq!(playlist.target_duration, if iframes { 2 } else { 6 });
        let first = &playlist.segments[0];
        assert_eq!(first.uri, "00001.m4s");
        assert_eq!(first.map.as_ref().unwrap().uri, "init.mp4");
        let total: f32 = playlist.segments.iter().map(|s| s.duration).sum();
        assert!((total - 30.9976).abs() < 0.03, "{total}");
    }
}

#[test]
fn a_short_asset_has_the_target_duration_it_needs() {
    let short = video("360p", 640, 360, &[(9, 5000)]);
    let sound = audio("und-64k", &[(15, 900)]);
    let end = short.frame_rate.time_of(9);
    let clip = Presentation::new(end, vec![short], vec![sound], None).unwrap();
    assert_eq!(hls::common_target_duration(&clip), 1);
}

#[test]
fn sheets_cover_the_presentation() {
    let text = hls::image_playlist(&film(), &board());
    let total = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','))
        .map(|time| Rational::from_decimal(time).unwrap())
        .fold(Rational::ZERO, |a, b| a + b);
    assert_eq!(total.to_decimal(6), duration().to_decimal(6));
}

proptest! {
    #[test]
    fn any_presentation_is_read_by_another_parser(
        frames in proptest::collection::vec(1_u64..400, 1..20),
        bytes in proptest::collection::vec(1000_u64..9_000_000, 20),
        name in ".*",
    ) {
        let segments: Vec<_> = frames.iter().copied().zip(bytes).collect();
        let rung = video("x", 640, 360, &segments);
        let total: u64 = frames.iter().sum();
        let end = rung.frame_rate.time_of(total);
        let aac = (end * Rational::new(48_000, 1024).unwrap()).ceil();
        let sound = AudioRendition {
            name,
            ..audio("y", &[(u64::try_from(aac).unwrap(), 5000)])
        };
        let film = Presentation::new(end, vec![rung], vec![sound], None).unwrap();
        let master = read_master(&hls::multivariant(&film, &[]));
        prop_assert_eq!(master.variants.len(), 2);
        prop_assert_eq!(master.alternatives.len(), 1);
        let playlist = read_media(&hls::video_playlist(&film, &film.video()[0]));
        prop_assert_eq!(playlist.segments.len(), frames.len());
        for segment in &playlist.segments {
            let target = u16::try_from(playlist.target_duration).unwrap();
            prop_assert!(segment.duration.round() <= f32::from(target));
        }
    }
}
