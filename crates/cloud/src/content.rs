//! What kinds of objects Millrace writes.

/// The kind of an object: decides its `Content-Type` and `Cache-Control`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// Plans, chunk lists and results, in the work bucket.
    Json,
    /// A source segment, in the work bucket.
    Nut,
    /// Init or media segment of a picture.
    VideoSegment,
    /// Init or media segment of sound.
    AudioSegment,
    /// An HLS playlist.
    HlsPlaylist,
    /// A DASH manifest.
    DashManifest,
    /// Poster, cover art or storyboard sheet.
    Jpeg,
    /// Cover art or waveform.
    Png,
    /// The storyboard's index.
    WebVtt,
    /// A source, in the uploads bucket: what it is, the probe finds out.
    Upload,
}

impl Content {
    /// The media type, as RFC 8216bis 4 and ISO/IEC 23009-1 name it for manifests and segments.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Nut => "video/x-nut",
            Self::VideoSegment => "video/mp4",
            Self::AudioSegment => "audio/mp4",
            Self::HlsPlaylist => "application/vnd.apple.mpegurl",
            Self::DashManifest => "application/dash+xml",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebVtt => "text/vtt",
            Self::Upload => "application/octet-stream",
        }
    }

    /// How long a player's cache may keep it; none for what no player reads.
    ///
    /// A job's folder never changes once it is published, manifests included, so everything in it
    /// is immutable (RFC 8246).
    #[must_use]
    pub const fn cache_control(self) -> Option<&'static str> {
        match self {
            Self::Json | Self::Nut | Self::Upload => None,
            _ => Some("public, max-age=31536000, immutable"),
        }
    }
}
