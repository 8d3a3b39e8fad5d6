//! Signed access to a stream.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// The right to play one stream for a while.
///
/// A browser under the page's origin needs only the cookies, which come with the answer as
/// `Set-Cookie`, too. Anything else adds `query` to the address of everything that it reads under
/// the stream's folder, or sends the cookies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Playback {
    /// The asset.
    pub asset: String,
    /// The job that made the stream.
    pub job: String,
    /// Path of the HLS multivariant playlist.
    pub hls: String,
    /// Path of the DASH MPD.
    pub dash: String,
    /// Path of the poster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poster: Option<String>,
    /// Path of the storyboard's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storyboard: Option<String>,
    /// When the right ends.
    pub expires_at: Timestamp,
    /// What to add to an address, behind `?`.
    pub query: String,
    /// What to send instead.
    pub cookies: Vec<Cookie>,
}

/// A cookie of CloudFront.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The folder that it is for.
    pub path: String,
}
