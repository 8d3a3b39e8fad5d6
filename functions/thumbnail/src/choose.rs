//! Which moments become thumbnails: pure decisions over the grid and over small grey pictures.

use domain::ladder::VideoRung;
use domain::result::Storyboard;
use domain::timeline::Timeline;

/// Tiles in a storyboard at most: enough to find a scene in a film, few enough to load at once.
const MAX_TILES: u64 = 150;
/// Tiles in a row, and rows in a sheet, at most.
const MAX_COLUMNS: u32 = 10;
/// Long side of a tile in pixels.
const TILE_SIDE: u32 = 160;

/// The storyboard of a timeline: one tile for each interval, each showing the keyframe at which
/// its interval begins. `rung` is the one that tiles are cut from.
#[must_use]
pub fn storyboard(timeline: &Timeline, rung: &VideoRung) -> Storyboard {
    let gops = timeline
        .frames
        .div_ceil(MAX_TILES * timeline.gop_frames)
        .max(1);
    let interval_frames = gops * timeline.gop_frames;
    let tiles = timeline.frames.div_ceil(interval_frames);
    let tiles = u32::try_from(tiles).unwrap_or(u32::MAX);
    let columns = tiles.clamp(1, MAX_COLUMNS);
    let (tile_width, tile_height) = tile_size(rung.width, rung.height);
    Storyboard {
        tile_width,
        tile_height,
        columns,
        rows: tiles.div_ceil(columns).clamp(1, MAX_COLUMNS),
        interval_frames,
        tiles,
        sheet_bytes: Vec::new(),
    }
}

/// The rung's shape with a long side of [`TILE_SIDE`], even, never larger than the rung.
fn tile_size(width: u32, height: u32) -> (u32, u32) {
    let long = width.max(height).max(1);
    let side = TILE_SIDE.min(long);
    let scaled = |length: u32| {
        let half = (u64::from(length) * u64::from(side) + u64::from(long)) / (2 * u64::from(long));
        u32::try_from(2 * half).unwrap_or(side).max(2)
    };
    (scaled(width), scaled(height))
}

/// The index of the picture that serves best as a poster.
///
/// `pictures` are grey, one byte a pixel, in the order of the film. The first one after the
/// opening tenth that is neither dark nor washed out nor flat; where none is, the one with the
/// most contrast. None for no pictures.
#[must_use]
pub fn poster(pictures: &[&[u8]]) -> Option<usize> {
    let opening = pictures.len() / 10;
    let in_order = (opening..pictures.len()).chain(0..opening);
    let looks: Vec<(usize, Look)> = in_order
        .filter_map(|index| Some((index, Look::of(pictures.get(index)?))))
        .collect();
    let good = looks.iter().find(|(_, look)| look.is_good());
    let most_contrast = || looks.iter().max_by_key(|(_, look)| look.variance);
    good.or_else(most_contrast).map(|&(index, _)| index)
}

/// Brightness and contrast of a grey picture.
struct Look {
    /// Mean of the pixels, 0 to 255.
    mean: u64,
    /// Mean of the squared distances from the mean.
    variance: u64,
}

impl Look {
    fn of(picture: &[u8]) -> Self {
        let count = picture.len().max(1) as u64;
        let sum: u64 = picture.iter().map(|&pixel| u64::from(pixel)).sum();
        let squares: u64 = picture.iter().map(|&p| u64::from(p) * u64::from(p)).sum();
        let mean = sum / count;
        Self {
            mean,
            variance: (squares / count).saturating_sub(mean * mean),
        }
    }

    /// Bright enough to see, not blown out, and with something on it.
    const fn is_good(&self) -> bool {
        40 <= self.mean && self.mean <= 215 && self.variance >= 20 * 20
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::RungId;
    use domain::time::{BitsPerSecond, FrameRate};
    use proptest::prelude::*;

    fn rung(width: u32, height: u32) -> VideoRung {
        VideoRung {
            id: RungId::new("240p").unwrap(),
            width,
            height,
            max_rate: BitsPerSecond(1),
        }
    }

    fn board(seconds: u64, width: u32, height: u32) -> Storyboard {
        let timeline = Timeline::new(FrameRate { num: 25, den: 1 }, 25 * seconds, 3);
        storyboard(&timeline, &rung(width, height))
    }

    #[test]
    fn a_short_clip_has_a_tile_every_two_seconds() {
        let board = board(5, 426, 240);
        assert_eq!((board.tiles, board.columns, board.rows), (3, 3, 1));
        assert_eq!(board.interval_frames, 50);
        assert_eq!((board.tile_width, board.tile_height), (160, 90));
    }

    #[test]
    fn a_film_has_no_more_tiles_than_can_be_loaded_at_once() {
        let film = board(2 * 3600, 426, 240);
        assert_eq!((film.tiles, film.columns, film.rows), (150, 10, 10));
        assert_eq!(film.interval_frames, 25 * 48);
    }

    #[test]
    fn tiles_keep_the_picture_s_shape_and_are_never_enlarged() {
        let upright = board(5, 240, 426);
        assert_eq!((upright.tile_width, upright.tile_height), (90, 160));
        let tiny = board(5, 64, 48);
        assert_eq!((tiny.tile_width, tiny.tile_height), (64, 48));
    }

    #[test]
    fn the_poster_is_the_first_good_picture() {
        let black = [0_u8; 4];
        let white = [255_u8; 4];
        let flat = [100_u8; 4];
        let scene = [10_u8, 200, 60, 180];
        assert_eq!(poster(&[&black, &white, &flat, &scene, &scene]), Some(3));
        assert_eq!(poster(&[&black, &black]), Some(1));
        assert_eq!(poster(&[&black, &flat, &[0, 40, 0, 0]]), Some(2));
        assert_eq!(poster(&[]), None);
    }

    proptest! {
        #[test]
        fn every_frame_has_its_tile(frames in 1_u64..5_000_000, rate in 0_usize..14) {
            let timeline = Timeline::new(FrameRate::STANDARD[rate], frames, 3);
            let board = storyboard(&timeline, &rung(426, 240));
            prop_assert!(u64::from(board.tiles) * board.interval_frames >= frames);
            prop_assert!((u64::from(board.tiles) - 1) * board.interval_frames < frames);
            prop_assert!(u64::from(board.tiles) <= MAX_TILES);
            prop_assert_eq!(board.interval_frames % timeline.gop_frames, 0);
        }
    }
}
