//! Errors as RFC 9457 writes them, from a closed list.

use std::fmt;

use domain::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! problems {
    ($($(#[doc = $doc:literal])+ $name:ident: $status:literal, $title:literal, $advice:literal;)+) => {
        /// Every way in which the API refuses.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ProblemCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name, as it is in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What it is, the same each time (RFC 9457 3.1.4).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What to do.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
}

problems! {
    /// A file that is no caption.
    CaptionInvalid: 400, "the caption file is not valid", "correct the line that the detail names, or export the file again";
    /// Path, query or body are not what the API takes.
    RequestInvalid: 400, "the request is not valid", "correct what the detail names";
    /// A file without a byte.
    FileEmpty: 400, "the file is empty", "choose another file";
    /// No profile of this name.
    ProfileUnknown: 400, "there is no such profile", "leave the profile out, or name one that the stack has";
    /// No usable token. API Gateway refuses such a request before it gets here.
    Unauthorized: 401, "nobody is signed in", "sign in";
    /// No such path.
    NotFound: 404, "there is nothing here", "look at the API's description";
    /// No such upload of this owner.
    UploadNotFound: 404, "there is no such upload", "start a new upload";
    /// No such asset of this owner, or none that everybody may see.
    AssetNotFound: 404, "there is no such asset", "look at the list of assets";
    /// No caption of this language and kind.
    CaptionNotFound: 404, "there is no such caption", "look at the list of captions";
    /// No such webhook of this owner.
    WebhookNotFound: 404, "there is no such webhook", "look at the list of webhooks";
    /// The path takes other methods.
    MethodNotAllowed: 405, "the path does not take this method", "look at the API's description";
    /// Parts are missing.
    UploadIncomplete: 409, "parts of the upload are missing", "send the parts that are missing, then complete it again";
    /// The upload was completed or aborted.
    UploadEnded: 409, "the upload has ended", "start a new upload";
    /// Nothing to play yet.
    AssetNotReady: 409, "the asset has nothing to play yet", "wait until it is ready";
    /// Others change the asset at the same time.
    AssetBusy: 409, "the asset is being changed by somebody else", "try again";
    /// Only a failed job can be tried again.
    RetryRefused: 409, "only what has failed can be tried again", "wait until the job ends";
    /// The asset is not the one that the client saw.
    PreconditionFailed: 412, "the asset was changed meanwhile", "read it again, then change it";
    /// Larger than the stack allows.
    FileTooLarge: 413, "the file is too large", "split the file, or raise MaxUploadBytes of the stack";
    /// More than a caption may have.
    CaptionTooLarge: 413, "the caption file is too large", "leave out styles and pictures, or split the film";
    /// Neither WebVTT nor SubRip.
    CaptionTypeUnsupported: 415, "the file is no caption", "send text/vtt or application/x-subrip";
    /// Neither film nor sound.
    TypeUnsupported: 415, "the file is neither film nor sound", "choose a video or audio file";
    /// More open uploads than an owner may have.
    TooManyUploads: 429, "too many uploads are open", "complete or abort some of them";
    /// More webhooks than an owner may have.
    TooManyWebhooks: 429, "there are too many webhooks", "drop one of them";
    /// More captions than an asset may have.
    TooManyCaptions: 429, "there are too many captions", "drop one of them";
    /// A fault of Millrace.
    Internal: 500, "something went wrong here", "try again; if it stays, tell the operator the request's id";
    /// A passing fault.
    Unavailable: 503, "a service did not answer", "try again";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An answer that is an error: `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:millrace:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, to what.
    pub detail: String,
    /// Which problem of the closed list.
    pub code: ProblemCode,
    /// What to do.
    pub advice: String,
    /// For `UploadIncomplete`: the first missing parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<u32>,
}

impl Problem {
    /// A problem with what happened, to what.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:millrace:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            advice: code.advice().to_owned(),
            missing: Vec::new(),
        }
    }

    /// What a client is told of a fault behind the API. The fault's own words may name things of
    /// the stack and are for the log only.
    #[must_use]
    pub fn of(fault: &impl Fault) -> Self {
        match fault.code().class() {
            domain::ErrorClass::Retry => Self::new(ProblemCode::Unavailable, "a service was away"),
            _ => Self::new(ProblemCode::Internal, "the request could not be answered"),
        }
    }
}

/// A refusal of API Gateway itself: no token, no such route, too many calls, no answer in time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The status in words.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code, self.detail, self.advice)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let problem = Problem::new(ProblemCode::AssetNotFound, "there is no asset a1");
        let json = serde_json::to_value(&problem).unwrap();
        let expected = serde_json::json!({
            "type": "urn:millrace:problem:AssetNotFound",
            "title": "there is no such asset",
            "status": 404,
            "detail": "there is no asset a1",
            "code": "AssetNotFound",
            "advice": "look at the list of assets",
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn every_problem_is_an_error_with_plain_words() {
        for code in ProblemCode::ALL {
            assert!((400..=599).contains(&code.status()), "{code}");
            for words in [code.title(), code.advice()] {
                assert!(!words.is_empty() && !words.ends_with('.'), "{code}");
            }
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
