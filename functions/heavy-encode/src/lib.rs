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
use domain::{ErrorCode, Fault};
use runtime::{ConfigError, Failure, invoke};
use serde_json::Value;

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
            invoke("encode-video", ours, &encode_video::leased, input, context).await
        }
        Task::Segment(ours) => invoke("segment", ours, &segment::leased, input, context).await,
    }
}
