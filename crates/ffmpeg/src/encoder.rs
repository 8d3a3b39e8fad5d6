//! What encodes the picture: software everywhere, or NVIDIA's encoder where there is one.
//!
//! Whether there is one cannot be read from anywhere. The build may lack it, the machine may have
//! no GPU, the driver may be too old, and not every GPU has an encoder (an H100 has none) or one
//! for every codec (AV1 came with Ada). So the device file is looked for, which costs nothing on
//! the machines that have none, and then one frame is encoded. Whatever goes wrong with that means
//! software: a GPU makes a chunk faster and is never needed.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use domain::codec::VideoCodec;
use tokio::time::Instant;

use crate::run::Process;
use crate::tools::Tools;

/// The device file of NVIDIA's driver; its container runtime puts it into a container that was
/// given a GPU.
const DEVICE: &str = "/dev/nvidiactl";

/// Longest for the trial frame. The first use of a GPU loads its driver, for some seconds.
const TRIAL_TIME: Duration = Duration::from_secs(30);

/// Where a chunk is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoder {
    /// x264 on the CPU: equal bytes on every machine.
    Software,
    /// NVENC on a GPU: the same frames, but bytes that depend on GPU and driver.
    Nvenc(VideoCodec),
}

impl Encoder {
    /// The fastest that this build and this machine have for H.264, which is what is published.
    ///
    /// Never fails: without a GPU that encodes it is [`Encoder::Software`]. Takes a second or two
    /// where there is a GPU, else next to nothing. `deadline` bounds it.
    pub async fn choose(tools: &Tools, deadline: Instant) -> Self {
        Self::choose_with(Path::new(DEVICE), VideoCodec::H264, tools, deadline).await
    }

    async fn choose_with(
        device: &Path,
        codec: VideoCodec,
        tools: &Tools,
        deadline: Instant,
    ) -> Self {
        if !device.exists() {
            tracing::info!(reason = "no NVIDIA device", "encoding in software");
            return Self::Software;
        }
        let deadline = deadline.min(Instant::now() + TRIAL_TIME);
        match Process::ffmpeg(tools, trial(codec)).run(deadline).await {
            Ok(_) => Self::Nvenc(codec),
            Err(error) => {
                tracing::info!(reason = %error, "encoding in software");
                Self::Software
            }
        }
    }
}

/// ffmpeg's name for NVIDIA's encoder.
pub(crate) const fn nvenc_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "h264_nvenc",
        VideoCodec::Hevc => "hevc_nvenc",
        VideoCodec::Av1 => "av1_nvenc",
    }
}

/// Encodes one frame of nothing, above the smallest size that any NVENC takes (145x49).
fn trial(codec: VideoCodec) -> Vec<OsString> {
    let source = "-v level+warning -f lavfi -i color=size=256x256:rate=25 -frames:v 1 -c:v";
    let words = source.split(' ');
    let words = words.chain([nvenc_name(codec), "-f", "null", "-"]);
    words.map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn chosen(device: &str, ffmpeg: &str) -> Encoder {
        let tools = Tools::new(ffmpeg, "ffprobe");
        let deadline = Instant::now() + Duration::from_secs(10);
        Encoder::choose_with(Path::new(device), VideoCodec::Hevc, &tools, deadline).await
    }

    // /bin/true is an ffmpeg that encodes the trial frame, /bin/false one that cannot.
    #[tokio::test]
    async fn a_gpu_that_encodes_is_used() {
        let nvenc = Encoder::Nvenc(VideoCodec::Hevc);
        assert_eq!(chosen("/dev/null", "/bin/true").await, nvenc);
    }

    #[tokio::test]
    async fn whatever_is_missing_the_chunk_is_encoded_in_software() {
        for (device, ffmpeg) in [
            ("/dev/no-such-device", "/bin/true"),
            ("/dev/null", "/bin/false"),
            ("/dev/null", "/no/such/ffmpeg"),
        ] {
            assert_eq!(chosen(device, ffmpeg).await, Encoder::Software, "{ffmpeg}");
        }
    }
}
