//! What the demo says in the end: to a person, and as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use domain::job::{AssetDocument, JobError, JobState, Published};
use domain::message::SegmentInput;
use domain::result::{Rendition, RenditionKind};
use serde::Serialize;

use crate::local::Stack;
use crate::ui;

/// The last line of standard output with `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    status: JobState,
    error: Option<JobError>,
    asset: String,
    job: String,
    hls: Option<String>,
    dash: Option<String>,
    duration_seconds: Option<f64>,
    renditions: Vec<Rung>,
    stages: BTreeMap<String, f64>,
    ffmpeg_cpu_seconds: Option<f64>,
    #[serde(skip)]
    folder: Option<String>,
}

#[derive(Debug, Serialize)]
struct Rung {
    id: String,
    kind: RenditionKind,
    codec: String,
    width: Option<u32>,
    height: Option<u32>,
    bandwidth: u64,
}

impl Report {
    pub(crate) fn new(request: &SegmentInput, asset: &AssetDocument) -> Self {
        // An earlier stream of the asset stays published when a newer job fails: not ours.
        let published = asset.published.as_ref();
        let published = published.filter(|stream| stream.job == request.job);
        let of = |value: fn(&Published) -> String| published.map(value);
        Self {
            status: asset.state,
            error: asset.error.clone(),
            asset: request.asset.to_string(),
            job: request.job.to_string(),
            hls: of(|stream| stream.hls.clone()),
            dash: of(|stream| stream.dash.clone()),
            duration_seconds: published.and_then(|stream| decimal(&stream.duration.to_decimal(6))),
            renditions: published
                .iter()
                .flat_map(|stream| &stream.renditions)
                .map(Rung::of)
                .collect(),
            stages: published
                .iter()
                .flat_map(|stream| &stream.stage_ms)
                .map(|(stage, ms)| (stage.clone(), seconds(*ms)))
                .collect(),
            ffmpeg_cpu_seconds: published.map(|stream| seconds(stream.ffmpeg_cpu_ms)),
            folder: of(|stream| stream.folder.clone()),
        }
    }

    /// What was made, and where to play it.
    pub(crate) fn describe(&self, stack: &Stack, out: Option<&Path>) {
        for rung in &self.renditions {
            let size = match (rung.width, rung.height) {
                (Some(width), Some(height)) => format!("{width}x{height}"),
                _ => String::from("sound"),
            };
            let rate = rung.bandwidth / 1000;
            ui::note(format!(
                "{:>10}  {size:<10} {:<12} {rate} kb/s",
                rung.id, rung.codec
            ));
        }
        let folder = self.folder.as_deref().unwrap_or_default();
        ui::note(format!("play it: {}{folder}", stack.player));
        ui::note(format!("   page: {}?asset={}", stack.page, self.asset));
        let (user, password) = (&stack.user, &stack.password);
        ui::note(format!("         sign in as {user} with {password}"));
        if let (Some(out), Some(hls), Some(dash)) = (out, &self.hls, &self.dash) {
            ui::note(format!("    HLS: {}", out.join(hls).display()));
            ui::note(format!("   DASH: {}", out.join(dash).display()));
        }
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

impl Rung {
    fn of(rendition: &Rendition) -> Self {
        Self {
            id: rendition.id.to_string(),
            kind: rendition.kind,
            codec: rendition.codec.clone(),
            width: rendition.width,
            height: rendition.height,
            bandwidth: rendition.bandwidth,
        }
    }
}

fn decimal(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}
