//! Which part of a list is wanted.

use api::ProblemCode;

use crate::Refusal;

/// How many things are wanted.
///
/// # Errors
/// For none, and for more than `most`.
pub fn limit(wanted: Option<u32>, otherwise: u32, most: u32) -> Result<u32, Refusal> {
    match wanted {
        None => Ok(otherwise),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(invalid(format!("limit: it should be 1 to {most}"))),
    }
}

/// Behind which place. A place is a time and an id; nothing else comes from a client into a key.
///
/// # Errors
/// For what was never the `next` of a page.
pub fn place(cursor: Option<String>) -> Result<Option<String>, Refusal> {
    let fits = |cursor: &str| {
        cursor.split_once('-').is_some_and(|(time, id)| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            time.len() == 20
                && time.bytes().all(|b| b.is_ascii_digit())
                && (1..=64).contains(&id.len())
                && id.bytes().all(plain)
        })
    };
    match cursor {
        Some(cursor) if !fits(&cursor) => Err(invalid("cursor: it should be the next of a page")),
        cursor => Ok(cursor),
    }
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemCode::RequestInvalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_place_or_nothing() {
        assert_eq!(place(None).unwrap(), None);
        let known = "00000001700000000500-a1n1v3kq8w0r5zt2c7y4m6x9b0a".to_owned();
        assert_eq!(place(Some(known.clone())).unwrap(), Some(known));
        for other in [
            "",
            "x",
            "0000000170000000050-a",
            "00000001700000000500-",
            "00000001700000000500-a#b",
        ] {
            assert!(place(Some(other.to_owned())).is_err(), "{other}");
        }
    }

    #[test]
    fn a_limit_has_limits() {
        assert_eq!(limit(None, 25, 100).unwrap(), 25);
        assert_eq!(limit(Some(100), 25, 100).unwrap(), 100);
        assert!(limit(Some(0), 25, 100).is_err());
        assert!(limit(Some(101), 25, 100).is_err());
    }
}
