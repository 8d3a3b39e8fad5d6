//! The program of the AWS Batch container: does one task that is too much for a Lambda function,
//! with the code of that function, tells the waiting state machine how it ended, and ends.
//!
//! Lambda answers for a function; here the state machine hands out a task token, and [`supervise`]
//! answers for the work. What the state machine sees is the same: the handler's output, or a name
//! of the closed list with a cause as Lambda writes it.

mod order;
mod supervise;

use cloud::ports::{DescribeSource, ReadObject, SignObject, SignSource, UploadFile, WriteObject};
use cloud::task_callback::TaskCallback;
use domain::{ErrorCode, Fault};
use runtime::{ConfigError, Failure, StageContext, invoke};
use serde::Deserialize;
use serde_json::Value;

pub use order::{Order, Ports};
pub use supervise::{Ended, supervise};

/// What the state machine asks for, `MILLRACE_TASK`.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
enum Task {
    /// The input of encode-video.
    Encode(Value),
    /// The input of segment.
    Segment(Value),
}

/// `MILLRACE_TASK` names no task.
#[derive(Debug, thiserror::Error)]
#[error("MILLRACE_TASK should be {{\"encode\": …}} or {{\"segment\": …}}: {0}")]
struct UnknownTask(#[source] serde_json::Error);

impl Fault for UnknownTask {
    fn code(&self) -> ErrorCode {
        ErrorCode::InputInvalid
    }
}

/// Carries out an order and answers the waiting state; an order that could not be read is answered
/// too, so that its reason reaches the state machine.
///
/// `interrupted` is done when the machine is about to be taken away.
pub async fn run<S, C>(
    order: Result<Order<S>, ConfigError>,
    callback: &C,
    interrupted: impl Future<Output = ()>,
) -> Ended
where
    S: ReadObject + WriteObject + UploadFile + DescribeSource + SignSource + SignObject,
    C: TaskCallback,
{
    let heartbeat = order
        .as_ref()
        .map_or(order::HEARTBEAT, |order| order.heartbeat);
    // A handler's future is large: on the heap.
    let work = Box::pin(async {
        let order = order.map_err(|error| Failure::of(&error))?;
        perform(&order.task, &order.ports, &order.context).await
    });
    supervise(callback, heartbeat, work, interrupted).await
}

/// Runs the stage that a task is for.
async fn perform<S>(task: &str, ports: &Ports<S>, context: &StageContext) -> Result<Value, Failure>
where
    S: ReadObject + WriteObject + UploadFile + DescribeSource + SignSource + SignObject,
{
    let task = serde_json::from_str(task).map_err(|error| Failure::of(&UnknownTask(error)))?;
    match task {
        Task::Encode(chunk) => {
            let handler = &encode_video::handle;
            invoke("encode-video", &ports.encode, handler, chunk, context).await
        }
        Task::Segment(input) => {
            let handler = &segment::handle;
            invoke("segment", &ports.segment, handler, input, context).await
        }
    }
}
