//! Poster, storyboard and cover art from real pictures.

use ffmpeg::argv::{PREVIEW_HEIGHT, PREVIEW_WIDTH, Sheet, cover_art, poster, previews, storyboard};
use ffmpeg::{MediaInput, Process};

use crate::support::{Clips, read, soon};

/// A fragmented MP4 of `frames` keyframes, two seconds apart; the first is black.
fn iframes(clips: &Clips, frames: u32) -> Vec<u8> {
    clips.make(&format!(
        "-f lavfi -i testsrc2=s=426x240:r=1/2:d={} -vf drawbox=c=black:t=fill:enable='eq(n\\,0)' \
         -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 1 \
         -movflags +cmaf+frag_keyframe+empty_moov+default_base_moof i.mp4",
        2 * frames
    ));
    read(&clips.path("i.mp4"))
}

fn size(clips: &Clips, name: &str) -> String {
    let output = std::process::Command::new(&clips.tools.ffprobe)
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=width,height",
            "-of",
            "csv=p=0:s=x",
        ])
        .arg(clips.path(name))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn previews_tell_dark_frames() {
    let clips = Clips::new();
    let frame = (PREVIEW_WIDTH * PREVIEW_HEIGHT) as usize;
    let process = Process::ffmpeg(&clips.tools, previews())
        .stdin(iframes(&clips, 5))
        .capture(1 << 20);
    let luma = process.run(soon()).await.unwrap().stdout;
    assert_eq!(luma.len(), 5 * frame);
    assert!(luma[..frame].iter().all(|&value| value < 3));
    assert!(luma[frame..2 * frame].iter().any(|&value| value > 100));
}

#[tokio::test]
async fn every_frame_is_one_tile() {
    let clips = Clips::new();
    let sheet = Sheet {
        tile_width: 160,
        tile_height: 90,
        columns: 3,
        rows: 2,
    };
    let bytes = iframes(&clips, 8);
    let folder = clips.path("");
    let mut first = Vec::new();
    for _ in 0..2 {
        let args = storyboard(&sheet, &folder);
        let process = Process::ffmpeg(&clips.tools, args).stdin(bytes.clone());
        process.run(soon()).await.unwrap();
        let sheets = [1, 2].map(|n| read(&clips.path(&domain::layout::sheet_name(n))));
        if first.is_empty() {
            first.extend(sheets);
        } else {
            assert_eq!(first, sheets, "a second run writes the same bytes");
        }
    }
    assert!(!clips.path("storyboard-003.jpg").exists());
    assert_eq!(size(&clips, "storyboard-001.jpg"), "480x180");
    assert_eq!(size(&clips, "storyboard-002.jpg"), "480x180");
    // The second sheet has two tiles, the rest of it is black.
    clips.make("-i storyboard-002.jpg -vf crop=160:90:320:0 -pix_fmt gray -f rawvideo rest");
    assert!(read(&clips.path("rest")).iter().all(|&value| value < 8));
    clips.make("-i storyboard-002.jpg -vf crop=160:90:160:0 -pix_fmt gray -f rawvideo tile");
    assert!(read(&clips.path("tile")).iter().any(|&value| value > 100));
}

#[tokio::test]
async fn a_poster_is_the_frame_that_was_chosen() {
    let clips = Clips::new();
    let output = clips.path("poster.jpg");
    let process = Process::ffmpeg(&clips.tools, poster(3, &output)).stdin(iframes(&clips, 5));
    process.run(soon()).await.unwrap();
    assert_eq!(size(&clips, "poster.jpg"), "426x240");
    clips.make("-i poster.jpg -s 32x18 -pix_fmt gray -f rawvideo got");
    clips.make(
        "-i i.mp4 -vf select=eq(n\\,3) -frames:v 1 -s 32x18 -pix_fmt gray -f rawvideo wanted",
    );
    let (got, wanted) = (read(&clips.path("got")), read(&clips.path("wanted")));
    let off = got
        .iter()
        .zip(&wanted)
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap();
    assert!(off < 12, "{off}");
}

#[tokio::test]
async fn cover_art_is_made_smaller_never_larger() {
    let clips = Clips::new();
    for (made, wanted) in [("2000x1000", "1280x640"), ("300x400", "300x400")] {
        clips.make(&format!("-f lavfi -i testsrc2=s={made} -frames:v 1 c.jpg"));
        clips.make(
            "-f lavfi -i sine=d=1 -i c.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic c.flac",
        );
        let cover = clips.probe("c.flac").await.unwrap().probe.cover.unwrap();
        let input = MediaInput::file(clips.path("c.flac"));
        clips
            .run(cover_art(&input, cover, &clips.path("cover.jpg")))
            .await;
        assert_eq!(size(&clips, "cover.jpg"), wanted);
    }
}
