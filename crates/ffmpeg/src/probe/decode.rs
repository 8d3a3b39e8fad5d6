//! Facts that only a decoder knows: whether a track decodes at all, and how many samples a sound
//! really has.

use std::ffi::OsString;

use domain::time::Rational;

use super::error::ProbeError;
use super::prober::Prober;
use crate::input::{Index, extend};
use crate::run::{Evidence, Process, RunError};

/// A track to be decoded: its stream index and its codec's name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track<'a> {
    pub index: u32,
    pub codec: &'a str,
}

/// Decodes the first frame of each track, so that a codec without decoder is found before an
/// encoder is started, and a file of noise as well.
pub(super) async fn first_frames(
    prober: &mut Prober<'_>,
    container: &str,
    tracks: &[Track<'_>],
) -> Result<(), ProbeError> {
    for track in tracks {
        let mut args = Vec::new();
        extend(&mut args, ["-v", "level+warning"]);
        args.extend(prober.input.arguments(container, Index::of(container)));
        extend(&mut args, ["-map", &format!("0:{}", track.index)]);
        // One frame is enough, and nothing is written.
        extend(&mut args, ["-frames", "1", "-f", "null", "-"]);
        judge(
            prober.run(Process::ffmpeg(prober.tools, args)).await,
            *track,
        )?;
    }
    Ok(())
}

/// How long a sound is, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counted {
    /// Time of the first sample, in seconds on the container's clock.
    pub start: Rational,
    /// Samples of each channel.
    pub samples: u64,
    /// Samples per second, as they were decoded.
    pub sample_rate: u32,
}

impl Counted {
    /// Time at which the last sample ends when none is missing between, in seconds.
    pub(super) fn end(&self) -> Rational {
        self.start + Rational::ticks(self.samples, self.sample_rate)
    }
}

/// Decodes the whole track and counts.
///
/// The containers of sound state a length that is rounded, estimated from the bit rate, or
/// includes the samples an encoder put in front. Decoding costs little and is exact.
pub(super) async fn count(
    prober: &mut Prober<'_>,
    container: &str,
    track: Track<'_>,
) -> Result<Counted, ProbeError> {
    let mut counter = Counter::default();
    let args = count_args(prober, container, track);
    let process = Process::ffmpeg(prober.tools, args).lines(|line| counter.read(line));
    judge(prober.run(process).await, track)?;
    counter.finish().ok_or_else(|| ProbeError::Damaged {
        what: format!("no sample of its {} sound decodes", track.codec),
    })
}

fn count_args(prober: &Prober<'_>, container: &str, track: Track<'_>) -> Vec<OsString> {
    let mut args = Vec::new();
    extend(&mut args, ["-v", "level+warning"]);
    // Times as the container has them: the first sample's is a fact to be found.
    extend(&mut args, ["-copyts"]);
    args.extend(prober.input.arguments(container, Index::of(container)));
    extend(&mut args, ["-map", &format!("0:{}", track.index)]);
    // Decoded samples…
    extend(&mut args, ["-c:a", "pcm_s16le"]);
    // …of which only a line for each frame is written: stream, dts, pts, duration, size, sum.
    extend(&mut args, ["-f", "framecrc", "pipe:1"]);
    args
}

fn judge<T>(run: Result<T, RunError>, track: Track<'_>) -> Result<(), ProbeError> {
    match run {
        Ok(_) => Ok(()),
        Err(RunError::Failed { evidence, .. }) if evidence.lost.is_none() => {
            Err(verdict(&evidence, track))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the decoder is missing or the data is bad: ffmpeg's exit status is the same.
fn verdict(evidence: &Evidence, track: Track<'_>) -> ProbeError {
    // `Decoding requested, but no decoder found for`, and AV1's decoder that only drives hardware.
    let missing = ["no decoder found", "hardware accelerated"];
    let says = |words: &&str| evidence.stderr.iter().any(|line| line.contains(*words));
    if missing.iter().any(says) {
        return ProbeError::CodecUnsupported {
            codec: track.codec.to_owned(),
        };
    }
    ProbeError::Damaged {
        what: format!("its {} track does not decode", track.codec),
    }
}

/// Adds up the lines of the `framecrc` muxer.
#[derive(Default, Debug)]
struct Counter {
    sample_rate: Option<u32>,
    first: Option<i64>,
    samples: u64,
}

impl Counter {
    fn read(&mut self, line: &str) {
        if let Some(rate) = line.strip_prefix("#sample_rate 0:") {
            self.sample_rate = rate.trim().parse().ok();
        } else if !line.starts_with('#') {
            // The time base of PCM is one sample.
            let mut fields = line.split(',').map(str::trim).skip(2);
            let time = fields.next().and_then(|field| field.parse().ok());
            let samples: Option<u64> = fields.next().and_then(|field| field.parse().ok());
            self.first = self.first.or(time);
            self.samples = self.samples.saturating_add(samples.unwrap_or_default());
        }
    }

    fn finish(self) -> Option<Counted> {
        let sample_rate = self.sample_rate.filter(|&rate| rate > 0)?;
        (self.samples > 0).then_some(Counted {
            start: Rational::ticks(self.first.unwrap_or_default(), sample_rate),
            samples: self.samples,
            sample_rate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_lines_are_counted() {
        let mut counter = Counter::default();
        for line in [
            "#software: Lavf62.12.102",
            "#tb 0: 1/44100",
            "#sample_rate 0: 44100",
            "0,       1105,       1105,       47,     4608, 0x5d4e8ee1",
            "0,       1152,       1152,     1152,     4608, 0x5a0e00c7",
        ] {
            counter.read(line);
        }
        let sound = counter.finish().unwrap();
        assert_eq!(sound.start, Rational::new(1105, 44_100).unwrap());
        assert_eq!(sound.samples, 1199);
        assert_eq!(
            sound.end() - sound.start,
            Rational::new(1199, 44_100).unwrap()
        );
        assert_eq!(Counter::default().finish(), None);
    }

    #[test]
    fn a_missing_decoder_is_not_damage() {
        let track = Track {
            index: 0,
            codec: "av1",
        };
        let says = |line: &str| Evidence {
            program: "ffmpeg".into(),
            argv: String::new(),
            stderr: vec![
                line.into(),
                "[fatal] Decode error rate 1 exceeds maximum".into(),
            ],
            lost: None,
        };
        let missing =
            says("[error] Your platform doesn't support hardware accelerated AV1 decoding.");
        assert!(matches!(
            verdict(&missing, track),
            ProbeError::CodecUnsupported { .. }
        ));
        assert!(matches!(
            verdict(&says("[error] bitstream"), track),
            ProbeError::Damaged { .. }
        ));
    }
}
