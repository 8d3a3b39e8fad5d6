//! Jobs that nobody works on get their next attempt.

use cloud::finish::StoredJob;
use cloud::lease::{execution_name, exhausted, hold, now_ms, take_over};
use cloud::ports::{DescribeExecution, FindExpired, KeepJob, StartExecution};
use cloud::start::start_attempt;
use domain::ErrorCode;
use domain::ids::JobId;
use domain::job::JobError;
use domain::lease::Errand;

use crate::{Ports, TriggerError};

/// Takes over every job whose lease ran out, and answers with those that were.
///
/// A job that cannot be taken over now is left to the next sweep, and does not keep this one from
/// the others.
pub(crate) async fn sweep<S, D, E>(ports: &Ports<S, D, E>) -> Result<Vec<JobId>, TriggerError>
where
    D: KeepJob + FindExpired,
    E: StartExecution + DescribeExecution,
{
    let mut jobs = Vec::new();
    for seen in ports.documents.expired(now_ms()).await? {
        match reclaim(&seen, ports).await {
            Ok(true) => jobs.push(seen.record.job),
            Ok(false) => {}
            Err(error) => tracing::error!(job = %seen.record.job, %error, "job not taken over"),
        }
    }
    Ok(jobs)
}

async fn reclaim<S, D, E>(seen: &StoredJob, ports: &Ports<S, D, E>) -> Result<bool, TriggerError>
where
    D: KeepJob,
    E: StartExecution + DescribeExecution,
{
    // No heartbeat, but not dead either: it waits for room at Batch or Lambda, say. One that was
    // given back ends by itself within seconds.
    let name = execution_name(&seen.record.job, &seen.lease);
    if !seen.lease.is_released() && ports.executions.is_running(&name).await? {
        hold(&ports.documents, seen).await?;
        return Ok(false);
    }
    let Some((next, errand)) = take_over(&ports.documents, seen).await? else {
        return Ok(false);
    };
    let verdict = match errand {
        Errand::Encode => None,
        Errand::GiveUp => Some(exhausted(&next)),
        Errand::Cancel => Some(JobError {
            code: ErrorCode::JobCancelled,
            message: "the job was cancelled".to_owned(),
        }),
    };
    // Should this call die here, the new attempt has no execution; its lease runs out as well.
    start_attempt(&next, verdict, &ports.executions).await?;
    Ok(true)
}
