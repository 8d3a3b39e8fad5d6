//! An upload as its owner sees it.

use api::Timestamp;
use api::upload::{ArrivedPart, Upload, UploadState};
use domain::upload::{UploadRecord, UploadedPart};

pub(crate) fn describe(record: &UploadRecord, there: &[UploadedPart]) -> Upload {
    let parts = record.parts();
    let state = match record.state {
        domain::upload::UploadState::Completed { .. } => UploadState::Completed,
        _ => UploadState::Open,
    };
    let there = there.iter().map(|part| ArrivedPart {
        number: part.number,
        size: part.size,
    });
    Upload {
        id: record.id.to_string(),
        asset: record.asset().to_string(),
        state,
        name: record.name.clone(),
        size: record.size,
        media_type: record.media_type.clone(),
        title: record.title.clone(),
        profile: record.profile.clone(),
        sha256: record.sha256.clone(),
        part_sha256: record.part_sha256,
        part_size: parts.part_size(),
        part_count: parts.count(),
        parts: there.collect(),
        created_at: Timestamp(record.created_ms),
        expires_at: Timestamp(record.expires_ms),
    }
}
