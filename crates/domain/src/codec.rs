//! Codecs of the picture.

use serde::{Deserialize, Serialize};

/// What a rung's picture is encoded as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    /// H.264, ISO/IEC 14496-10.
    H264,
    /// HEVC, ISO/IEC 23008-2.
    Hevc,
    /// AV1.
    Av1,
}
