//! Clips made on the spot by ffmpeg's own generators.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::environment::variable;

/// A recipe for a clip: a file name and what ffmpeg makes it from.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// File name; its extension chooses the container.
    pub name: &'static str,
    /// ffmpeg's arguments between `-y` and the file name, split at spaces.
    pub arguments: &'static str,
}

/// 24 seconds of moving test card at 25 frames per second with a beep each second, closed GOPs.
pub const CLOSED_GOP: Recipe = Recipe {
    name: "closed.mp4",
    arguments: "-f lavfi -i testsrc2=s=640x360:r=25:d=24 -f lavfi -i sine=f=440:r=48000:b=4:d=24 \
                -c:v libx264 -preset ultrafast -crf 23 -pix_fmt yuv420p -g 50 -bf 3 \
                -c:a aac -b:a 96k -ac 2",
};

/// The same with open GOPs: frames before a keyframe need the GOP before.
pub const OPEN_GOP: Recipe = Recipe {
    name: "open.mp4",
    arguments: "-f lavfi -i testsrc2=s=640x360:r=25:d=24 -f lavfi -i sine=f=440:r=48000:b=4:d=24 \
                -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p -g 50 -bf 3 \
                -x264-params open-gop=1 -c:a aac -b:a 96k -ac 2",
};

/// 29.97 frames per second in MPEG-TS, which has no index.
pub const TRANSPORT_STREAM: Recipe = Recipe {
    name: "plain.ts",
    arguments: "-f lavfi -i testsrc2=s=640x360:r=30000/1001:d=20 -f lavfi -i sine=f=440:r=48000:b=4:d=20 \
                -c:v libx264 -preset ultrafast -crf 23 -pix_fmt yuv420p -g 60 -bf 3 \
                -c:a aac -b:a 96k -ac 2",
};

/// A full ladder: 1080p.
pub const FULL_HD: Recipe = Recipe {
    name: "full-hd.mp4",
    arguments: "-f lavfi -i testsrc2=s=1920x1080:r=25:d=14 -f lavfi -i sine=f=440:r=48000:b=4:d=14 \
                -c:v libx264 -preset ultrafast -crf 23 -pix_fmt yuv420p -g 50 -bf 0 \
                -c:a aac -b:a 96k -ac 2",
};

/// Small and short, with picture and sound: for what is slow.
pub const SMALL: Recipe = Recipe {
    name: "small.mp4",
    arguments: "-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i anoisesrc=r=48000:d=3:seed=1:a=0.3 \
                -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k -ac 2",
};

/// Taller than wide, without sound.
pub const UPRIGHT: Recipe = Recipe {
    name: "upright.mp4",
    arguments: "-f lavfi -i testsrc2=s=360x640:r=30:d=4 -c:v libx264 -preset ultrafast -g 30",
};

/// Sound alone, in the container that the name says.
#[must_use]
pub const fn sound(name: &'static str) -> Recipe {
    Recipe {
        name,
        arguments: "-f lavfi -i sine=f=440:r=44100:b=4:d=12.5 -ac 2",
    }
}

/// A film of 70 seconds, small and yet several encode chunks with seconds of work each.
pub const FILM: Recipe = Recipe {
    name: "film.mp4",
    arguments: "-f lavfi -i testsrc2=s=640x360:r=25:d=70 -f lavfi -i sine=f=440:r=48000:b=4:d=70 \
                -c:v libx264 -preset ultrafast -crf 23 -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k -ac 2",
};

/// As long as [`FILM`], with other pictures: whoever reads it in the film's place gets all frames.
pub const OTHER_FILM: Recipe = Recipe {
    name: "other.mp4",
    arguments: "-f lavfi -i testsrc2=s=640x360:r=25:d=70,negate -f lavfi -i sine=f=880:r=48000:b=4:d=70 \
                -c:v libx264 -preset ultrafast -crf 23 -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k -ac 2",
};

/// Makes a clip in `folder`.
///
/// # Errors
/// When ffmpeg is not named, or fails.
pub fn make(recipe: Recipe, folder: &Path) -> Result<PathBuf> {
    make_from(recipe.name, recipe.arguments, folder)
}

/// Makes a file in `folder` from what ffmpeg takes between `-y` and the file's name.
///
/// # Errors
/// When ffmpeg is not named, or fails.
pub fn make_from(name: &str, arguments: &str, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(name);
    let status = Command::new(variable("MILLRACE_FFMPEG")?)
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments.split_ascii_whitespace())
        .arg(&path)
        .status()?;
    ensure!(status.success(), "ffmpeg made no {name}");
    Ok(path)
}

/// Copies a clip's tracks into another file beside it, `input` being options that say how to read it.
///
/// # Errors
/// When ffmpeg is not named, or fails.
pub fn copied(clip: &Path, name: &str, input: &str) -> Result<PathBuf> {
    let folder = clip.parent().context("a clip is in a folder")?;
    let source = clip.display();
    make_from(name, &format!("{input} -i {source} -map 0 -c copy"), folder)
}

/// The film with a box behind it that says nothing (`free`, ISO/IEC 14496-12 8.1.2): the same film in
/// a file of `size` bytes.
///
/// # Errors
/// When it is larger already, or cannot be read and written.
pub fn padded(film: &Path, size: usize) -> Result<PathBuf> {
    let mut bytes = std::fs::read(film)?;
    let free = size.checked_sub(bytes.len());
    let free = free.with_context(|| format!("{} is larger", film.display()))?;
    bytes.extend(u32::try_from(free)?.to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(size, 0);
    let path = film.with_extension("padded.mp4");
    std::fs::write(&path, bytes)?;
    Ok(path)
}
