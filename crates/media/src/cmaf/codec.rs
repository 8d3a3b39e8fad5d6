//! Codec strings (RFC 6381) out of the decoder configuration, never out of what was asked for:
//! the encoder chooses level and constraint bits itself, and players compare the string with the
//! bytes.

use super::boxes::{BoxError, Reader};

/// What `avcC` says about an H.264 track (ISO/IEC 14496-15, 5.3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AvcProfile {
    /// `AVCProfileIndication`: 100 is High.
    pub profile: u8,
    /// `profile_compatibility`, the constraint flags.
    pub constraints: u8,
    /// `AVCLevelIndication`: 31 is level 3.1.
    pub level: u8,
}

impl AvcProfile {
    /// Reads the body of an `avcC` box.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when the first four bytes are not there.
    pub fn read(avcc: &[u8]) -> Result<Self, BoxError> {
        let mut reader = Reader::new(avcc);
        let _configuration_version = reader.u8()?;
        Ok(Self {
            profile: reader.u8()?,
            constraints: reader.u8()?,
            level: reader.u8()?,
        })
    }

    /// `avc1.` and the three bytes in lower-case hex, as in `avc1.64001f` (RFC 6381, 3.3).
    #[must_use]
    pub fn codec(self) -> String {
        format!(
            "avc1.{:02x}{:02x}{:02x}",
            self.profile, self.constraints, self.level
        )
    }
}

/// What the `AudioSpecificConfig` in `esds` says about an AAC track (ISO/IEC 14496-3, 1.6.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AacConfig {
    /// Audio object type: 2 is AAC-LC, 5 is HE-AAC.
    pub object_type: u8,
    /// Number of channels, or `None` where the configuration leaves it to the stream itself.
    pub channels: Option<u16>,
    /// Samples per second, or `None` for a reserved index.
    pub sample_rate: Option<u32>,
}

/// `objectTypeIndication` of MPEG-4 audio (ISO/IEC 14496-1, table 5).
const MPEG4_AUDIO: u8 = 0x40;
const ES_DESCRIPTOR: u8 = 0x03;
const DECODER_CONFIG: u8 = 0x04;
const DECODER_SPECIFIC: u8 = 0x05;

const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

impl AacConfig {
    /// Reads the body of an `esds` box; `None` when the descriptors in it are not MPEG-4 audio.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when a descriptor ends beyond the box.
    pub fn read(esds: &[u8]) -> Result<Option<Self>, BoxError> {
        let mut reader = Reader::new(esds);
        reader.version_and_flags()?;
        let Some(mut es) = descriptor(&mut reader, ES_DESCRIPTOR)? else {
            return Ok(None);
        };
        es.u16()?; // ES_ID
        let flags = es.u8()?;
        if flags & 0x80 != 0 {
            es.u16()?; // dependsOn_ES_ID
        }
        if flags & 0x40 != 0 {
            let length = es.u8()?;
            es.take(length.into())?; // URL
        }
        if flags & 0x20 != 0 {
            es.u16()?; // OCR_ES_ID
        }
        let Some(mut decoder) = descriptor(&mut es, DECODER_CONFIG)? else {
            return Ok(None);
        };
        if decoder.u8()? != MPEG4_AUDIO {
            return Ok(None);
        }
        decoder.take(12)?; // stream type, buffer size, maximum and average bit rate
        let Some(specific) = descriptor(&mut decoder, DECODER_SPECIFIC)? else {
            return Ok(None);
        };
        Self::from_specific_config(specific.rest()).map(Some)
    }

    fn from_specific_config(config: &[u8]) -> Result<Self, BoxError> {
        let mut bits = Bits {
            reader: Reader::new(config),
            held: 0,
            count: 0,
        };
        let object_type = match bits.take(5)? {
            31 => 32 + bits.take(6)?,
            short => short,
        };
        let sample_rate = match bits.take(4)? {
            15 => Some(bits.take(24)?),
            index => SAMPLE_RATES.get(index as usize).copied(),
        };
        let channels = match bits.take(4)? {
            n @ 1..=6 => u16::try_from(n).ok(),
            7 => Some(8),
            _ => None,
        };
        Ok(Self {
            object_type: u8::try_from(object_type).unwrap_or_default(),
            channels,
            sample_rate,
        })
    }

    /// `mp4a.40.` and the object type, as in `mp4a.40.2` (RFC 6381, 3.3).
    #[must_use]
    pub fn codec(self) -> String {
        format!("mp4a.{MPEG4_AUDIO:x}.{}", self.object_type)
    }
}

/// The next descriptor's content, if it has this tag (ISO/IEC 14496-1, 8.3.3: the length comes in
/// groups of seven bits).
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Option<Reader<'a>>, BoxError> {
    if reader.u8()? != tag {
        return Ok(None);
    }
    let mut length = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    reader.take(length).map(Reader::new).map(Some)
}

struct Bits<'a> {
    reader: Reader<'a>,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next `width` bits, at most 24.
    fn take(&mut self, width: u32) -> Result<u32, BoxError> {
        while self.count < width {
            self.held = self.held << 8 | u32::from(self.reader.u8()?);
            self.count += 8;
        }
        self.count -= width;
        let value = self.held >> self.count & ((1 << width) - 1);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn esds(config: &[u8]) -> Vec<u8> {
        let length = |n: usize| u8::try_from(n).unwrap();
        let mut bytes = vec![0, 0, 0, 0];
        // ffmpeg writes every length in four groups
        bytes.extend([
            3,
            0x80,
            0x80,
            0x80,
            length(3 + 5 + 13 + 5 + config.len()),
            0,
            1,
            0,
        ]);
        bytes.extend([
            4,
            0x80,
            0x80,
            0x80,
            length(13 + 5 + config.len()),
            0x40,
            0x15,
            0,
            0,
            0,
        ]);
        bytes.extend([0; 8]);
        bytes.extend([5, 0x80, 0x80, 0x80, length(config.len())]);
        bytes.extend(config);
        bytes
    }

    #[test]
    fn aac_lc_stereo_at_48_khz() {
        let config = AacConfig::read(&esds(&[0x11, 0x90])).unwrap().unwrap();
        assert_eq!(config.codec(), "mp4a.40.2");
        assert_eq!(
            (config.channels, config.sample_rate),
            (Some(2), Some(48_000))
        );
    }

    #[test]
    fn an_escaped_object_type_and_an_explicit_rate() {
        // 11111 001010 (42), 1111 + 24 bits, 0001
        let config = AacConfig::read(&esds(&[0xf9, 0x5e, 0x01, 0x77, 0x00, 0x20]))
            .unwrap()
            .unwrap();
        assert_eq!(config.codec(), "mp4a.40.42");
        assert_eq!(
            (config.channels, config.sample_rate),
            (Some(1), Some(48_000))
        );
    }

    #[test]
    fn every_cut_of_esds_is_refused() {
        let whole = esds(&[0x11, 0x90]);
        for end in 0..whole.len() {
            assert!(AacConfig::read(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn avc_high_at_level_3_1() {
        let profile = AvcProfile::read(&[1, 0x64, 0, 0x1f, 0xff]).unwrap();
        assert_eq!(profile.codec(), "avc1.64001f");
    }
}
