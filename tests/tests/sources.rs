//! What people upload, as clips made on the spot: each comes out right, and the same whether its
//! chunks are cut out by range or by copy.
#![cfg(test)]

use std::path::Path;

use domain::profile::{CutChoice, Profile};
use e2e::clips::{self, Recipe};
use e2e::folders::differences;
use e2e::judges;
use e2e::pipeline::{Pipeline, Stream};
use tempfile::TempDir;

/// Encode chunks of two segments, so that a clip of nine seconds and more has a seam.
fn short_chunks(cut: CutChoice) -> Profile {
    Profile {
        segments_per_chunk: 2,
        cut,
        ..Profile::default()
    }
}

async fn streamed(pipeline: &Pipeline, file: &Path, cut: CutChoice) -> Stream {
    let ended = pipeline.run(file, short_chunks(cut)).await.unwrap();
    ended.unwrap_or_else(|failed| panic!("{}: {failed:?}", file.display()))
}

/// Every frame once, at its time, looking like the source's own; sound in time.
async fn comes_out_right(file: &Path) {
    let (one, two) = (Pipeline::new().unwrap(), Pipeline::new().unwrap());
    let range = streamed(&one, file, CutChoice::Range).await;
    let copy = streamed(&two, file, CutChoice::Copy).await;
    assert_eq!(differences(&range.folder, &copy.folder).unwrap(), [""; 0]);
    judges::rules(&range.folder).unwrap();
    judges::mpd_schema(&range.folder).unwrap();
    judges::decode(&range.folder).unwrap();
    judges::picture(&range.folder, file).unwrap();
}

