//! Uploads whose events were all lost get their job.

use std::time::Duration;

use cloud::lease::now_ms;
use cloud::ports::{
    ClaimJob, DescribeSource, FindUnclaimed, KeepLibrary, KeepRound, ListSources, SourcePage,
    StartExecution,
};
use cloud::start::start_job;
use domain::ids::JobId;
use domain::message::SegmentInput;
use domain::object::{ObjectKey, SourceObject};
use domain::profile::Profile;
use domain::sweep::Round;
use runtime::StageContext;

use crate::event::Sweep;
use crate::{Ports, TriggerError};

/// Most pages that one sweep lists, of up to 1,000 uploads each.
const PAGES: usize = 5;

/// No job is started, and no page listed, with less time left: room for a call that is retried.
const RESERVE: Duration = Duration::from_secs(10);

/// Goes on with the round through the uploads, and starts the jobs of those that have none: in the
/// way an event does, so one that comes all the same finds the job.
///
/// The jobs are started one after the other. After a long outage that spreads them out over some
/// sweeps.
pub(crate) async fn start_lost<S, D, E>(
    which: &Sweep,
    ports: &Ports<S, D, E>,
    context: &StageContext,
) -> Result<Vec<JobId>, TriggerError>
where
    S: DescribeSource + ListSources,
    D: ClaimJob + KeepLibrary + FindUnclaimed + KeepRound,
    E: StartExecution,
{
    let mut jobs = Vec::new();
    let Some(mut round) = begun(which, ports).await? else {
        return Ok(jobs);
    };
    for _ in 0..PAGES {
        if context.time_left() < RESERVE {
            break;
        }
        let after = round.after.as_ref();
        let page = ports.objects.sources(&ports.uploads, after).await?;
        let reached = start_page(&page, &round, ports, context, &mut jobs).await?;
        round = round.done_to(reached.or(page.next));
        // Where another sweep was quicker, that one goes on.
        let moved = ports.documents.swap_round(&ports.uploads, &round).await?;
        if !moved || round.ended {
            break;
        }
    }
    Ok(jobs)
}

async fn begun<S, D: KeepRound, E>(
    which: &Sweep,
    ports: &Ports<S, D, E>,
) -> Result<Option<Round>, TriggerError> {
    let last = ports.documents.round(&ports.uploads).await?;
    if which.all {
        return Ok(Some(Round::of_everything(last.as_ref(), now_ms())));
    }
    let look_back = u64::try_from(ports.look_back.as_millis()).unwrap_or(u64::MAX);
    Ok(Round::current(last.as_ref(), now_ms(), look_back))
}

/// Starts what a page has without a job. Says at which key it stopped, if time ran out before the
/// page's end.
///
/// An upload whose job cannot be started now is left to the next round, and does not keep this one
/// from the others.
async fn start_page<S, D, E>(
    page: &SourcePage,
    round: &Round,
    ports: &Ports<S, D, E>,
    context: &StageContext,
    jobs: &mut Vec<JobId>,
) -> Result<Option<ObjectKey>, TriggerError>
where
    S: DescribeSource,
    D: ClaimJob + KeepLibrary + FindUnclaimed,
    E: StartExecution,
{
    for source in without_job(page, round, ports).await? {
        let key = source.object.key.clone();
        let started = start_job(source, &ports.objects, &ports.documents, &ports.executions);
        match started.await {
            Ok(Some(job)) => {
                tracing::warn!(%job, %key, "upload was found without a job");
                jobs.push(job);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%key, %error, "job of a found upload not started"),
        }
        if context.time_left() < RESERVE {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// The uploads of a page that the round looks at and that have no record of a job.
async fn without_job<S, D: FindUnclaimed, E>(
    page: &SourcePage,
    round: &Round,
    ports: &Ports<S, D, E>,
) -> Result<Vec<SourceObject>, TriggerError> {
    let covered = page.sources.iter();
    let covered = covered.filter(|listed| round.covers(listed.uploaded.0));
    let requests: Vec<SegmentInput> = covered
        .map(|listed| SegmentInput::new(listed.source.clone(), Profile::default()))
        .collect();
    let jobs: Vec<JobId> = requests.iter().map(|request| request.job.clone()).collect();
    let unclaimed = ports.documents.unclaimed(&jobs).await?;
    let requests = requests.into_iter();
    let requests = requests.filter(|request| unclaimed.contains(&request.job));
    Ok(requests.map(|request| request.source).collect())
}
