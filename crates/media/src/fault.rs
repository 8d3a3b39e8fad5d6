//! Each error's place in the closed list of codes.
//!
//! What the encoder wrote wrongly is [`ErrorCode::ChunkInvalid`]; a plan that contradicts itself
//! is our own mistake, [`ErrorCode::Internal`].

use domain::{ErrorCode, Fault};

use crate::cmaf::audio::AudioError;
use crate::cmaf::check::CheckError;
use crate::cmaf::fragment::FragmentError;
use crate::cmaf::iframe_track::IFrameTrackError;
use crate::cmaf::init::InitError;
use crate::cmaf::plan::PlanError;
use crate::cmaf::scan::ScanError;
use crate::cmaf::video::VideoError;
use crate::dash::DashError;
use crate::presentation::PresentationError;
use crate::storyboard::StoryboardError;

macro_rules! always {
    ($($error:ty => $code:ident;)+) => {
        $(impl Fault for $error {
            fn code(&self) -> ErrorCode {
                ErrorCode::$code
            }
        })+
    };
}

always! {
    PlanError => Internal;
    InitError => ChunkInvalid;
    ScanError => ChunkInvalid;
    FragmentError => ChunkInvalid;
    CheckError => ChunkInvalid;
    IFrameTrackError => ChunkInvalid;
    StoryboardError => Internal;
    DashError => Internal;
}

impl Fault for VideoError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Plan(plan) => plan.code(),
            _ => ErrorCode::ChunkInvalid,
        }
    }
}

impl Fault for AudioError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Plan(plan) => plan.code(),
            _ => ErrorCode::ChunkInvalid,
        }
    }
}

impl Fault for PresentationError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::WrongTotal { .. } => ErrorCode::CountMismatch,
            Self::Misaligned { .. } | Self::IFrameCover { .. } => ErrorCode::TimelineGap,
            Self::NoSegments { .. } => ErrorCode::ChunkMissing,
            _ => ErrorCode::Internal,
        }
    }
}
