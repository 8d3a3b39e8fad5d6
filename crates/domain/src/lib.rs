//! The words of Millrace, as types: ids, media time, the ladder, the plan, the messages between
//! stages and the closed list of error codes.
//!
//! Everything here is pure. No clock, no environment, no file system, no network: the same plan
//! comes out of the same facts on every machine, which is what makes a re-run harmless.

pub mod audio;
pub mod caption;
pub mod codec;
pub mod cost;
pub mod error_code;
pub mod event;
pub mod ids;
pub mod job;
pub mod ladder;
pub mod language;
pub mod layout;
pub mod lease;
pub mod library;
pub mod message;
pub mod object;
pub mod plan;
pub mod profile;
pub mod result;
pub mod source;
pub mod sweep;
pub mod time;
pub mod timeline;
pub mod upload;
pub mod webhook;

pub use error_code::{ErrorClass, ErrorCode, Fault};
