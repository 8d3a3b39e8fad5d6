//! What the crate promises, judged from outside: by other people's parsers, on bytes that a real
//! ffmpeg wrote, and on mutations that must be refused.
//!
//! One binary for all, because each costs a link.

#[cfg(test)]
mod audio;
#[cfg(test)]
mod captions;
#[cfg(test)]
mod check;
#[cfg(test)]
mod dash;
#[cfg(test)]
mod fragment;
#[cfg(test)]
mod hls;
#[cfg(test)]
mod iframe_track;
#[cfg(test)]
mod init;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod presentation;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod support;
#[cfg(test)]
mod video;
#[cfg(test)]
mod webvtt;
