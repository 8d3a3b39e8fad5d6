//! Captions against twins of the stores: a stream has what its asset has, whatever happens.
#![cfg(test)]

use bytes::Bytes;
use caption::{Ports, handle};
use cloud::finish::StoredJob;
use cloud::ports::{
    ClaimJob, DeleteObject, FinishJob, KeepLibrary, ListObjects, ReadObject, StoredEntry,
    UploadedAt, WriteObject,
};
use cloud::{Content, JobOutcome};
use domain::caption::{Caption, CaptionKind, Captions};
use domain::ids::{CaptionId, JobId};
use domain::job::{JobRecord, Published};
use domain::language::Language;
use domain::layout::{MediaFolder, PRESENTATION, caption_key, captioned_dash, captioned_hls};
use domain::library::LibraryEntry;
use domain::message::{ChangedAsset, ChangedInput};
use domain::object::{BucketName, ObjectKey, ObjectRef};
use domain::time::{FrameRate, Rational};
use domain::{ErrorCode, Fault as _};
use media::presentation::{IFrameRange, MediaSegment, Presentation, VideoRendition};
use runtime::StageContext;
use testkit::sample;
use testkit::store::{FailingStore, Faults, FolderStore, MemoryDocuments};

const TEXT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:08.000\nGuten Tag.\n";

struct Twins {
    objects: FolderStore,
    documents: MemoryDocuments,
    record: JobRecord,
}

fn media() -> BucketName {
    BucketName::new("media")
}

/// Two segments of five seconds.
fn presentation() -> Presentation {
    let segment = MediaSegment {
        duration: 125_000,
        bytes: 1_000,
    };
    let iframe = |segment| IFrameRange {
        segment,
        offset: 0,
        length: 100,
        duration: 125_000,
    };
    let video = VideoRendition {
        id: "240p".to_owned(),
        codec: "avc1.64001f".to_owned(),
        width: 426,
        height: 240,
        frame_rate: FrameRate { num: 25, den: 1 },
        segments: vec![segment; 2],
        iframes: vec![iframe(1), iframe(2)],
    };
    Presentation::new(Rational::whole(10), vec![video], vec![], None).unwrap()
}

impl Twins {
    async fn ready() -> Self {
        let twins = Self::running().await;
        twins.publish(&twins.record.job).await;
        twins
    }

    async fn running() -> Self {
        let twins = Self {
            objects: FolderStore::temporary().unwrap(),
            documents: MemoryDocuments::default(),
            record: sample::record(),
        };
        let (documents, record) = (&twins.documents, &twins.record);
        documents.claim(record, UploadedAt(1)).await.unwrap();
        let entry = LibraryEntry::of(&record.source, 1);
        documents.enter(&entry).await.unwrap();
        let order = StoredJob::claimed(record.clone(), UploadedAt(1), 1).order;
        let noted = documents.note_job(&record.asset, &record.job, &order);
        noted.await.unwrap();
        twins
    }

    fn folder<'a>(&'a self, job: &'a JobId) -> MediaFolder<'a> {
        MediaFolder {
            asset: &self.record.asset,
            job,
        }
    }

    async fn put(&self, key: ObjectKey, text: impl Into<Bytes>) {
        let object = ObjectRef {
            bucket: media(),
            key,
        };
        let written = self.objects.write(&object, text.into(), Content::WebVtt);
        written.await.unwrap();
    }

    async fn publish(&self, job: &JobId) {
        let json = serde_json::to_vec(&presentation()).unwrap();
        self.put(self.folder(job).key(PRESENTATION), json).await;
        let published = Published {
            job: job.clone(),
            folder: self.folder(job).prefix().as_str().to_owned(),
            hls: "index.m3u8".to_owned(),
            dash: "manifest.mpd".to_owned(),
            duration: Rational::whole(10),
            renditions: Vec::new(),
            poster: None,
            storyboard: None,
            tags: std::collections::BTreeMap::new(),
            stage_ms: std::collections::BTreeMap::new(),
            ffmpeg_cpu_ms: 0,
            cost: None,
        };
        let outcome = JobOutcome::Ready(Box::new(published));
        let ended = self.documents.finish(job, 1, &outcome).await.unwrap();
        assert!(ended.is_some());
    }

    async fn stored(&self) -> StoredEntry {
        let found = self.documents.entry(&self.record.asset).await.unwrap();
        found.unwrap()
    }

