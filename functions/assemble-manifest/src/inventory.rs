//! What really lies in the media bucket.

use std::collections::HashMap;

use bytes::Bytes;
use cloud::ports::{ListObjects, ReadObject};
use domain::layout::{INIT, MediaFolder, segment_name};
use domain::object::{ObjectKey, ObjectRef};
use domain::plan::Plan;
use domain::result::SegmentFacts;
use stage::publish::sha256;

use crate::check::CheckedRung;
use crate::{AssembleError, Ports};

/// The objects of one job's folder, listed once.
pub(crate) struct Inventory<'a, S> {
    ports: &'a Ports<S>,
    folder: MediaFolder<'a>,
    sizes: HashMap<ObjectKey, u64>,
}

impl<'a, S: ListObjects> Inventory<'a, S> {
    pub(crate) async fn take(ports: &'a Ports<S>, plan: &'a Plan) -> Result<Self, AssembleError> {
        let folder = MediaFolder {
            asset: &plan.asset,
            job: &plan.job,
        };
        let bucket = &ports.buckets.media;
        let entries = ports.objects.list(bucket, &folder.prefix()).await?;
        let sizes = entries.into_iter().map(|entry| (entry.key, entry.size));
        Ok(Self {
            ports,
            folder,
            sizes: sizes.collect(),
        })
    }
}

impl<S: ReadObject> Inventory<'_, S> {
    /// Makes sure that every segment is there with its length, and reads the init segment that
    /// players will get.
    pub(crate) async fn verify(
        &self,
        folder: &str,
        rung: &CheckedRung,
    ) -> Result<Bytes, AssembleError> {
        rung.segments
            .iter()
            .try_for_each(|segment| self.has(folder, segment))?;
        let object = ObjectRef {
            bucket: self.ports.buckets.media.clone(),
            key: self.folder.key(&format!("{folder}/{INIT}")),
        };
        let init = self.ports.objects.read(&object).await?;
        if sha256(&init) != rung.init_sha256 {
            return Err(AssembleError::Init {
                rung: rung.id.clone(),
            });
        }
        Ok(init)
    }

    fn has(&self, folder: &str, segment: &SegmentFacts) -> Result<(), AssembleError> {
        let path = format!("{folder}/{}", segment_name(segment.number));
        let found = self.sizes.get(&self.folder.key(&path)).copied();
        if found == Some(segment.bytes) {
            return Ok(());
        }
        Err(AssembleError::Segment {
            path,
            expected: segment.bytes,
            found,
        })
    }
}
