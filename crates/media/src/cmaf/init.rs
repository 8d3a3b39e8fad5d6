//! The init segment: `ftyp` + `moov` of a track without samples (ISO/IEC 23000-19, 7.3.1).
//!
//! ffmpeg's `moov` is kept as it is, with two changes: `ftyp` names the CMAF brand, and a video
//! track gets an edit list that takes the constant composition offset away again. Audio gets
//! none: its priming is dropped, and an edit list there makes Shaka Player shift later segments
//! by 20 ms.
//!
//! No media-profile brand (`cfhd`, `caac`…) is claimed. Such a brand promises more than the init
//! segment shows (VUI colour, frame rate, level bounds), no player asks for it, and the output
//! that was judged in five players carried `iso6 cmfc`.

use super::boxes::{self, BoxError, BoxRef, BoxWriter, FourCc, Reader};
use super::codec::{AacConfig, AvcProfile};

/// What the packagers and manifests need to know of an init segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackInit {
    /// Ticks per second of the track (`mdhd`); never zero.
    pub timescale: u32,
    /// Values for what a fragment leaves out, and the track's id.
    pub defaults: TrackDefaults,
    /// Codec and shape of the samples.
    pub entry: SampleEntry,
    /// The edit list, if there is one.
    pub edit_list: Option<EditList>,
}

/// `trex`: what holds for a sample when its fragment says nothing (ISO/IEC 14496-12, 8.8.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrackDefaults {
    /// The track's id.
    pub track_id: u32,
    /// Ticks that a sample lasts.
    pub duration: u32,
    /// Bytes of a sample.
    pub size: u32,
    /// Sample flags (ISO/IEC 14496-12, 8.8.3.1).
    pub flags: u32,
}

/// The one entry of `stsd`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SampleEntry {
    /// `avc1`: H.264 with its parameter sets in the init segment.
    Avc {
        /// Coded width in pixels.
        width: u16,
        /// Coded height in pixels.
        height: u16,
        /// Profile and level out of `avcC`.
        profile: AvcProfile,
    },
    /// `mp4a`: AAC.
    Aac {
        /// Number of channels.
        channels: u16,
        /// Samples per second.
        sample_rate: u32,
        /// Object type out of `esds`.
        config: AacConfig,
    },
}

/// The first entry of `elst` (ISO/IEC 14496-12, 8.6.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EditList {
    /// Duration in the movie's timescale; 0 means to the end of the fragments.
    pub segment_duration: u64,
    /// Media time, in ticks of the track, that is shown at time 0; −1 is an empty edit.
    pub media_time: i64,
    /// How many entries there are; one is all that is written here.
    pub entries: u32,
}

/// Why an init segment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// The boxes are damaged, or one is not there.
    #[error("init segment: {0}")]
    Box(#[from] BoxError),
    /// CMAF has one track per file.
    #[error("init segment has {found} tracks instead of 1")]
    TrackCount {
        /// Tracks found.
        found: usize,
    },
    /// The track's timescale is zero.
    #[error("init segment has a timescale of 0")]
    ZeroTimescale,
    /// The track has no sample entry, or several.
    #[error("init segment has {found} sample entries instead of 1")]
    EntryCount {
        /// Entries found.
        found: usize,
    },
    /// The sample entry is of a codec that is not packaged here.
    #[error("sample entry `{entry}` is none of avc1, mp4a")]
    UnknownEntry {
        /// The entry's type.
        entry: FourCc,
    },
    /// An `mp4a` entry without an MPEG-4 audio configuration.
    #[error("mp4a entry without an MPEG-4 audio configuration")]
    NotAac,
    /// The composition delay does not fit an edit list of version 0.
    #[error("composition delay of {ticks} ticks does not fit an edit list")]
    DelayTooLong {
        /// The delay.
        ticks: u32,
    },
}