    async fn change(&self, change: impl Fn(&mut LibraryEntry)) {
        let seen = self.stored().await;
        let mut next = seen.entry.clone();
        change(&mut next);
        assert!(self.documents.change_entry(&seen, &next).await.unwrap());
    }

    /// As play-api adds one.
    async fn add(&self, language: &str, text: &str) -> Caption {
        let captions = self.stored().await.entry.captions;
        let caption = Caption {
            id: CaptionId::of(captions.revision + 1, &[language, text]),
            language: Language::parse(language).unwrap(),
            kind: CaptionKind::Subtitles,
            name: None,
            added_ms: 1,
        };
        self.put(
            caption_key(&self.record.asset, &caption.id),
            text.to_owned(),
        )
        .await;
        self.change(|entry| entry.captions = captions.with(caption.clone()))
            .await;
        caption
    }

    async fn drop(&self, caption: &Caption) {
        let captions = self.stored().await.entry.captions;
        let next = captions.without(&caption.language, caption.kind);
        self.change(|entry| entry.captions = next.clone()).await;
    }

    fn input(&self) -> ChangedInput {
        ChangedInput {
            changed: ChangedAsset {
                asset: self.record.asset.clone(),
            },
        }
    }

    async fn handle(&self) {
        let ports = Ports {
            objects: self.objects.clone(),
            media: media(),
            documents: self.documents.clone(),
        };
        let done = handle(self.input(), &ports, &StageContext::for_tests()).await;
        done.unwrap();
    }

    async fn noted(&self) -> Option<u64> {
        let stored = self.stored().await;
        stored.captioned.get(&self.record.job).copied()
    }

