//! Which uploads are taken: decided before a byte is sent.

use api::ProblemCode;
use api::upload::NewUpload;
use domain::library::title_of;
use domain::profile::Profile;
use domain::upload::{MAX_TITLE, is_file_name, is_media};
use service::Refusal;

/// An upload that may begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Accepted {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) media_type: String,
    pub(crate) title: String,
    pub(crate) profile: String,
    pub(crate) sha256: Option<String>,
    pub(crate) part_sha256: bool,
}

/// Looks at what a client says about its file.
pub(crate) fn accept(new: NewUpload, max_bytes: u64) -> Result<Accepted, Refusal> {
    let refused = |code, detail: String| Err(Refusal::new(code, detail));
    if !is_file_name(&new.name) {
        let detail =
            "name: it should be 1 to 255 characters, without slashes and control characters";
        return refused(ProblemCode::RequestInvalid, detail.to_owned());
    }
    if new.size == 0 {
        return refused(ProblemCode::FileEmpty, format!("{} has no bytes", new.name));
    }
    if new.size > max_bytes {
        let detail = format!(
            "{} has {} bytes, at most {max_bytes} are taken",
            new.name, new.size
        );
        return refused(ProblemCode::FileTooLarge, detail);
    }
    if !is_media(&new.media_type) {
        let detail = format!("{} is {}", new.name, new.media_type);
        return refused(ProblemCode::TypeUnsupported, detail);
    }
    let title = new.title.as_deref().unwrap_or_default().trim();
    if title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
        let detail = format!("title: it should have at most {MAX_TITLE} characters, on one line");
        return refused(ProblemCode::RequestInvalid, detail);
    }
    let title = match title {
        "" => title_of(&new.name),
        title => title.to_owned(),
    };
    let profile = new.profile.unwrap_or_else(|| Profile::default().name);
    if profile != Profile::default().name {
        let detail = format!("this stack has no profile {profile}");
        return refused(ProblemCode::ProfileUnknown, detail);
    }
    if new.sha256.as_deref().is_some_and(|sum| !is_sha256(sum)) {
        let detail = "sha256: it should be 64 lower-case hexadecimal digits";
        return refused(ProblemCode::RequestInvalid, detail.to_owned());
    }
    Ok(Accepted {
        title,
        name: new.name,
        size: new.size,
        media_type: new.media_type,
        profile,
        sha256: new.sha256,
        part_sha256: new.part_sha256,
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the text can be a SHA-256 in base 64: what storage compares a part with.
pub(crate) fn is_base64_sha256(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    text.len() == 44 && text.ends_with('=') && text.bytes().take(43).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewUpload {
        NewUpload {
            name: "My film.mp4".to_owned(),
            size: 7,
            media_type: "video/mp4".to_owned(),
            title: None,
            profile: None,
            sha256: None,
            part_sha256: false,
        }
    }

    fn refused(new: NewUpload) -> ProblemCode {
        accept(new, 100).unwrap_err().0.code
    }

    #[test]
    fn a_file_is_called_by_its_name_unless_it_has_a_title() {
        assert_eq!(accept(new(), 100).unwrap().title, "My film");
        let title = |title: &str| NewUpload {
            title: Some(title.to_owned()),
            ..new()
        };
        assert_eq!(accept(title(" Summer "), 100).unwrap().title, "Summer");
        assert_eq!(accept(title("  "), 100).unwrap().title, "My film");
        for wrong in ["x".repeat(201), "two\nlines".to_owned()] {
            assert_eq!(refused(title(&wrong)), ProblemCode::RequestInvalid);
        }
        let long = NewUpload {
            name: "x".repeat(255),
            ..new()
        };
        assert_eq!(accept(long, 100).unwrap().title.len(), 200);
    }

    #[test]
    fn what_is_not_taken_has_its_own_name() {
        let size = |size| NewUpload { size, ..new() };
        assert_eq!(refused(size(0)), ProblemCode::FileEmpty);
        assert_eq!(refused(size(101)), ProblemCode::FileTooLarge);
        assert!(accept(size(100), 100).is_ok());
        let text = NewUpload {
            media_type: "text/plain".to_owned(),
            ..new()
        };
        assert_eq!(refused(text), ProblemCode::TypeUnsupported);
        let profile = NewUpload {
            profile: Some("gold".to_owned()),
            ..new()
        };
        assert_eq!(refused(profile), ProblemCode::ProfileUnknown);
        let name = NewUpload {
            name: "../x".to_owned(),
            ..new()
        };
        assert_eq!(refused(name), ProblemCode::RequestInvalid);
        let sum = NewUpload {
            sha256: Some("A".repeat(64)),
            ..new()
        };
        assert_eq!(refused(sum), ProblemCode::RequestInvalid);
    }

    #[test]
    fn a_checksum_of_a_part_is_32_bytes_in_base_64() {
        assert!(is_base64_sha256(
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        ));
        for other in [
            "",
            "47DEQpj8HBSa",
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] {
            assert!(!is_base64_sha256(other), "{other}");
        }
    }
}