impl TrackInit {
    /// Reads `ftyp` + `moov`, ffmpeg's or our own.
    ///
    /// # Errors
    /// One variant of [`InitError`] each for damaged boxes, another number of tracks or sample
    /// entries than one, a zero timescale, and a codec that is not packaged here.
    pub fn parse(init: &[u8]) -> Result<Self, InitError> {
        boxes::require(init, *b"ftyp")?;
        let moov = boxes::require(init, *b"moov")?;
        let trak = only_track(&moov)?;
        let mdia = boxes::require(trak.body, *b"mdia")?;
        let timescale = read_timescale(&boxes::require(mdia.body, *b"mdhd")?)?;
        if timescale == 0 {
            return Err(InitError::ZeroTimescale);
        }
        let minf = boxes::require(mdia.body, *b"minf")?;
        let stbl = boxes::require(minf.body, *b"stbl")?;
        let entry = read_entry(&boxes::require(stbl.body, *b"stsd")?)?;
        let mvex = boxes::require(moov.body, *b"mvex")?;
        let defaults = read_defaults(&boxes::require(mvex.body, *b"trex")?)?;
        let edit_list = match boxes::find(trak.body, *b"edts")? {
            Some(edts) => boxes::find(edts.body, *b"elst")?,
            None => None,
        };
        Ok(Self {
            timescale,
            defaults,
            entry,
            edit_list: edit_list.map(|elst| read_edit_list(&elst)).transpose()?,
        })
    }

    /// The RFC 6381 codec string, such as `avc1.64001f` or `mp4a.40.2`.
    #[must_use]
    pub fn codec(&self) -> String {
        match self.entry {
            SampleEntry::Avc { profile, .. } => profile.codec(),
            SampleEntry::Aac { config, .. } => config.codec(),
        }
    }
}

/// ffmpeg's init segment of a video track made CMAF: brands `cmfc`, `iso6`, and an edit list that
/// starts the presentation at media time `composition_delay` (ticks of the track), which is the
/// constant that every sample's composition offset carries. An edit list that is there already is
/// replaced. Every other byte of `moov` stays.
///
/// # Errors
/// Those of [`TrackInit::parse`], and [`InitError::DelayTooLong`] beyond 2³¹ − 1 ticks.
pub fn rebuild_video(init: &[u8], composition_delay: u32) -> Result<Vec<u8>, InitError> {
    let media_time = i32::try_from(composition_delay)
        .map(i32::cast_unsigned)
        .map_err(|_| InitError::DelayTooLong {
            ticks: composition_delay,
        })?;
    rebuild(init, Some(media_time))
}

/// ffmpeg's init segment of an audio track made CMAF: brands `cmfc`, `iso6`, no edit list. Every
/// other byte of `moov` stays.
///
/// # Errors
/// Those of [`TrackInit::parse`].
pub fn rebuild_audio(init: &[u8]) -> Result<Vec<u8>, InitError> {
    rebuild(init, None)
}

fn rebuild(init: &[u8], media_time: Option<u32>) -> Result<Vec<u8>, InitError> {
    TrackInit::parse(init)?;
    let moov = boxes::require(init, *b"moov")?;
    let mut writer = BoxWriter::new();
    writer.nest(*b"ftyp", |w| {
        w.bytes(b"cmfc");
        w.u32(0);
        w.bytes(b"iso6cmfc");
    });
    writer.nest(*b"moov", |w| -> Result<(), BoxError> {
        for child in boxes::children(moov.body) {
            let child = child?;
            if child.kind == FourCc(*b"trak") {
                w.nest(*b"trak", |w| copy_track(w, &child, media_time))?;
            } else {
                w.bytes(child.whole);
            }
        }
        Ok(())
    })?;
    Ok(writer.finish()?)
}

/// Copies the boxes of `trak`, but for `edts`, which is written anew after `tkhd`.
fn copy_track(
    w: &mut BoxWriter,
    trak: &BoxRef<'_>,
    media_time: Option<u32>,
) -> Result<(), BoxError> {
    for child in boxes::children(trak.body) {
        let child = child?;
        if child.kind == FourCc(*b"edts") {
            continue;
        }
        w.bytes(child.whole);
        if let (FourCc([b't', b'k', b'h', b'd']), Some(media_time)) = (child.kind, media_time) {
            w.nest(*b"edts", |w| {
                w.nest_full(*b"elst", 0, 0, |w| {
                    w.u32(1); // one entry
                    w.u32(0); // as long as the fragments
                    w.u32(media_time);
                    w.u32(0x0001_0000); // rate 1.0
                });
            });
        }
    }
    Ok(())
}

