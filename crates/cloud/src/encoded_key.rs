//! Keys as S3 writes them where a key as it is would not fit: in notifications, and in listings
//! that ask for it.

use domain::object::ObjectKey;
use percent_encoding::percent_decode_str;

/// The key behind its form encoding, in which a plus sign is a space and a real plus is `%2B`.
/// None when it is not UTF-8, which no key of S3 is.
#[must_use]
pub fn decoded(key: &str) -> Option<ObjectKey> {
    let spaced = key.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(ObjectKey::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        let key = decoded("a+b%2Bc%25d/%C3%A9%01").unwrap();
        assert_eq!(key.as_str(), "a b+c%d/é\u{1}");
        assert_eq!(decoded("%FF"), None);
    }
}
