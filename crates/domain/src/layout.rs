//! Where things are: every key is a pure function of asset, job, rung and index.
//!
//! Objects are immutable once written, and a re-run writes equal bytes.

use crate::ids::{AssetId, CaptionId, JobId, RungId};
use crate::object::ObjectKey;

/// The multivariant playlist, under the asset's folder.
pub const HLS: &str = "index.m3u8";
/// The MPD, under the asset's folder.
pub const DASH: &str = "manifest.mpd";
/// A rendition's init segment, under its folder.
pub const INIT: &str = "init.mp4";
/// A rendition's media playlist, under its folder.
pub const PLAYLIST: &str = "index.m3u8";
/// A video rendition's I-frame playlist, under its folder.
pub const IFRAMES: &str = "iframes.m3u8";
/// The storyboard's index, under the asset's folder.
pub const STORYBOARD_INDEX: &str = "thumbs/storyboard.vtt";
/// The presentation, under the asset's folder: what manifests are made of.
pub const PRESENTATION: &str = "presentation.json";
/// The folder of all captions under the asset's folder; ends in `/`.
pub const CAPTIONS: &str = "s/";
/// The poster, under the asset's folder.
pub const POSTER: &str = "thumbs/poster.jpg";

/// A rendition's folder under the asset's folder.
#[must_use]
pub fn video_folder(rung: &RungId) -> String {
    format!("v/{rung}")
}

/// An audio rendition's folder under the asset's folder.
#[must_use]
pub fn audio_folder(rung: &RungId) -> String {
    format!("a/{rung}")
}

/// The multivariant playlist with the captions of a revision, under the asset's folder.
#[must_use]
pub fn captioned_hls(revision: u64) -> String {
    format!("index-{revision}.m3u8")
}

/// The MPD with the captions of a revision, under the asset's folder.
#[must_use]
pub fn captioned_dash(revision: u64) -> String {
    format!("manifest-{revision}.mpd")
}

/// A caption's folder under the asset's folder.
#[must_use]
pub fn caption_folder(caption: &CaptionId) -> String {
    format!("{CAPTIONS}{caption}")
}

/// The captions of an asset as they were given, whichever job shows them; ends in `/`.
#[must_use]
pub fn captions_prefix(asset: &AssetId) -> ObjectKey {
    ObjectKey::new(format!("assets/{asset}/captions/"))
}

/// A caption as it was given, as WebVTT.
#[must_use]
pub fn caption_key(asset: &AssetId, caption: &CaptionId) -> ObjectKey {
    ObjectKey::new(format!("{}{caption}.vtt", captions_prefix(asset)))
}

/// A segment's name in its rendition's folder; `number` counts from 1.
#[must_use]
pub fn segment_name(number: u64) -> String {
    format!("{number:05}.m4s")
}

/// A sprite sheet's name beside the storyboard's index; `number` counts from 1.
#[must_use]
pub fn sheet_name(number: u64) -> String {
    format!("storyboard-{number:03}.jpg")
}

/// Everything of an asset in the media bucket, whichever job made it; ends in `/`.
#[must_use]
pub fn media_prefix(asset: &AssetId) -> ObjectKey {
    ObjectKey::new(format!("assets/{asset}/"))
}

/// A job's folder in the work bucket.
#[derive(Clone, Debug)]
pub struct WorkFolder<'a>(pub &'a JobId);

impl WorkFolder<'_> {
    fn key(&self, rest: &str) -> ObjectKey {
        ObjectKey::new(format!("jobs/{}/{rest}", self.0))
    }

    /// The folder itself, ending in `/`.
    #[must_use]
    pub fn prefix(&self) -> ObjectKey {
        self.key("")
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> ObjectKey {
        self.key("plan.json")
    }

    /// The list of encode chunks.
    #[must_use]
    pub fn video_chunks(&self) -> ObjectKey {
        self.key("chunks/video.json")
    }

    /// The source segment of encode chunk `index`.
    #[must_use]
    pub fn source_segment(&self, index: u32) -> ObjectKey {
        self.key(&format!("source/v/{index:05}.nut"))
    }

    /// The result of segment.
    #[must_use]
    pub fn segment_result(&self) -> ObjectKey {
        self.key("results/segment.json")
    }

    /// The result of encode chunk `index`.
    #[must_use]
    pub fn video_result(&self, index: u32) -> ObjectKey {
        self.key(&format!("results/v/{index:05}.json"))
    }

    /// The result of audio chunk `index`.
    #[must_use]
    pub fn audio_result(&self, index: u32) -> ObjectKey {
        self.key(&format!("results/a/{index:05}.json"))
    }

    /// The result of thumbnail.
    #[must_use]
    pub fn thumbnail_result(&self) -> ObjectKey {
        self.key("results/thumbnails.json")
    }

    /// The result of assemble-manifest.
    #[must_use]
    pub fn manifest_result(&self) -> ObjectKey {
        self.key("results/manifest.json")
    }

    /// The failures, a folder.
    #[must_use]
    pub fn failures(&self) -> ObjectKey {
        self.key("failures/")
    }

    /// The failure of one stage; `part` tells its chunks apart.
    #[must_use]
    pub fn failure(&self, stage: &str, part: u32) -> ObjectKey {
        self.key(&format!("failures/{stage}-{part:05}.json"))
    }
}

/// A job's folder in the media bucket.
#[derive(Clone, Debug)]
pub struct MediaFolder<'a> {
    /// The asset.
    pub asset: &'a AssetId,
    /// The job.
    pub job: &'a JobId,
}

impl MediaFolder<'_> {
    /// The folder itself, ending in `/`.
    #[must_use]
    pub fn prefix(&self) -> ObjectKey {
        ObjectKey::new(format!("assets/{}/{}/", self.asset, self.job))
    }

    /// The key of `path` in the folder.
    #[must_use]
    pub fn key(&self, path: &str) -> ObjectKey {
        ObjectKey::new(format!("{}{path}", self.prefix()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_the_object_layout_documents_them() {
        let asset = AssetId::new("a1").unwrap();
        let job = JobId::new("j1").unwrap();
        let rung = RungId::new("1080p").unwrap();
        let work = WorkFolder(&job);
        assert_eq!(work.plan().as_str(), "jobs/j1/plan.json");
        assert_eq!(
            work.source_segment(7).as_str(),
            "jobs/j1/source/v/00007.nut"
        );
        assert_eq!(
            work.video_result(7).as_str(),
            "jobs/j1/results/v/00007.json"
        );
        let media = MediaFolder {
            asset: &asset,
            job: &job,
        };
        let path = format!("{}/{}", video_folder(&rung), segment_name(12));
        assert_eq!(media.key(&path).as_str(), "assets/a1/j1/v/1080p/00012.m4s");
    }
}
