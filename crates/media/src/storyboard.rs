//! The geometry of a storyboard: which moment lies on which sheet, and where.
//!
//! Tiles fill a sheet row by row. Every sheet has the same size in pixels; on the last one the
//! places after the last tile stay empty.

use domain::time::Rational;
use serde::{Deserialize, Serialize};

/// A storyboard's measures; see [`StoryboardGrid::check`] for what must hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoryboardGrid {
    /// Seconds from one tile to the next; tile `i` stands for the time from `i · interval` on.
    pub interval: Rational,
    /// Width of a tile in pixels.
    pub tile_width: u32,
    /// Height of a tile in pixels.
    pub tile_height: u32,
    /// Tiles side by side on a sheet.
    pub columns: u32,
    /// Rows of tiles on a sheet.
    pub rows: u32,
    /// Tiles of the whole storyboard.
    pub tiles: u32,
}

/// Where a tile is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    /// Number of the sheet, from 1, as in its name.
    pub sheet: u32,
    /// Pixels from the left edge of the sheet.
    pub x: u32,
    /// Pixels from its upper edge.
    pub y: u32,
}

/// Why a storyboard cannot be described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoryboardError {
    /// A measure is zero or negative.
    #[error("the storyboard has a {what} of 0")]
    Zero {
        /// Which.
        what: &'static str,
    },
    /// A sheet is wider or taller than 32 bits say.
    #[error("a storyboard of {columns}x{rows} tiles of {tile_width}x{tile_height} is too large")]
    TooLarge {
        /// Tiles side by side.
        columns: u32,
        /// Rows.
        rows: u32,
        /// Width of a tile in pixels.
        tile_width: u32,
        /// Height of a tile in pixels.
        tile_height: u32,
    },
    /// The last tile would stand for no time: it begins at the end of the presentation or later.
    #[error(
        "tile {tiles} of the storyboard begins at {start} s, the presentation ends at {duration} s"
    )]
    BeyondEnd {
        /// Tiles.
        tiles: u32,
        /// Where the last begins, in seconds.
        start: Rational,
        /// The presentation's duration, in seconds.
        duration: Rational,
    },
    /// There is not one size for each sheet.
    #[error("the storyboard has {expected} sheets, {found} sizes are given")]
    SheetCount {
        /// Sheets that the tiles fill.
        expected: u32,
        /// Sizes given.
        found: usize,
    },
}

impl StoryboardGrid {
    /// Whether the measures describe a storyboard of a presentation of `duration` seconds.
    ///
    /// # Errors
    /// [`StoryboardError::Zero`], [`StoryboardError::TooLarge`] and
    /// [`StoryboardError::BeyondEnd`].
    pub fn check(&self, duration: Rational) -> Result<(), StoryboardError> {
        let measures = [
            ("tile width", self.tile_width),
            ("tile height", self.tile_height),
            ("number of columns", self.columns),
            ("number of rows", self.rows),
            ("number of tiles", self.tiles),
        ];
        if let Some((what, _)) = measures.into_iter().find(|(_, value)| *value == 0) {
            return Err(StoryboardError::Zero { what });
        }
        if self.interval <= Rational::ZERO {
            return Err(StoryboardError::Zero { what: "interval" });
        }
        let width = self.tile_width.checked_mul(self.columns);
        let height = self.tile_height.checked_mul(self.rows);
        let places = self.columns.checked_mul(self.rows);
        if width.and(height).and(places).is_none() {
            return Err(StoryboardError::TooLarge {
                columns: self.columns,
                rows: self.rows,
                tile_width: self.tile_width,
                tile_height: self.tile_height,
            });
        }
        let start = self.start(self.tiles - 1);
        if start >= duration {
            return Err(StoryboardError::BeyondEnd {
                tiles: self.tiles,
                start,
                duration,
            });
        }
        Ok(())
    }

    /// Tiles on a full sheet; at least 1.
    #[must_use]
    pub const fn tiles_per_sheet(&self) -> u32 {
        let places = self.columns.saturating_mul(self.rows);
        if places == 0 { 1 } else { places }
    }

    /// Number of sheets.
    #[must_use]
    pub const fn sheets(&self) -> u32 {
        self.tiles.div_ceil(self.tiles_per_sheet())
    }

    /// Width of a sheet in pixels.
    #[must_use]
    pub const fn sheet_width(&self) -> u32 {
        self.tile_width.saturating_mul(self.columns)
    }

    /// Height of a sheet in pixels.
    #[must_use]
    pub const fn sheet_height(&self) -> u32 {
        self.tile_height.saturating_mul(self.rows)
    }

    /// Where tile `index`, from 0, lies.
    #[must_use]
    pub const fn tile(&self, index: u32) -> Tile {
        let per_sheet = self.tiles_per_sheet();
        let columns = if self.columns == 0 { 1 } else { self.columns };
        let within = index % per_sheet;
        Tile {
            sheet: index / per_sheet + 1,
            x: (within % columns).saturating_mul(self.tile_width),
            y: (within / columns).saturating_mul(self.tile_height),
        }
    }

    /// The time that tile `index`, from 0, stands for, in seconds.
    #[must_use]
    pub fn start(&self, index: u32) -> Rational {
        self.interval * Rational::whole(index)
    }

    /// Seconds that a full sheet stands for.
    #[must_use]
    pub fn sheet_duration(&self) -> Rational {
        self.interval * Rational::whole(self.tiles_per_sheet())
    }
}

/// File name of sheet `number`, from 1: `storyboard-001.jpg`.
#[must_use]
pub fn sheet_name(number: u32) -> String {
    format!("storyboard-{number:03}.jpg")
}
