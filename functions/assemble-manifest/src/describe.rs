//! Checked rungs become the renditions of a presentation.

use cloud::ports::ReadObject;
use domain::ids::RungId;
use domain::ladder::VideoRung;
use domain::layout::{audio_folder, video_folder};
use domain::plan::{AudioPlan, Plan};
use domain::result::{self, Rendition, RenditionKind, SegmentFacts};
use media::cmaf::init::{SampleEntry, TrackInit};
use media::hls::common_target_duration;
use media::hls::rate::{average_bit_rate, peak_bit_rate};
use media::presentation::{
    AudioRendition, IFrameRange, MediaSegment, Presentation, Storyboard, VideoRendition,
};
use media::storyboard::StoryboardGrid;

use crate::AssembleError;
use crate::check::CheckedRung;
use crate::inventory::Inventory;

/// The renditions of both kinds, in the plan's order.
pub(crate) struct Described {
    pub(crate) video: Vec<VideoRendition>,
    pub(crate) audio: Vec<AudioRendition>,
}

/// Describes every rung by what its published init segment says.
pub(crate) async fn renditions<S: ReadObject>(
    plan: &Plan,
    inventory: &Inventory<'_, S>,
    video: &[CheckedRung],
    audio: &[CheckedRung],
) -> Result<Described, AssembleError> {
    let mut described = Described {
        video: Vec::new(),
        audio: Vec::new(),
    };
    let rungs = plan.video.iter().flat_map(|video| &video.rungs);
    for (rung, checked) in rungs.zip(video) {
        let init = inventory.verify(&video_folder(&rung.id), checked).await?;
        let track = parse(&rung.id, &init)?;
        described
            .video
            .push(video_rendition(plan, rung, checked, &track)?);
    }
    if let Some(sound) = &plan.audio {
        for checked in audio {
            let init = inventory
                .verify(&audio_folder(&checked.id), checked)
                .await?;
            let track = parse(&checked.id, &init)?;
            described
                .audio
                .push(audio_rendition(sound, checked, &track)?);
        }
    }
    Ok(described)
}

fn parse(rung: &RungId, init: &[u8]) -> Result<TrackInit, AssembleError> {
    TrackInit::parse(init).map_err(|source| AssembleError::InitBoxes {
        rung: rung.clone(),
        source,
    })
}

fn video_rendition(
    plan: &Plan,
    rung: &VideoRung,
    checked: &CheckedRung,
    track: &TrackInit,
) -> Result<VideoRendition, AssembleError> {
    let rate = plan.timeline.rate;
    let shape = |width, height, timescale| format!("{width}x{height} at {timescale} Hz");
    let planned = shape(rung.width, rung.height, rate.timescale());
    let found = match &track.entry {
        SampleEntry::Avc { width, height, .. } => {
            shape((*width).into(), (*height).into(), track.timescale)
        }
        SampleEntry::Aac { .. } => "sound".to_owned(),
    };
    same_track(&rung.id, planned, found)?;
    Ok(VideoRendition {
        id: rung.id.to_string(),
        codec: track.codec(),
        width: rung.width,
        height: rung.height,
        frame_rate: rate,
        segments: media_segments(&checked.segments),
        iframes: iframes(&checked.segments, rate.frame_ticks()),
    })
}

fn audio_rendition(
    plan: &AudioPlan,
    checked: &CheckedRung,
    track: &TrackInit,
) -> Result<AudioRendition, AssembleError> {
    let shape = |channels, rate| format!("{channels} channels at {rate} Hz");
    let planned = shape(plan.channels, domain::audio::SAMPLE_RATE);
    let (channels, found) = match &track.entry {
        SampleEntry::Aac { channels, .. } => {
            (*channels, shape((*channels).into(), track.timescale))
        }
        SampleEntry::Avc { .. } => (0, "a picture".to_owned()),
    };
    same_track(&checked.id, planned, found)?;
    let rate = checked.id.as_str().rsplit('-').next().unwrap_or_default();
    Ok(AudioRendition {
        id: checked.id.to_string(),
        group: format!("aac-{rate}"),
        codec: track.codec(),
        language: plan.language.clone(),
        name: "Main".to_owned(),
        channels,
        sample_rate: track.timescale,
        segments: media_segments(&checked.segments),
    })
}

fn same_track(rung: &RungId, planned: String, found: String) -> Result<(), AssembleError> {
    if planned == found {
        return Ok(());
    }
    Err(AssembleError::Track {
        rung: rung.clone(),
        planned,
        found,
    })
}

fn media_segments(segments: &[SegmentFacts]) -> Vec<MediaSegment> {
    segments
        .iter()
        .map(|segment| MediaSegment {
            duration: segment.duration,
            bytes: segment.bytes,
        })
        .collect()
}

fn iframes(segments: &[SegmentFacts], frame_ticks: u32) -> Vec<IFrameRange> {
    segments
        .iter()
        .flat_map(|segment| segment.iframes.iter().map(move |iframe| (segment, iframe)))
        .map(|(segment, iframe)| IFrameRange {
            segment: u32::try_from(segment.number).unwrap_or(u32::MAX),
            offset: iframe.offset,
            length: iframe.length,
            duration: iframe.frames * u64::from(frame_ticks),
        })
        .collect()
}

/// The storyboard as manifests see it.
pub(crate) fn storyboard(plan: &Plan, board: Option<result::Storyboard>) -> Option<Storyboard> {
    board.map(|board| Storyboard {
        grid: StoryboardGrid {
            interval: plan.timeline.time_of(board.interval_frames),
            tile_width: board.tile_width,
            tile_height: board.tile_height,
            columns: board.columns,
            rows: board.rows,
            tiles: board.tiles,
        },
        sheet_bytes: board.sheet_bytes,
    })
}

/// The renditions with the figures that metadata keeps: video first, in the plan's order.
pub(crate) fn figures(presentation: &Presentation) -> Vec<Rendition> {
    let target = common_target_duration(presentation);
    let video = presentation.video().iter().map(|rendition| Figures {
        id: &rendition.id,
        kind: RenditionKind::Video,
        codec: &rendition.codec,
        size: Some((rendition.width, rendition.height)),
        timescale: rendition.timescale(),
        segments: &rendition.segments,
    });
    let audio = presentation.audio().iter().map(|rendition| Figures {
        id: &rendition.id,
        kind: RenditionKind::Audio,
        codec: &rendition.codec,
        size: None,
        timescale: rendition.sample_rate,
        segments: &rendition.segments,
    });
    let all = video.chain(audio);
    all.filter_map(|figures| figures.rendition(target))
        .collect()
}

struct Figures<'a> {
    id: &'a str,
    kind: RenditionKind,
    codec: &'a str,
    size: Option<(u32, u32)>,
    timescale: u32,
    segments: &'a [MediaSegment],
}

impl Figures<'_> {
    fn rendition(&self, target_duration: u32) -> Option<Rendition> {
        let (segments, timescale) = (self.segments, self.timescale);
        Some(Rendition {
            id: RungId::new(self.id).ok()?,
            kind: self.kind,
            codec: self.codec.to_owned(),
            width: self.size.map(|(width, _)| width),
            height: self.size.map(|(_, height)| height),
            bandwidth: peak_bit_rate(segments, timescale, target_duration).0,
            average_bandwidth: average_bit_rate(segments, timescale).0,
            segments: segments.len() as u64,
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
        })
    }
}
