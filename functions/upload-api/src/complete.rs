//! From parts to a job.

use api::upload::CompletedUpload;
use api::{Problem, ProblemCode};
use cloud::StoreError;
use cloud::lease::now_ms;
use cloud::start::start_job;
use domain::ids::JobId;
use domain::library::LibraryEntry;
use domain::upload::{UploadRecord, UploadState, UploadedPart, missing};
use service::Refusal;

use crate::{Documents, Executions, Objects, Ports};

/// The most missing parts that an answer names.
const NAMED: usize = 1000;

/// Joins the parts and starts the job. The same call again gives the same answer.
pub(crate) async fn complete<S: Objects, D: Documents, E: Executions>(
    record: UploadRecord,
    ports: &Ports<S, D, E>,
) -> Result<CompletedUpload, Refusal> {
    let job = match &record.state {
        UploadState::Completed { job } => job.clone(),
        UploadState::Aborted => return Err(ended(&record)),
        UploadState::Open => match arrived(&record, ports).await? {
            Some(there) => {
                refuse_incomplete(&record, &there)?;
                join(&record, ports).await?
            }
            None => finish(&record, ports)
                .await?
                .ok_or_else(|| ended(&record))?,
        },
    };
    Ok(CompletedUpload {
        upload: record.id.to_string(),
        asset: record.asset().to_string(),
        job: job.to_string(),
    })
}

/// The parts that are there; none when storage knows nothing of them any more: they were joined, or
/// forgotten.
pub(crate) async fn arrived<S: Objects, D, E>(
    record: &UploadRecord,
    ports: &Ports<S, D, E>,
) -> Result<Option<Vec<UploadedPart>>, StoreError> {
    match ports
        .objects
        .arrived(&record.object, &record.multipart)
        .await
    {
        Ok(there) => Ok(Some(there)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn refuse_incomplete(record: &UploadRecord, there: &[UploadedPart]) -> Result<(), Refusal> {
    let mut missing = missing(record.parts(), there);
    if missing.is_empty() {
        return Ok(());
    }
    let count = missing.len();
    missing.truncate(NAMED);
    let detail = format!("{count} of {} parts are not there", record.parts().count());
    Err(Problem {
        missing,
        ..Problem::new(ProblemCode::UploadIncomplete, detail)
    }
    .into())
}

async fn join<S: Objects, D: Documents, E: Executions>(
    record: &UploadRecord,
    ports: &Ports<S, D, E>,
) -> Result<JobId, Refusal> {
    // Before the object is there: its event would enter the asset under the file's name.
    ports.documents.enter(&entry(record)).await?;
    match ports
        .objects
        .join_parts(&record.object, &record.multipart)
        .await
    {
        // Somebody else joined them in between.
        Ok(()) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    finish(record, ports).await?.ok_or_else(|| ended(record))
}

/// Starts the job of an upload whose object is there, and notes that it is complete; none where
/// there is no object.
pub(crate) async fn finish<S: Objects, D: Documents, E: Executions>(
    record: &UploadRecord,
    ports: &Ports<S, D, E>,
) -> Result<Option<JobId>, StoreError> {
    let source = match ports.objects.find_source(&record.object).await {
        Ok((source, _)) => source,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ports {
        objects,
        documents,
        executions,
        ..
    } = ports;
    let job = start_job(source, objects, documents, executions).await?;
    if let Some(job) = &job {
        let state = UploadState::Completed { job: job.clone() };
        let completed = UploadRecord {
            state,
            ..record.clone()
        };
        documents.keep_upload(&completed).await?;
    }
    Ok(job)
}

fn entry(record: &UploadRecord) -> LibraryEntry {
    let now = now_ms();
    LibraryEntry {
        asset: record.asset(),
        owner: record.owner.clone(),
        file: record.name.clone(),
        title: record.title.clone(),
        tags: Vec::new(),
        visibility: domain::library::Visibility::default(),
        created_ms: now,
        changed_ms: now,
        removing: false,
        captions: domain::caption::Captions::default(),
    }
}

/// The refusal of what needs an open upload.
pub(crate) fn ended(record: &UploadRecord) -> Refusal {
    let detail = format!("the upload of {} is not open any more", record.name);
    Refusal::new(ProblemCode::UploadEnded, detail)
}
