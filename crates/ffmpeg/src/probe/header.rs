//! What ffprobe says of a container and its streams.

use std::collections::BTreeMap;
use std::ffi::OsString;

use domain::time::Rational;
use serde::Deserialize;

use super::error::{ProbeError, from_number};
use super::prober::Prober;
use crate::input::{DEMUXERS, Index, extend};
use crate::run::{Process, RunError};

/// The largest description of a file that is read, in bytes: tags are the file's own words.
const LIMIT: usize = 8 << 20;

/// ffprobe's answer.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    pub streams: Vec<Stream>,
    pub format: Format,
    error: Option<Refusal>,
}

#[derive(Clone, Debug, Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    string: String,
}

/// A stream as the container announces it.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Stream {
    pub index: u32,
    /// Absent for streams that ffmpeg has no word for.
    pub codec_type: Option<String>,
    pub codec_name: Option<String>,
    pub width: u32,
    pub height: u32,
    pub pix_fmt: Option<String>,
    pub sample_aspect_ratio: Option<String>,
    pub field_order: Option<String>,
    pub color_primaries: Option<String>,
    pub color_transfer: Option<String>,
    pub color_space: Option<String>,
    pub color_range: Option<String>,
    pub time_base: Option<String>,
    pub start_pts: Option<i64>,
    pub start_time: Option<String>,
    pub duration: Option<String>,
    pub nb_frames: Option<String>,
    pub avg_frame_rate: Option<String>,
    pub sample_rate: Option<String>,
    pub channels: u32,
    pub disposition: BTreeMap<String, i64>,
    pub tags: BTreeMap<String, String>,
    pub side_data_list: Vec<SideData>,
}

/// The part of a stream's side data that matters.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub(super) struct SideData {
    pub rotation: Option<serde_json::Number>,
}

/// The container.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Format {
    #[serde(rename = "format_name")]
    pub name: String,
    pub start_time: Option<String>,
    pub duration: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl Format {
    /// Timestamp at which the container begins, in seconds.
    pub(super) fn start(&self) -> Rational {
        decimal(self.start_time.as_deref()).unwrap_or(Rational::ZERO)
    }

    /// Length as the container states or ffmpeg estimates it, in seconds.
    pub(super) fn duration(&self) -> Option<Rational> {
        decimal(self.duration.as_deref()).filter(|&seconds| seconds > Rational::ZERO)
    }
}

impl Stream {
    pub(super) fn is_picture(&self) -> bool {
        self.codec_type.as_deref() == Some("video") && !self.is_cover()
    }

    pub(super) fn is_cover(&self) -> bool {
        let flagged = |name| self.disposition.get(name).is_some_and(|&flag| flag != 0);
        self.codec_type.as_deref() == Some("video")
            && (flagged("attached_pic") || flagged("timed_thumbnails"))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.codec_type.as_deref() == Some("audio")
    }

    /// Seconds that a tick lasts; a thousandth where the container does not say.
    pub(super) fn tick(&self) -> Rational {
        let stated = self.time_base.as_deref().and_then(|text| text.parse().ok());
        stated
            .filter(|&tick| tick > Rational::ZERO)
            .unwrap_or_else(|| Rational::ticks(1, 1000))
    }

    /// Time at which the stream ends as the container states it, in seconds: from the header of
    /// MP4, or from the tag that Matroska writers leave.
    pub(super) fn stated_end(&self) -> Option<Rational> {
        let duration = decimal(self.duration.as_deref());
        let start = decimal(self.start_time.as_deref()).unwrap_or(Rational::ZERO);
        duration
            .map(|duration| start + duration)
            .or_else(|| clock(self.tags.get("DURATION")?))
    }

    /// The codec's name, or `unknown`.
    pub(super) fn codec(&self) -> String {
        self.codec_name
            .clone()
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

/// Reads `12.345`; `N/A` is none.
fn decimal(text: Option<&str>) -> Option<Rational> {
    Rational::from_decimal(text?)
}

/// Reads `00:01:02.345000000`, as Matroska's statistics tags have it.
fn clock(text: &str) -> Option<Rational> {
    let mut parts = text.splitn(3, ':').map(Rational::from_decimal);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some((hours * Rational::whole(60) + minutes) * Rational::whole(60) + seconds)
}

/// Asks ffprobe for streams and container.
pub(super) async fn read(prober: &mut Prober<'_>) -> Result<Header, ProbeError> {
    let mut args: Vec<OsString> = Vec::new();
    // Failures come as JSON; what is said on stderr only serves the report.
    extend(&mut args, ["-v", "level+warning"]);
    // A number instead of prose where the file cannot be opened.
    extend(&mut args, ["-show_error", "-show_streams", "-show_format"]);
    extend(&mut args, ["-of", "json"]);
    // No index yet: a fragmented MP4 would be walked to its end for one.
    args.extend(prober.input.arguments(DEMUXERS, Index::Ignore));
    let process = Process::ffprobe(prober.tools, args).capture(LIMIT);
    let remote = prober.is_remote();
    match prober.run(process).await {
        Ok(finished) => parse(&finished.stdout, remote),
        Err(RunError::Failed { stdout, .. }) => parse(&stdout, remote),
        Err(RunError::TooMuchOutput { .. }) => Err(ProbeError::Damaged {
            what: "its description is beyond all measure".to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}

fn parse(json: &[u8], remote: bool) -> Result<Header, ProbeError> {
    let header: Header = serde_json::from_slice(json).map_err(|error| ProbeError::Damaged {
        what: format!("its description cannot be read, {error}"),
    })?;
    match header.error {
        Some(Refusal { code, string }) => Err(from_number(code, &string, remote)),
        None => Ok(header),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ErrorCode, Fault};

    #[test]
    fn a_recorded_answer_is_read() {
        let json = br#"{"programs": [], "streams": [
            {"index": 0, "codec_name": "h264", "codec_type": "video", "width": 640, "height": 360,
             "sample_aspect_ratio": "1:1", "time_base": "1/12800", "start_pts": 0,
             "start_time": "0.000000", "duration": "24.000000", "nb_frames": "600",
             "disposition": {"default": 1, "attached_pic": 0},
             "side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]},
            {"index": 1, "time_base": "1/90000"},
            {"index": 2, "codec_name": "aac", "codec_type": "audio", "sample_rate": "48000",
             "channels": 2, "tags": {"language": "deu", "DURATION": "01:00:24.021000000"}}],
            "format": {"format_name": "matroska,webm", "start_time": "0.021000",
                       "duration": "N/A", "size": "1", "probe_score": 100}}"#;
        let header = parse(json, false).unwrap();
        assert!(header.streams[0].is_picture() && header.streams[2].is_sound());
        assert!(!header.streams[1].is_picture() && !header.streams[1].is_sound());
        assert_eq!(header.streams[0].stated_end(), Some(Rational::whole(24)));
        assert_eq!(
            header.streams[2].stated_end(),
            Rational::from_decimal("3624.021")
        );
        assert_eq!(
            header.format.start(),
            Rational::from_decimal("0.021").unwrap()
        );
        assert_eq!(header.format.duration(), None);
    }

    #[test]
    fn a_recorded_refusal_is_an_error() {
        let json = br#"{"error": {"code": -875574520, "string": "Server returned 404 Not Found"}}"#;
        let error = parse(json, true).unwrap_err();
        assert_eq!(error.code(), ErrorCode::SourceMissing);
        assert_eq!(
            error.to_string(),
            "the file cannot be read: Server returned 404 Not Found"
        );
    }
}
