//! Memory that stands for DynamoDB, and a list that stands for Step Functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::StoreError;
use cloud::finish::{Finished, JobOutcome, Settlement, StoredAsset, StoredJob, settle};
use cloud::lease::now_ms;
use cloud::ports::{
    Claim, ClaimJob, DescribeExecution, FindExpired, FindUnclaimed, FinishJob, KeepJob, KeepRound,
    ReadDocuments, StartExecution, Started, UploadedAt,
};
use domain::ids::{AssetId, JobId};
use domain::job::{AssetDocument, JobRecord, JobState};
use domain::object::BucketName;
use domain::sweep::Round;
use serde_json::Value;

use super::library::Library;
use super::webhooks::Webhooks;

/// Both document ports, in memory. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct MemoryDocuments {
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Default, Debug)]
pub(super) struct Shelves {
    pub(super) jobs: BTreeMap<JobId, StoredJob>,
    pub(super) assets: BTreeMap<AssetId, StoredAsset>,
    rounds: BTreeMap<String, Round>,
    pub(super) library: Library,
    pub(super) webhooks: Webhooks,
}

impl MemoryDocuments {
    pub(super) fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClaimJob for MemoryDocuments {
    async fn claim(&self, record: &JobRecord, uploaded: UploadedAt) -> Result<Claim, StoreError> {
        let mut shelves = self.shelves();
        if let Some(known) = shelves.jobs.get(&record.job) {
            return Ok(Claim::Known(known.clone()));
        }
        let stored = StoredJob::claimed(record.clone(), uploaded, now_ms());
        shelves.jobs.insert(record.job.clone(), stored);
        Ok(Claim::New)
    }
}

impl ReadDocuments for MemoryDocuments {
    async fn job(&self, job: &JobId) -> Result<Option<JobRecord>, StoreError> {
        Ok(self.shelves().jobs.get(job).map(|job| job.record.clone()))
    }

    async fn asset(&self, asset: &AssetId) -> Result<Option<AssetDocument>, StoreError> {
        let shelves = self.shelves();
        Ok(shelves
            .assets
            .get(asset)
            .map(|asset| asset.document.clone()))
    }
}

impl FinishJob for MemoryDocuments {
    async fn finish(
        &self,
        job: &JobId,
        attempt: u32,
        outcome: &JobOutcome,
    ) -> Result<Option<Finished>, StoreError> {
        let unknown = || StoreError::NotFound {
            what: format!("job {job}"),
        };
        let mut shelves = self.shelves();
        let mut stored = shelves.jobs.get(job).cloned().ok_or_else(unknown)?;
        let id = stored.record.asset.clone();
        let mut asset = shelves.assets.get(&id).cloned();
        let settlement = settle(&stored, asset.as_ref(), attempt, outcome);
        if !matches!(settlement, Settlement::Unchanged) {
            stored.version += 1;
        }
        match settlement {
            Settlement::Stale => return Ok(None),
            Settlement::Unchanged => {}
            Settlement::Record(record) => stored.record = *record,
            Settlement::Both(record, after) => {
                stored.record = *record;
                asset = Some(*after);
            }
        }
        let asset = asset.ok_or_else(unknown)?;
        shelves.jobs.insert(job.clone(), stored.clone());
        shelves.assets.insert(id, asset.clone());
        Ok(Some(Finished {
            record: stored.record,
            asset: asset.document,
            revision: asset.revision,
        }))
    }
}

impl KeepJob for MemoryDocuments {
    async fn load(&self, job: &JobId) -> Result<Option<StoredJob>, StoreError> {
        Ok(self.shelves().jobs.get(job).cloned())
    }

    async fn swap(&self, seen: &StoredJob, next: &StoredJob) -> Result<bool, StoreError> {
        let mut shelves = self.shelves();
        let known = shelves.jobs.get_mut(&seen.record.job);
        let Some(known) = known.filter(|known| known.version == seen.version) else {
            return Ok(false);
        };
        *known = next.clone();
        Ok(true)
    }
}

impl FindExpired for MemoryDocuments {
    async fn expired(&self, now_ms: u64) -> Result<Vec<StoredJob>, StoreError> {
        let shelves = self.shelves();
        let idle = |job: &&StoredJob| {
            job.record.state == JobState::Running && job.lease.is_expired(now_ms)
        };
        let mut jobs: Vec<_> = shelves.jobs.values().filter(idle).cloned().collect();
        jobs.sort_by_key(|job| job.lease.expires_ms);
        Ok(jobs)
    }
}

impl FindUnclaimed for MemoryDocuments {
    async fn unclaimed(&self, jobs: &[JobId]) -> Result<BTreeSet<JobId>, StoreError> {
        let shelves = self.shelves();
        let unknown = jobs.iter().filter(|job| !shelves.jobs.contains_key(*job));
        Ok(unknown.cloned().collect())
    }
}

impl KeepRound for MemoryDocuments {
    async fn round(&self, bucket: &BucketName) -> Result<Option<Round>, StoreError> {
        Ok(self.shelves().rounds.get(bucket.as_str()).cloned())
    }

    async fn swap_round(&self, bucket: &BucketName, next: &Round) -> Result<bool, StoreError> {
        let rounds = &mut self.shelves().rounds;
        let before = rounds.get(bucket.as_str());
        if before.map_or(0, |round| round.version) + 1 != next.version {
            return Ok(false);
        }
        rounds.insert(bucket.to_string(), next.clone());
        Ok(true)
    }
}

/// Remembers what was started. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct RecordedExecutions {
    started: Arc<Mutex<Vec<(String, Value)>>>,
    ended: Arc<Mutex<BTreeSet<String>>>,
}

impl RecordedExecutions {
    /// Name and input of every execution, in the order of their starts.
    #[must_use]
    pub fn started(&self) -> Vec<(String, Value)> {
        self.lock().clone()
    }

    /// Ends an execution.
    pub fn end(&self, name: &str) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(name.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Value)>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DescribeExecution for RecordedExecutions {
    async fn is_running(&self, name: &str) -> Result<bool, StoreError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.lock().iter().any(|(known, _)| known == name) && !ended.contains(name))
    }
}

impl StartExecution for RecordedExecutions {
    async fn start(&self, name: &str, input: &Value) -> Result<Started, StoreError> {
        let fits = (1..=80).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fits || input.to_string().len() > 256 * 1024 {
            return Err(StoreError::Refused {
                action: format!("start execution {name}"),
                source: "name or input is beyond the limits of Step Functions".into(),
            });
        }
        let mut started = self.lock();
        if started.iter().any(|(known, _)| known == name) {
            return Ok(Started::AlreadyStarted);
        }
        started.push((name.to_owned(), input.clone()));
        Ok(Started::Started)
    }
}