fn only_track<'a>(moov: &BoxRef<'a>) -> Result<BoxRef<'a>, InitError> {
    let mut tracks = Vec::new();
    for child in boxes::children(moov.body) {
        let child = child?;
        if child.kind == FourCc(*b"trak") {
            tracks.push(child);
        }
    }
    match tracks.as_slice() {
        [only] => Ok(*only),
        several => Err(InitError::TrackCount {
            found: several.len(),
        }),
    }
}

/// ISO/IEC 14496-12, 8.4.2.
fn read_timescale(mdhd: &BoxRef<'_>) -> Result<u32, BoxError> {
    let (version, _, mut fields) = mdhd.full()?;
    fields.take(if version == 1 { 16 } else { 8 })?; // creation and modification time
    fields.u32()
}

/// ISO/IEC 14496-12, 8.8.3.
fn read_defaults(trex: &BoxRef<'_>) -> Result<TrackDefaults, BoxError> {
    let (_, _, mut fields) = trex.full()?;
    let track_id = fields.u32()?;
    fields.u32()?; // sample description index
    Ok(TrackDefaults {
        track_id,
        duration: fields.u32()?,
        size: fields.u32()?,
        flags: fields.u32()?,
    })
}

/// ISO/IEC 14496-12, 8.6.6.
fn read_edit_list(elst: &BoxRef<'_>) -> Result<EditList, BoxError> {
    let (version, _, mut fields) = elst.full()?;
    let entries = fields.u32()?;
    let (segment_duration, media_time) = match version {
        0 => (fields.u32()?.into(), fields.i32()?.into()),
        1 => (fields.u64()?, fields.i64()?),
        version => {
            let kind = elst.kind;
            return Err(BoxError::Version { kind, version });
        }
    };
    Ok(EditList {
        segment_duration,
        media_time,
        entries,
    })
}

/// ISO/IEC 14496-12, 8.5.2.
fn read_entry(stsd: &BoxRef<'_>) -> Result<SampleEntry, InitError> {
    let (_, _, mut fields) = stsd.full()?;
    fields.u32()?; // entry count: the boxes themselves are counted
    let entries = boxes::children(fields.rest()).collect::<Result<Vec<_>, _>>()?;
    let [entry] = entries.as_slice() else {
        return Err(InitError::EntryCount {
            found: entries.len(),
        });
    };
    match &entry.kind.0 {
        b"avc1" => read_avc(entry),
        b"mp4a" => read_mp4a(entry),
        _ => Err(InitError::UnknownEntry { entry: entry.kind }),
    }
}

/// `VisualSampleEntry`, ISO/IEC 14496-12, 12.1.3; `avcC` in ISO/IEC 14496-15, 5.4.2.1.
fn read_avc(entry: &BoxRef<'_>) -> Result<SampleEntry, InitError> {
    let mut fields = Reader::new(entry.body);
    fields.take(8 + 16)?; // sample entry, pre-defined
    let width = fields.u16()?;
    let height = fields.u16()?;
    fields.take(14 + 32 + 4)?; // resolution, frame count, compressor name, depth
    let avcc = boxes::require(fields.rest(), *b"avcC")?;
    Ok(SampleEntry::Avc {
        width,
        height,
        profile: AvcProfile::read(avcc.body)?,
    })
}

/// `AudioSampleEntry`, ISO/IEC 14496-12, 12.2.3; `esds` in ISO/IEC 14496-14, 6.7.2.
fn read_mp4a(entry: &BoxRef<'_>) -> Result<SampleEntry, InitError> {
    let mut fields = Reader::new(entry.body);
    fields.take(8 + 8)?; // sample entry, reserved
    let channels = fields.u16()?;
    fields.take(6)?; // sample size, pre-defined, reserved
    let sample_rate = fields.u32()? >> 16;
    let esds = boxes::require(fields.rest(), *b"esds")?;
    let config = AacConfig::read(esds.body)?.ok_or(InitError::NotAac)?;
    Ok(SampleEntry::Aac {
        channels: config.channels.unwrap_or(channels),
        sample_rate: config.sample_rate.unwrap_or(sample_rate),
        config,
    })
}
