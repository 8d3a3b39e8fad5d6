//! Progress on the terminal: a bar for each stage that has several parts.

use std::time::Duration;

use client::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Redraws of a waiting bar.
const TICK: Duration = Duration::from_millis(120);

/// One bar for each stage. Where standard error is no terminal, nothing is drawn.
pub(crate) struct Bars {
    segment: ProgressBar,
    video: ProgressBar,
    audio: ProgressBar,
    thumbnail: ProgressBar,
    manifest: ProgressBar,
    metadata: ProgressBar,
}

impl Bars {
    pub(crate) fn new() -> Self {
        let all = MultiProgress::new();
        let bar = |name: &'static str| {
            let bar = all.add(ProgressBar::new(1));
            bar.set_style(style());
            bar.set_prefix(name);
            bar
        };
        let bars = Self {
            segment: bar("segment"),
            video: bar("encode-video"),
            audio: bar("encode-audio"),
            thumbnail: bar("thumbnail"),
            manifest: bar("manifest"),
            metadata: bar("metadata"),
        };
        bars.segment.enable_steady_tick(TICK);
        bars
    }

    pub(crate) fn show(&mut self, progress: &Progress) {
        if !progress.planned {
            return;
        }
        self.segment.finish();
        let parts = |bar: &ProgressBar, done: u32, planned: u32| {
            bar.set_length(u64::from(planned.max(1)));
            bar.enable_steady_tick(TICK);
            bar.set_position(u64::from(if planned == 0 { 1 } else { done }));
            if done >= planned {
                bar.finish();
            }
        };
        parts(&self.video, progress.video_done, progress.video_chunks);
        parts(&self.audio, progress.audio_done, progress.audio_chunks);
        let encoded = progress.video_done >= progress.video_chunks;
        let steps = [
            (&self.thumbnail, encoded, progress.thumbnails),
            (&self.manifest, progress.thumbnails, progress.manifests),
            (&self.metadata, progress.manifests, false),
        ];
        for (bar, begun, done) in steps {
            if done {
                bar.set_position(1);
                bar.finish();
            } else if begun {
                bar.enable_steady_tick(TICK);
            }
        }
    }

    pub(crate) fn end(&mut self, ready: bool) {
        let all = [
            &self.segment,
            &self.video,
            &self.audio,
            &self.thumbnail,
            &self.manifest,
            &self.metadata,
        ];
        for bar in all {
            if ready {
                bar.finish();
            } else {
                bar.abandon();
            }
        }
    }
}

/// Name, bar, parts, elapsed time and what remains by the rate so far.
fn style() -> ProgressStyle {
    let template = "{prefix:>13} {bar:32} {pos}/{len} {elapsed:>4} {msg}{eta:>6} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
