//! Progress on the terminal: a bar for each stage.

use std::time::Duration;

use client::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Time between two redraws of a stage that runs.
const TICK: Duration = Duration::from_millis(120);

/// One bar for each stage. Where standard error is no terminal, nothing is drawn.
pub(crate) struct Bars {
    segment: Bar,
    video: Bar,
    audio: Bar,
    thumbnail: Bar,
    manifest: Bar,
    metadata: Bar,
}

impl Bars {
    pub(crate) fn new() -> Self {
        let all = MultiProgress::new();
        let mut bars = Self {
            segment: Bar::new(&all, "segment"),
            video: Bar::new(&all, "encode-video"),
            audio: Bar::new(&all, "encode-audio"),
            thumbnail: Bar::new(&all, "thumbnail"),
            manifest: Bar::new(&all, "manifest"),
            metadata: Bar::new(&all, "metadata"),
        };
        bars.segment.show(0, 1);
        bars
    }

    pub(crate) fn show(&mut self, progress: &Progress) {
        if !progress.is_planned() {
            return;
        }
        self.segment.show(1, 1);
        self.video.show(progress.video_done, progress.video_chunks);
        self.audio.show(progress.audio_done, progress.audio_chunks);
        if progress.video_done >= progress.video_chunks {
            self.thumbnail.show(progress.thumbnails.into(), 1);
        }
        if progress.thumbnails && progress.audio_done >= progress.audio_chunks {
            self.manifest.show(progress.manifests.into(), 1);
        }
        if progress.manifests {
            self.metadata.show(0, 1);
        }
    }

    /// Leaves the bars as they are; those of a job that is ready are full.
    pub(crate) fn end(&mut self, ready: bool) {
        let all = [
            &mut self.segment,
            &mut self.video,
            &mut self.audio,
            &mut self.thumbnail,
            &mut self.manifest,
            &mut self.metadata,
        ];
        for bar in all {
            if ready {
                bar.show(1, 1);
            } else {
                bar.line.abandon();
            }
        }
    }
}

/// One stage.
struct Bar {
    line: ProgressBar,
    begun: bool,
}

impl Bar {
    fn new(all: &MultiProgress, name: &'static str) -> Self {
        let line = all.add(ProgressBar::new(1));
        line.set_style(style());
        line.set_prefix(name);
        Self { line, begun: false }
    }

    /// Shows `done` of `planned` parts. Time counts from the first call; a stage that is done is
    /// not drawn again.
    fn show(&mut self, done: u32, planned: u32) {
        if self.line.is_finished() {
            return;
        }
        if !self.begun {
            self.begun = true;
            self.line.reset_elapsed();
            self.line.enable_steady_tick(TICK);
        }
        if done >= planned {
            self.line.finish();
        } else {
            self.line.set_length(planned.into());
            self.line.set_position(done.into());
        }
    }
}

/// Name, bar, parts, elapsed time, and what remains by the rate so far.
fn style() -> ProgressStyle {
    let template = "{prefix:>13} {bar:32} {pos:>4}/{len:<4} {elapsed:>4} {eta:>5} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
