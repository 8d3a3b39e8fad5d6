//! Every sample event reads as the message that its function takes.

#![cfg(test)]

use domain::message::{
    ChangedInput, JobInput, SegmentInput, UpdateMetadataCall, UpdateMetadataInput,
};
use domain::plan::{AudioChunk, EncodeChunk};
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_stage_reads_its_sample_event() {
    let segment: SegmentInput = read("segment");
    assert_eq!(segment.source.owner(), "ann");
    let chunk: EncodeChunk = read("encode-video");
    assert_eq!(chunk.frames.len(), 133);
    let chunk: AudioChunk = read("encode-audio");
    assert_eq!(chunk.range.frames.len(), 250);
    for name in ["thumbnail", "assemble-manifest"] {
        let whole: JobInput = read(name);
        assert_eq!(whole.job, segment.job);
    }
}

#[test]
fn update_metadata_reads_both_ends_and_an_errand() {
    let ready: UpdateMetadataInput = read("update-metadata");
    assert_eq!(ready.error, None);
    let failed: UpdateMetadataInput = read("update-metadata-failed");
    assert_eq!(failed.error.unwrap().error, "SourceNotMedia");
    let changed: UpdateMetadataCall = read("update-metadata-changed");
    assert!(matches!(changed, UpdateMetadataCall::Changed(_)));
}

#[test]
fn caption_reads_an_errand() {
    let input: ChangedInput = read("caption");
    assert!(input.changed.asset.as_str().starts_with('a'));
}
