//! A stage works as long as its job's lease is held.

use std::time::Duration;

use cloud::LeaseError;
use cloud::lease::{HEARTBEAT, begin, keep};
use cloud::ports::KeepJob;
use domain::ids::JobId;
use domain::message::OfJob;
use domain::{ErrorCode, Fault};
use runtime::StageContext;

/// A stage's ports, and the records in which it keeps its job's lease.
#[derive(Debug)]
pub struct Leased<P, D> {
    /// The stage's own.
    pub ports: P,
    /// The job records.
    pub documents: D,
    heartbeat: Duration,
}

/// A stage that failed, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum LeasedError<E> {
    /// The stage's own failure.
    #[error(transparent)]
    Stage(E),
    /// The job is not this attempt's any more.
    #[error(transparent)]
    Lease(#[from] LeaseError),
}

impl<E: Fault> Fault for LeasedError<E> {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Stage(error) => error.code(),
            Self::Lease(error) => error.code(),
        }
    }
}

impl<P, D> Leased<P, D> {
    /// A stage with these ports.
    pub const fn new(ports: P, documents: D) -> Self {
        Self {
            ports,
            documents,
            heartbeat: HEARTBEAT,
        }
    }
}

impl<P, D: KeepJob> Leased<P, D> {
    /// Calls a stage's handler, as long as the lease of its input's job is held.
    ///
    /// # Errors
    /// As [`Self::work`].
    pub async fn call<I, O, E, H>(
        &self,
        handler: &H,
        input: I,
        context: &StageContext,
    ) -> Result<O, LeasedError<E>>
    where
        I: OfJob,
        H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
    {
        let job = input.job().clone();
        // A handler's future is large: on the heap.
        let work = Box::pin(handler(input, &self.ports, context));
        self.work(&job, work).await
    }

    /// Does the work, with a heartbeat beside it. The work is dropped, and its processes with it,
    /// when another attempt takes the job over or somebody cancels it.
    ///
    /// # Errors
    /// [`LeasedError::Stage`] with the work's own, [`LeasedError::Lease`] when it had to stop.
    pub async fn work<T, E>(
        &self,
        job: &JobId,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, LeasedError<E>> {
        let Some(attempt) = begin(&self.documents, job).await? else {
            return work.await.map_err(LeasedError::Stage);
        };
        tokio::select! {
            done = work => done.map_err(LeasedError::Stage),
            lost = keep(&self.documents, job, attempt, self.heartbeat) => {
                Err(LeaseError::Lost { job: job.clone(), lost }.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;

    use super::*;
    use cloud::lease::{cancel, now_ms, take_over};
    use cloud::ports::{ClaimJob, UploadedAt};
    use domain::lease::Lost;
    use testkit::store::MemoryDocuments;

    const QUICK: Duration = Duration::from_millis(5);

    fn quick(documents: MemoryDocuments) -> Leased<(), MemoryDocuments> {
        Leased {
            heartbeat: QUICK,
            ..Leased::new((), documents)
        }
    }

    async fn claimed() -> (Leased<(), MemoryDocuments>, JobId) {
        let documents = MemoryDocuments::default();
        let record = testkit::sample::record();
        documents.claim(&record, UploadedAt(1)).await.unwrap();
        (quick(documents), record.job)
    }

    fn lost<T: std::fmt::Debug>(outcome: Result<T, LeasedError<Infallible>>) -> Lost {
        match outcome.unwrap_err() {
            LeasedError::Lease(LeaseError::Lost { lost, .. }) => lost,
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn work_that_nobody_disturbs_ends_by_itself() {
        let (leased, job) = claimed().await;
        let work = async {
            tokio::time::sleep(10 * QUICK).await;
            Ok::<_, Infallible>(7)
        };
        assert_eq!(leased.work(&job, work).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_cancelled_job_stops_its_stage() {
        let (leased, job) = claimed().await;
        let documents = leased.documents.clone();
        let stopped = leased.work(&job, pending::<Result<(), Infallible>>());
        let (outcome, cancelled) = tokio::join!(stopped, cancel(&documents, &job));
        assert!(cancelled.unwrap());
        assert_eq!(lost(outcome), Lost::Cancelled);
    }

    #[tokio::test]
    async fn a_stage_stops_when_another_attempt_has_the_job() {
        let (leased, job) = claimed().await;
        let documents = leased.documents.clone();
        let stopped = leased.work(&job, pending::<Result<(), Infallible>>());
        let taken = async {
            let mut seen = documents.load(&job).await.unwrap().unwrap();
            let held = seen.clone();
            seen.lease.expires_ms = now_ms() - 1;
            seen.version += 1;
            assert!(documents.swap(&held, &seen).await.unwrap());
            take_over(&documents, &seen).await.unwrap().unwrap()
        };
        let (outcome, _) = tokio::join!(stopped, taken);
        assert_eq!(lost(outcome), Lost::Superseded);
    }

    #[tokio::test]
    async fn a_job_that_was_never_claimed_has_no_lease_to_keep() {
        let leased = quick(MemoryDocuments::default());
        let job = testkit::sample::record().job;
        let done = leased.work(&job, async { Ok::<_, Infallible>(7) }).await;
        assert_eq!(done.unwrap(), 7);
    }
}
