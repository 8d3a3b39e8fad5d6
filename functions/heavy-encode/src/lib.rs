//! The program of the AWS Batch container: does one task that is too much for a Lambda function,
//! with the code of that function, tells the waiting state machine how it ended, and ends.
//!
//! Lambda answers for a function; here the state machine hands out a task token, and [`supervise`]
//! answers for the work. What the state machine sees is the same: the handler's output, or a name
//! of the closed list with a cause as Lambda writes it.

mod order;
mod supervise;

use cloud::ports::{
    DescribeSource, KeepJob, ReadObject, SignObject, SignSource, UploadFile, WriteObject,
};
use cloud::task_callback::TaskCallback;
use domain::message::OfJob;
use domain::{ErrorCode, Fault};
use runtime::{ConfigError, Failure, StageContext, invoke};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stage::Leased;

pub use order::{Order, Task};
pub use supervise::{Ended, supervise};

/// `MILLRACE_INPUT` is no JSON.
#[derive(Debug, thiserror::Error)]
#[error("MILLRACE_INPUT should be JSON: {0}")]
struct UnreadableInput(#[source] serde_json::Error);

impl Fault for UnreadableInput {
    fn code(&self) -> ErrorCode {
        ErrorCode::InputInvalid
    }
}

/// Carries out an order and answers the waiting state; an order that could not be read is answered
/// too, so that its reason reaches the state machine.
///
/// `interrupted` is done when the machine is about to be taken away.
pub async fn run<S, D, C>(
    order: Result<Order<S, D>, ConfigError>,
    callback: &C,
    interrupted: impl Future<Output = ()>,
) -> Ended
where
    S: ReadObject + WriteObject + UploadFile + DescribeSource + SignSource + SignObject,
    D: KeepJob,
    C: TaskCallback,
{
    let heartbeat = order
        .as_ref()
        .map_or(order::HEARTBEAT, |order| order.heartbeat);
    // A handler's future is large: on the heap.
    let work = Box::pin(async {
        let order = order.map_err(|error| Failure::of(&error))?;
        perform(&order).await
    });
    supervise(callback, heartbeat, work, interrupted).await
}

/// Runs the stage that a task is for.
async fn perform<S, D>(order: &Order<S, D>) -> Result<Value, Failure>
where
    S: ReadObject + WriteObject + UploadFile + DescribeSource + SignSource + SignObject,
    D: KeepJob,
{
    let input = serde_json::from_str(&order.input);
    let input = input.map_err(|error| Failure::of(&UnreadableInput(error)))?;
    let context = &order.context;
    match &order.task {
        Task::EncodeVideo(ours) => {
            leased("encode-video", ours, &encode_video::handle, input, context).await
        }
        Task::Segment(ours) => leased("segment", ours, &segment::handle, input, context).await,
    }
}

/// Runs a stage's handler as long as its job's lease is held.
async fn leased<I, O, P, D, E, H>(
    stage: &'static str,
    ours: &Leased<P, D>,
    handler: &H,
    input: Value,
    context: &StageContext,
) -> Result<Value, Failure>
where
    I: DeserializeOwned + OfJob,
    O: Serialize,
    D: KeepJob,
    E: Fault,
    H: AsyncFn(I, &P, &StageContext) -> Result<O, E>,
{
    let call = async |input: I, ours: &Leased<P, D>, context: &StageContext| {
        ours.call(handler, input, context).await
    };
    invoke(stage, ours, &call, input, context).await
}
