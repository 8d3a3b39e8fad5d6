//! Who may watch what: lists assets, changes what their owners say about them, and hands out signed
//! access to the streams that are ready. And where owners want to hear of their assets.
//!
//! Every answer is put together from what the table says at that moment: the owner's entry, the
//! newest job's record, and the pipeline's document.

mod captions;
mod change;
mod look;
mod playback;
mod present;
mod public;
mod routes;
mod search;
mod webhooks;

use cloud::ports::{
    FindWebhooks, KeepJob, KeepLibrary, KeepWebhooks, ListObjects, ReadDocuments, ReadObject,
    StartExecution, WriteObject,
};
use cloud::signed_access::SignedAccess;
use domain::object::BucketName;

pub use routes::{document, router};

/// What play-api may do.
#[derive(Debug)]
pub struct Ports<S, D, E> {
    /// The work bucket: how far a job is. The media bucket: captions.
    pub objects: S,
    /// Library, job records, asset documents and webhooks.
    pub documents: D,
    /// The state machine.
    pub executions: E,
    /// The work bucket's name.
    pub work: BucketName,
    /// The media bucket's name.
    pub media: BucketName,
    /// Signs for streams.
    pub access: SignedAccess,
    /// Whether viewers come by HTTPS, so that cookies travel by nothing else.
    pub is_secure: bool,
    /// Whether webhooks may be reached by plain HTTP.
    pub private_webhooks: bool,
    /// What clients have to know before they sign in.
    pub settings: api::Settings,
}

/// What is asked of the buckets.
pub trait Objects: ReadObject + ListObjects + WriteObject + 'static {}
impl<T: ReadObject + ListObjects + WriteObject + 'static> Objects for T {}

/// What is asked of the table.
pub trait Documents:
    KeepLibrary + KeepJob + ReadDocuments + FindWebhooks + KeepWebhooks + 'static
{
}
impl<T> Documents for T where
    T: KeepLibrary + KeepJob + ReadDocuments + FindWebhooks + KeepWebhooks + 'static
{
}

/// What is asked of the state machine.
pub trait Executions: StartExecution + 'static {}
impl<T: StartExecution + 'static> Executions for T {}
