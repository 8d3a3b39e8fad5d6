//! ffmpeg and ffprobe: how they are called, how they are supervised, what they find out.
//!
//! Four parts that know little of each other:
//! - [`argv`] builds argument lists. It is pure: the same plan and chunk give the same list, and
//!   every flag has its reason beside it.
//! - [`run`] is the only place that starts a process. It drains the pipes with bounded memory,
//!   counts CPU time exactly, stops at the deadline, and leaves nothing behind.
//! - [`encoder`] finds out whether a GPU encodes.
//! - [`probe`] learns the facts that a plan is made from, by reading as little as the container
//!   allows.
//!
//! The crate does not touch the boxes that ffmpeg writes (that is `media`), and decides nothing
//! about ladder or timeline (that is `domain`).

pub mod argv;
pub mod encoder;
pub mod input;
pub mod probe;
pub mod quote;
pub mod run;
pub mod tools;

pub use argv::ArgvError;
pub use encoder::Encoder;
pub use input::{MediaInput, SignedUrl};
pub use probe::{ProbeError, Probed, probe};
pub use run::{Finished, Process, RunError};
pub use tools::Tools;
