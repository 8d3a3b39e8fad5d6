//! What the files of a stream name, so that all of it can be copied.
//!
//! Every address in a playlist of Millrace is a file name below the playlist's folder
//! (`docs/object-layout.md`). Anything else is refused: a copy must not write elsewhere.

use crate::error::CliError;

/// Paths below the stream's folder that a file names, from the path of the file itself and its
/// text. Byte ranges and fragments are of the same file.
///
/// # Errors
/// [`CliError::Stray`] for an address that leaves the folder.
pub(crate) fn named_by(path: &str, text: &str) -> Result<Vec<String>, CliError> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let uris: Vec<&str> = match extension(path) {
        "m3u8" => text.lines().flat_map(playlist_uris).collect(),
        "vtt" => text.lines().filter_map(picture_uri).collect(),
        "mpd" => text.lines().filter_map(caption_uri).collect(),
        _ => Vec::new(),
    };
    uris.into_iter().map(|uri| below(folder, uri)).collect()
}

/// Whether a file may name others.
pub(crate) fn names_others(path: &str) -> bool {
    ["m3u8", "vtt", "mpd"].contains(&extension(path))
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// A line's address: the line itself, or the `URI` of a tag (RFC 8216bis 4.1, 4.2).
fn playlist_uris(line: &str) -> Vec<&str> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    if !line.starts_with('#') {
        return vec![line];
    }
    let attribute = line.split_once(":URI=\"").or(line.split_once(",URI=\""));
    let value = attribute.and_then(|(_, rest)| rest.split_once('"'));
    value.map(|(uri, _)| uri).into_iter().collect()
}

/// The picture of a storyboard's cue, as `storyboard-001.jpg#xywh=0,0,160,90`. Words of captions
/// are none.
fn picture_uri(line: &str) -> Option<&str> {
    let (uri, _) = line.trim().split_once("#xywh=")?;
    Some(uri)
}

/// The file of a caption, which HLS has in segments. All else that an MPD names, playlists name, too.
fn caption_uri(line: &str) -> Option<&str> {
    let uri = line.trim().strip_prefix("<BaseURL>")?;
    uri.strip_suffix("</BaseURL>")
}

fn below(folder: &str, uri: &str) -> Result<String, CliError> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !uri.chars().all(is_safe) || !uri.split('/').all(is_plain) {
        return Err(CliError::Stray {
            uri: uri.to_owned(),
        });
    }
    if folder.is_empty() {
        Ok(uri.to_owned())
    } else {
        Ok(format!("{folder}/{uri}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multivariant_playlist_names_playlists_in_lines_and_tags() {
        let text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"a, b\",URI=\"a/und-128k/index.m3u8\"\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=1\nv/720p/index.m3u8\n";
        let named = named_by("index.m3u8", text).unwrap();
        assert_eq!(named, ["a/und-128k/index.m3u8", "v/720p/index.m3u8"]);
    }

    #[test]
    fn a_media_playlist_names_its_neighbours() {
        let text = "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n#EXT-X-BYTERANGE:9@1\n00001.m4s\n";
        let named = named_by("v/720p/iframes.m3u8", text).unwrap();
        assert_eq!(named, ["v/720p/init.mp4", "v/720p/00001.m4s"]);
    }

    #[test]
    fn a_storyboard_names_pictures_and_captions_name_nothing() {
        let text = "WEBVTT\n\n00:00.000 --> 00:05.000\nstoryboard-001.jpg#xywh=0,0,160,90\n";
        assert_eq!(
            named_by("thumbs/storyboard.vtt", text).unwrap(),
            ["thumbs/storyboard-001.jpg"]
        );
        let text = "WEBVTT\n\n00:00.000 --> 00:05.000\nhello.jpg\n";
        assert!(named_by("t/de.vtt", text).unwrap().is_empty());
    }

    #[test]
    fn nothing_outside_of_the_folder_is_named() {
        for uri in [
            "../x.m4s",
            "/etc/passwd",
            "https://h/x",
            "a//b",
            "a/../../b",
            "a\\b",
            ".",
            "a?b",
        ] {
            let error = named_by("index.m3u8", uri).unwrap_err();
            assert!(matches!(error, CliError::Stray { .. }), "{uri}");
        }
    }
}
