//! What the HTTP API takes and gives, as types: shared by the functions that answer and the clients
//! that ask, and the source of the OpenAPI document.
//!
//! Pure: no HTTP library, no clock.

pub mod asset;
pub mod caption;
pub mod event;
pub mod playback;
pub mod problem;
pub mod timestamp;
pub mod upload;
pub mod webhook;
mod whole;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use problem::{Message, Problem, ProblemCode};
pub use timestamp::Timestamp;

/// Most things in one answer.
pub const MAX_LIMIT: u32 = 100;
/// The longest text to search for, in characters.
pub const MAX_WORDS: usize = 200;
/// Things in one answer where nobody says how many.
pub const DEFAULT_LIMIT: u32 = 25;

/// What a client must know before it can sign in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Who signs the tokens: an OpenID Connect issuer.
    pub issuer: String,
    /// Where its discovery document is.
    pub discovery: String,
    /// The client to sign in as, with authorization code and PKCE.
    pub client_id: String,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The largest upload in bytes.
    pub max_upload_bytes: u64,
    /// Name of the deployed stack.
    pub stack: String,
}

/// Which part of a list is wanted.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most things in the answer. There may be fewer although more follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100, default = 25)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[0-9]{20}-[A-Za-z0-9_-]{1,64}$")]
    pub cursor: Option<String>,
}
