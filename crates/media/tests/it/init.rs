use media::cmaf::boxes::BoxError;
use media::cmaf::init::{
    EditList, InitError, SampleEntry, TrackInit, rebuild_audio, rebuild_video,
};
use mp4_atom::{Any, Codec, Moov};
use proptest::prelude::*;

use crate::support::*;

fn moov(init: &[u8]) -> Moov {
    let atoms = atoms(init);
    let [Any::Ftyp(ftyp), Any::Moov(moov)] = atoms.as_slice() else {
        panic!("{atoms:?}");
    };
    assert_eq!(ftyp.major_brand, (*b"cmfc").into());
    assert_eq!(
        ftyp.compatible_brands,
        [(*b"iso6").into(), (*b"cmfc").into()]
    );
    moov.clone()
}

#[test]
fn the_video_track_is_read() {
    let track = TrackInit::parse(split(VIDEO_0).0).unwrap();
    assert_eq!(track.timescale, 10_000);
    assert_eq!(track.defaults, DEFAULTS);
    assert_eq!(track.edit_list, None);
    let SampleEntry::Avc { width, height, .. } = track.entry else {
        panic!("{track:?}");
    };
    assert_eq!((width, height), (64, 36));
    assert_eq!(track.codec(), "avc1.64000a");
}

#[test]
fn the_audio_track_is_read() {
    let track = TrackInit::parse(split(AUDIO).0).unwrap();
    assert_eq!(track.timescale, 48_000);
    let SampleEntry::Aac {
        channels,
        sample_rate,
        ..
    } = track.entry
    else {
        panic!("{track:?}");
    };
    assert_eq!((channels, sample_rate), (1, 48_000));
    assert_eq!(track.codec(), "mp4a.40.2");
}

#[test]
fn a_rebuilt_video_init_has_one_edit_that_takes_the_delay_away() {
    let rebuilt = rebuild_video(split(VIDEO_0).0, 2000).unwrap();
    let moov = moov(&rebuilt);
    let elst = moov.trak[0].edts.as_ref().unwrap().elst.as_ref().unwrap();
    let [edit] = elst.entries.as_slice() else {
        panic!("{elst:?}");
    };
    assert_eq!((edit.segment_duration, edit.media_time), (0, Some(2000)));
    let Codec::Avc1(avc1) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else {
        panic!();
    };
    assert_eq!((avc1.visual.width, avc1.visual.height), (64, 36));
    assert_eq!(
        TrackInit::parse(&rebuilt).unwrap().edit_list,
        Some(EditList {
            segment_duration: 0,
            media_time: 2000,
            entries: 1
        })
    );
}

#[test]
fn the_chunks_of_a_rung_have_one_init_segment() {
    let first = rebuild_video(split(VIDEO_0).0, 2000).unwrap();
    let second = rebuild_video(split(VIDEO_60).0, 2000).unwrap();
    assert_eq!(first, second);
}

#[test]
fn rebuilding_twice_changes_nothing() {
    let once = rebuild_video(split(VIDEO_0).0, 2000).unwrap();
    assert_eq!(rebuild_video(&once, 2000).unwrap(), once);
    let once = rebuild_audio(split(AUDIO).0).unwrap();
    assert_eq!(rebuild_audio(&once).unwrap(), once);
}

#[test]
fn an_audio_init_has_no_edit_list_even_where_ffmpeg_wrote_one() {
    let with_edit = rebuild_video(split(AUDIO).0, 1024).unwrap();
    assert!(moov(&with_edit).trak[0].edts.is_some());
    let rebuilt = rebuild_audio(&with_edit).unwrap();
    assert!(moov(&rebuilt).trak[0].edts.is_none());
    assert_eq!(rebuilt, rebuild_audio(split(AUDIO).0).unwrap());
}

#[test]
fn a_delay_beyond_31_bits_is_refused() {
    assert_eq!(
        rebuild_video(split(VIDEO_0).0, 1 << 31),
        Err(InitError::DelayTooLong { ticks: 1 << 31 })
    );
}

#[test]
fn every_cut_of_an_init_segment_is_refused() {
    for init in [split(VIDEO_0).0, split(AUDIO).0] {
        for end in 0..init.len() {
            let error = TrackInit::parse(&init[..end]).unwrap_err();
            assert!(matches!(error, InitError::Box(_)), "{end}: {error:?}");
        }
    }
}

/// The fixture with the first occurrence of one box type turned into another.
fn renamed(init: &[u8], from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let mut bytes = init.to_vec();
    let at = bytes.windows(4).position(|w| *w == from).unwrap();
    bytes[at..at + 4].copy_from_slice(&to);
    bytes
}

#[test]
fn what_is_not_there_is_named() {
    let (init, _) = split(VIDEO_0);
    for kind in [
        b"ftyp", b"moov", b"mdia", b"mdhd", b"stsd", b"mvex", b"trex", b"avcC",
    ] {
        let error = TrackInit::parse(&renamed(init, *kind, *b"free")).unwrap_err();
        let InitError::Box(BoxError::Missing { kind: missing }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(missing.0, *kind);
    }
    assert_eq!(
        TrackInit::parse(&renamed(init, *b"trak", *b"free")),
        Err(InitError::TrackCount { found: 0 })
    );
    let error = TrackInit::parse(&renamed(init, *b"avc1", *b"vp09")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "sample entry `vp09` is none of avc1, mp4a"
    );
}

#[test]
fn a_timescale_of_zero_is_refused() {
    let mut bytes = split(VIDEO_0).0.to_vec();
    let at = bytes.windows(4).position(|w| w == b"mdhd").unwrap() + 4 + 12;
    bytes[at..at + 4].fill(0);
    assert_eq!(TrackInit::parse(&bytes), Err(InitError::ZeroTimescale));
}

proptest! {
    #[test]
    fn no_change_of_bytes_makes_it_panic(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        second in any::<prop::sample::Index>(),
        other in any::<u8>(),
        audio in any::<bool>(),
    ) {
        let mut init = split(if audio { AUDIO } else { VIDEO_0 }).0.to_vec();
        let len = init.len();
        init[at.index(len)] = value;
        init[second.index(len)] = other;
        if let Ok(track) = TrackInit::parse(&init) {
            prop_assert!(track.timescale > 0);
            let rebuilt = rebuild_video(&init, 2000).unwrap();
            prop_assert_eq!(TrackInit::parse(&rebuilt).unwrap().codec(), track.codec());
        }
    }

    #[test]
    fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(TrackInit::parse(&bytes).is_err());
    }
}
