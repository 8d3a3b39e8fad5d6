use domain::time::Rational;
use media::storyboard::{StoryboardError, StoryboardGrid};
use media::webvtt::storyboard;
use proptest::prelude::*;

fn seconds(num: i128, den: i128) -> Rational {
    Rational::new(num, den).unwrap()
}

fn grid(interval: Rational, tiles: u32) -> StoryboardGrid {
    StoryboardGrid {
        interval,
        tile_width: 160,
        tile_height: 90,
        columns: 2,
        rows: 2,
        tiles,
    }
}

#[test]
fn an_index_over_two_sheets() {
    let text = storyboard(&grid(seconds(2, 1), 6), seconds(11_011, 1000)).unwrap();
    insta::assert_snapshot!(text, @r"
    WEBVTT

    00:00:00.000 --> 00:00:02.000
    storyboard-001.jpg#xywh=0,0,160,90

    00:00:02.000 --> 00:00:04.000
    storyboard-001.jpg#xywh=160,0,160,90

    00:00:04.000 --> 00:00:06.000
    storyboard-001.jpg#xywh=0,90,160,90

    00:00:06.000 --> 00:00:08.000
    storyboard-001.jpg#xywh=160,90,160,90

    00:00:08.000 --> 00:00:10.000
    storyboard-002.jpg#xywh=0,0,160,90

    00:00:10.000 --> 00:00:11.011
    storyboard-002.jpg#xywh=160,0,160,90
    ");
}

#[test]
fn hours_have_as_many_digits_as_they_need() {
    let text = storyboard(&grid(seconds(400_000, 1), 1), seconds(400_000, 1)).unwrap();
    assert!(text.contains("00:00:00.000 --> 111:06:40.000"), "{text}");
}

#[test]
fn a_tile_beyond_the_end_is_refused() {
    let error = storyboard(&grid(seconds(2, 1), 6), seconds(10, 1)).unwrap_err();
    assert!(matches!(error, StoryboardError::BeyondEnd { tiles: 6, .. }));
}

#[test]
fn zero_measures_and_sheets_beyond_32_bits_are_refused() {
    let refused = |change: fn(&mut StoryboardGrid)| {
        let mut grid = grid(seconds(2, 1), 6);
        change(&mut grid);
        grid.check(seconds(11, 1)).unwrap_err()
    };
    assert!(matches!(
        refused(|g| g.tiles = 0),
        StoryboardError::Zero { .. }
    ));
    assert!(matches!(
        refused(|g| g.columns = 0),
        StoryboardError::Zero { .. }
    ));
    assert!(matches!(
        refused(|g| g.interval = Rational::ZERO),
        StoryboardError::Zero { .. }
    ));
    assert!(matches!(
        refused(|g| g.rows = 1 << 30),
        StoryboardError::TooLarge { .. }
    ));
}

/// Milliseconds out of `HH:MM:SS.mmm`.
fn millis(time: &str) -> u64 {
    let (clock, millis) = time.split_once('.').unwrap();
    let seconds = clock
        .split(':')
        .fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    seconds * 1000 + millis.parse::<u64>().unwrap()
}

proptest! {
    #[test]
    fn cues_lie_end_to_end_to_the_end(
        num in 1_i128..400_000,
        den in prop_oneof![Just(1001_i128), Just(1000), 1_i128..100],
        tiles in 1_u32..200,
        rest in 1_i128..=100,
    ) {
        let interval = seconds(num, den);
        prop_assume!(interval > seconds(1, 10));
        let duration = interval * (Rational::whole(tiles - 1) + seconds(rest, 100));
        let text = storyboard(&grid(interval, tiles), duration).unwrap();
        let mut end = 0;
        for line in text.lines().filter(|line| line.contains("-->")) {
            let (from, to) = line.split_once(" --> ").unwrap();
            prop_assert_eq!(millis(from), end);
            end = millis(to);
        }
        prop_assert_eq!(i128::from(end), (duration * Rational::whole(1000)).round());
    }
}
