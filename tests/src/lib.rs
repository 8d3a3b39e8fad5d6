//! What the end-to-end tests stand on: the stages run in one process, clips made on the spot, and
//! the judges.
//!
//! Every test here runs real ffmpeg. `cargo xtask test` names the tools in the environment.

pub mod calls;
pub mod clips;
pub mod containers;
pub mod environment;
pub mod events;
pub mod examples;
pub mod folders;
pub mod judges;
pub mod openapi;
pub mod people;
pub mod pipeline;
pub mod processes;
pub mod receiver;
pub mod stack;
