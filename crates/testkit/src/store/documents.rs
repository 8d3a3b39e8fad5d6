//! Memory that stands for DynamoDB, and a list that stands for Step Functions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cloud::StoreError;
use cloud::finish::{Finished, JobOrder, JobOutcome, Settlement, StoredAsset, StoredJob, settle};
use cloud::ports::{
    Claim, ClaimJob, FinishJob, ReadDocuments, StartExecution, Started, UploadedAt,
};
use domain::ids::{AssetId, JobId};
use domain::job::{AssetDocument, JobRecord};
use serde_json::Value;

/// Both document ports, in memory. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct MemoryDocuments {
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Default, Debug)]
struct Shelves {
    jobs: BTreeMap<JobId, StoredJob>,
    assets: BTreeMap<AssetId, StoredAsset>,
}

impl MemoryDocuments {
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClaimJob for MemoryDocuments {
    async fn claim(&self, record: &JobRecord, uploaded: UploadedAt) -> Result<Claim, StoreError> {
        let mut shelves = self.shelves();
        if let Some(known) = shelves.jobs.get(&record.job) {
            return Ok(Claim::Known(known.record.clone()));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let claimed_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let stored = StoredJob {
            record: record.clone(),
            order: JobOrder::new(record, uploaded, claimed_ms),
        };
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
    async fn finish(&self, job: &JobId, outcome: &JobOutcome) -> Result<Finished, StoreError> {
        let unknown = || StoreError::NotFound {
            what: format!("job {job}"),
        };
        let mut shelves = self.shelves();
        let mut stored = shelves.jobs.get(job).cloned().ok_or_else(unknown)?;
        let id = stored.record.asset.clone();
        let mut asset = shelves.assets.get(&id).cloned();
        match settle(&stored, asset.as_ref(), outcome) {
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
        Ok(Finished {
            record: stored.record,
            asset: asset.document,
            revision: asset.revision,
        })
    }
}

/// Remembers what was started. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct RecordedExecutions {
    started: Arc<Mutex<Vec<(String, Value)>>>,
}

impl RecordedExecutions {
    /// Name and input of every execution, in the order of their starts.
    #[must_use]
    pub fn started(&self) -> Vec<(String, Value)> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Value)>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
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