    async fn read(&self, path: &str) -> String {
        let object = ObjectRef {
            bucket: media(),
            key: self.folder(&self.record.job).key(path),
        };
        let body = self.objects.read(&object).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// Every key of the asset in the media bucket, without its prefix.
    async fn keys(&self) -> Vec<String> {
        let prefix = domain::layout::media_prefix(&self.record.asset);
        let entries = self.objects.list(&media(), &prefix).await.unwrap();
        let keys = entries.iter().map(|entry| entry.key.as_str());
        keys.map(|key| key.strip_prefix(prefix.as_str()).unwrap().to_owned())
            .collect()
    }

    /// What is there should be all that the captions ask for, and nothing else.
    async fn assert_complete(&self) {
        let Captions { revision, list } = self.stored().await.entry.captions;
        assert_eq!(self.noted().await, Some(revision));
        let hls = self.read(&captioned_hls(revision)).await;
        let dash = self.read(&captioned_dash(revision)).await;
        let mut wanted = Vec::new();
        for Caption { id, .. } in &list {
            assert!(hls.contains(&format!("s/{id}/index.m3u8")), "{hls}");
            assert!(dash.contains(&format!("s/{id}/whole.vtt")), "{dash}");
            wanted.push(format!("captions/{id}.vtt"));
            let job = &self.record.job;
            for file in ["00001.vtt", "00002.vtt", "index.m3u8", "whole.vtt"] {
                wanted.push(format!("{job}/s/{id}/{file}"));
            }
        }
        assert_eq!(hls.matches("TYPE=SUBTITLES").count(), list.len());
        wanted.sort();
        let mut found = self.keys().await;
        found.retain(|key| key.contains("/s/") || key.starts_with("captions/"));
        assert_eq!(found, wanted);
    }
}

#[tokio::test]
async fn a_caption_reaches_a_stream_that_plays() {
    let twins = Twins::ready().await;
    twins.handle().await;
    assert_eq!(
        twins.noted().await,
        None,
        "without captions nothing is made"
    );
    let caption = twins.add("de", TEXT).await;
    twins.handle().await;
    twins.assert_complete().await;
    for segment in ["00001", "00002"] {
        let text = twins.read(&format!("s/{}/{segment}.vtt", caption.id)).await;
        assert_eq!(text, TEXT, "a cue is in each segment that it is seen in");
    }
    let before = twins.keys().await;
    twins.handle().await;
    assert_eq!(twins.keys().await, before, "the same again changes nothing");
}

#[tokio::test]
async fn a_caption_that_comes_first_waits_for_the_stream() {
    let twins = Twins::running().await;
    twins.add("de", TEXT).await;
    twins.handle().await;
    assert_eq!(twins.noted().await, None);
    twins.publish(&twins.record.job).await;
    twins.handle().await;
    twins.assert_complete().await;
}

#[tokio::test]
async fn what_is_replaced_or_dropped_goes() {
    let twins = Twins::ready().await;
    let first = twins.add("de", TEXT).await;
    let other = twins.add("fr", TEXT).await;
    twins.handle().await;
    twins.assert_complete().await;
    twins.add("de", &TEXT.replace("Guten", "Schönen")).await;
    twins.handle().await;
    twins.assert_complete().await;
    twins.drop(&other).await;
    twins.drop(&first).await;
    twins.handle().await;
    twins.assert_complete().await;
    assert!(!twins.keys().await.iter().any(|key| key.contains(".vtt")));
    twins.add("de", TEXT).await;
    twins.handle().await;
    twins.assert_complete().await;
}

#[tokio::test]
async fn what_is_about_to_be_added_is_left_alone() {
    let twins = Twins::ready().await;
    twins.add("de", TEXT).await;
    let coming = CaptionId::of(2, &["fr"]);
    let late = CaptionId::of(1, &["fr"]);
    for id in [&coming, &late] {
        twins.put(caption_key(&twins.record.asset, id), TEXT).await;
    }
    twins.handle().await;
    let keys = twins.keys().await;
    assert!(keys.contains(&format!("captions/{coming}.vtt")));
    assert!(!keys.contains(&format!("captions/{late}.vtt")), "it lost");
}

#[tokio::test]
async fn an_asset_that_goes_gets_nothing() {
    let twins = Twins::ready().await;
    twins.add("de", TEXT).await;
    twins.change(|entry| entry.removing = true).await;
    twins.handle().await;
    assert_eq!(twins.noted().await, None);
    twins.documents.strike(&twins.record.asset).await.unwrap();
    twins.handle().await;
}

#[tokio::test]
async fn a_stream_without_its_presentation_is_an_error() {
    let twins = Twins::ready().await;
    twins.add("de", TEXT).await;
    let object = ObjectRef {
        bucket: media(),
        key: twins.folder(&twins.record.job).key(PRESENTATION),
    };
    twins.objects.delete_object(&object).await.unwrap();
    let ports = Ports {
        objects: twins.objects.clone(),
        media: media(),
        documents: twins.documents.clone(),
    };
    let failed = handle(twins.input(), &ports, &StageContext::for_tests()).await;
    assert_ne!(failed.unwrap_err().code(), ErrorCode::StorageUnavailable);
    assert_eq!(twins.noted().await, None);
}

/// A call that fails at each place in turn, before or after it took effect, and whose owner meanwhile
/// goes on: the next call ends with all of what is wanted, and nothing else.
#[tokio::test]
async fn any_call_may_fail_and_the_next_one_mends_it() {
    for is_lost in [false, true] {
        for nth in 1.. {
            let twins = Twins::ready().await;
            let first = twins.add("de", TEXT).await;
            twins.add("fr", TEXT).await;
            let faults = if is_lost {
                Faults::after(nth)
            } else {
                Faults::before(nth)
            };
            let ports = Ports {
                objects: FailingStore::sharing(twins.objects.clone(), &faults),
                media: media(),
                documents: FailingStore::sharing(twins.documents.clone(), &faults),
            };
            let outcome = handle(twins.input(), &ports, &StageContext::for_tests()).await;
            if faults.calls() < nth {
                outcome.unwrap();
                assert!(nth > 10, "there were calls to fail");
                break;
            }
            let code = outcome.unwrap_err().code();
            assert_eq!(code, ErrorCode::StorageUnavailable);
            twins.drop(&first).await;
            twins.handle().await;
            twins.assert_complete().await;
        }
    }
}

#[tokio::test]
async fn calls_at_once_end_with_what_is_wanted() {
    let twins = Twins::ready().await;
    let mut last = twins.add("de", TEXT).await;
    for round in 0..6_u32 {
        let change = async {
            let text = TEXT.replace("Tag", &format!("Tag {round}"));
            twins.add("fr", &text).await;
            tokio::task::yield_now().await;
            twins.drop(&last).await;
            twins.add("de", &text).await
        };
        let calls = futures_util::future::join3(twins.handle(), change, twins.handle());
        let ((), added, ()) = calls.await;
        last = added;
        twins.handle().await;
        twins.assert_complete().await;
    }
}