/// A test for each source: where its picture comes from, its sound if it has some, and the rest.
macro_rules! sources {
    ($($(#[$doc:meta])* $test:ident: $name:literal, $picture:literal, $rest:literal;)*) => {
        $(
            $(#[$doc])*
            #[tokio::test]
            async fn $test() {
                let folder = TempDir::new().unwrap();
                let arguments = concat!("-f lavfi -i testsrc2=", $picture, " ", $rest);
                let recipe = Recipe { name: $name, arguments };
                let clip = clips::make(recipe, folder.path()).unwrap();
                comes_out_right(&clip).await;
            }
        )*
    };
}

sources! {
    hevc_with_open_gops: "a.mp4", "s=320x180:r=25:d=14",
        "-c:v libx265 -preset ultrafast -x265-params open-gop=1:keyint=50:min-keyint=50:bframes=4";
    one_keyframe_in_the_whole_file: "a.mp4", "s=320x180:r=25:d=14",
        "-f lavfi -i sine=b=4:d=14 -c:v libx264 -preset ultrafast -g 9999 -sc_threshold 0 -bf 2";
    a_pyramid_of_b_frames: "a.mkv", "s=320x180:r=25:d=14",
        "-f lavfi -i sine=b=4:d=14 -c:v libx264 -preset veryfast -g 60 -bf 8 -b_strategy 0 -c:a libopus";
    prores: "a.mov", "s=320x180:r=25:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v prores_ks -c:a pcm_s16le";
    motion_jpeg: "a.avi", "s=320x180:r=25:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v mjpeg -q:v 3 -c:a pcm_s16le";

    a_recording_that_skips_frames: "a.mkv", "s=320x180:r=30:d=14,select='gt(random(1)\\,0.4)'",
        "-f lavfi -i sine=b=4:d=14 -fps_mode vfr -c:v libx264 -preset ultrafast -g 60";
    a_phone_that_skips_frames: "a.mp4", "s=320x180:r=60:d=14,select='gt(random(1)\\,0.7)'",
        "-f lavfi -i sine=b=4:d=14 -fps_mode vfr -c:v libx264 -preset ultrafast -g 60 -bf 2";
    rate_12_5: "a.mp4", "s=320x180:r=12.5:d=20", "-c:v libx264 -preset ultrafast -g 60";
    rate_15: "a.flv", "s=320x180:r=15:d=14", "-f lavfi -i sine=b=4:d=14 -c:v flv -c:a libmp3lame -ar 44100";
    rate_23_976: "a.mp4", "s=320x180:r=24000/1001:d=14", "-c:v libx264 -preset ultrafast -g 60 -bf 2";
    rate_48: "a.mp4", "s=320x180:r=48:d=14", "-c:v libx264 -preset ultrafast -g 60";
    rate_59_94: "a.ts", "s=320x180:r=60000/1001:d=14",
        "-f lavfi -i sine=b=4:d=14 -c:v libx264 -preset ultrafast -g 60 -bf 2 -c:a ac3";
    rate_60: "a.mkv", "s=320x180:r=60:d=14", "-c:v libx264 -preset ultrafast -g 60";
    rate_120: "a.mp4", "s=320x180:r=120:d=9", "-c:v libx264 -preset ultrafast -g 120";

    sound_that_begins_later: "a.mkv", "s=320x180:r=25:d=14",
        "-itsoffset 0.7 -f lavfi -i sine=b=4:d=14 -c:v libx264 -preset ultrafast -g 50";
    sound_that_begins_earlier: "a.mkv", "s=320x180:r=25:d=14",
        "-itsoffset -0.5 -f lavfi -i sine=b=4:d=14 -c:v libx264 -preset ultrafast -g 50";

    taller_than_wide: "a.mov", "s=180x320:r=30:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v libx264 -preset ultrafast -g 30 -ar 44100";
    odd_width_and_height: "a.mkv", "s=321x181:r=25:d=9",
        "-c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv444p";
    pixels_that_are_not_square: "a.ts", "s=720x576:r=25:d=9,setsar=64/45",
        "-f lavfi -i sine=b=4:d=9 -c:v mpeg2video -q:v 4 -g 12 -bf 2 -c:a mp2";

    interlaced_576: "a.ts", "s=720x576:r=50:d=9,tinterlace=interleave_top,setsar=16/15",
        "-f lavfi -i sine=b=4:d=9 -flags +ilme+ildct -c:v mpeg2video -q:v 4 -g 12 -bf 2 -c:a mp2";
    interlaced_1080_in_mxf: "a.mxf", "s=1920x1080:r=50:d=5,tinterlace=interleave_top,format=yuv422p",
        "-f lavfi -i sine=b=4:d=5 -flags +ilme+ildct -c:v mpeg2video -b:v 50M -g 1 -c:a pcm_s16le -ar 48000";

    ten_bits: "a.mkv", "s=320x180:r=25:d=9", "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le";
    full_range: "a.mp4", "s=320x180:r=25:d=9,scale=out_range=pc:out_color_matrix=bt709",
        "-c:v libx264 -preset ultrafast -g 50 -color_range pc -colorspace bt709 \
         -color_primaries bt709 -color_trc bt709";
    bt_601: "a.mp4", "s=640x480:r=25:d=9",
        "-c:v libx264 -preset ultrafast -g 50 -colorspace smpte170m -color_primaries smpte170m \
         -color_trc smpte170m";

    fragments: "a.mp4", "s=320x180:r=25:d=14",
        "-f lavfi -i sine=b=4:d=14 -c:v libx264 -preset ultrafast -g 50 -bf 2 \
         -movflags frag_keyframe+empty_moov";
    vp8_in_webm: "a.webm", "s=320x180:r=25:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 500k -g 60 -c:a libopus";
    vp9_in_webm: "a.webm", "s=320x180:r=25:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 500k -g 60 -c:a libopus";
    vp8_in_ogg: "a.ogv", "s=320x180:r=25:d=9",
        "-f lavfi -i sine=b=4:d=9 -c:v libvpx -deadline realtime -b:v 500k -c:a libopus -f ogg";
    /// Its 33 bits of 90 kHz begin again eight seconds after the first frame.
    a_transport_stream_whose_clock_wraps: "a.ts", "s=320x180:r=25:d=14",
        "-f lavfi -i sine=b=4:d=14 -output_ts_offset 95434 -c:v libx264 -preset ultrafast -g 50 -bf 2";
    two_pictures_of_which_one_is_the_main_one: "a.mkv", "s=320x180:r=25:d=9",
        "-f lavfi -i testsrc=s=160x90:r=25:d=9 -f lavfi -i sine=b=4:d=9 -map 0 -map 1 -map 2 \
         -c:v libx264 -preset ultrafast -disposition:v:1 0";
    one_frame: "a.mp4", "s=320x180:r=25:d=0.04", "-c:v libx264";
    less_than_a_gop: "a.mp4", "s=320x180:r=25:d=0.6", "-f lavfi -i sine=b=4:d=0.6 -c:v libx264";
}

const PHONE: Recipe = Recipe {
    name: "phone.mp4",
    arguments: "-f lavfi -i testsrc2=s=320x180:r=30:d=14 -f lavfi -i sine=b=4:d=14 \
                -c:v libx264 -preset ultrafast -g 60 -bf 2",
};

/// A phone's clip, copied with options that say how to read it.
async fn as_read(input: &str) {
    let folder = TempDir::new().unwrap();
    let clip = clips::make(PHONE, folder.path()).unwrap();
    comes_out_right(&clips::copied(&clip, "copied.mp4", input).unwrap()).await;
}

#[tokio::test]
async fn turned_by_a_quarter_to_either_side_and_by_a_half() {
    for degrees in [90, 180, 270] {
        as_read(&format!("-display_rotation {degrees}")).await;
    }
}

/// The film begins between two keyframes: the edit list hides what is there only to be decoded.
#[tokio::test]
async fn trimmed_between_keyframes() {
    as_read("-ss 3.3").await;
}
