//! Whole numbers as JSON Schema has them: `5.0` is one.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// The largest number below which a float is every whole number exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a whole number that is not negative, however it is written.
pub(crate) fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<T, D::Error> {
    let number = from.deserialize_u64(Whole)?;
    let fits = T::try_from(number).ok();
    fits.ok_or_else(|| Error::invalid_value(Unexpected::Unsigned(number), &"a smaller number"))
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole and within the range"
    )]
    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) {
            return Ok(number as u64);
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Thing {
        #[serde(deserialize_with = "whole")]
        number: u32,
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        let read = |json: &str| serde_json::from_str::<Thing>(json).map(|thing| thing.number);
        assert_eq!(read(r#"{"number": 7}"#).unwrap(), 7);
        assert_eq!(read(r#"{"number": 7.0}"#).unwrap(), 7);
        for other in ["7.5", "-7", "-7.0", "4294967296", "1e300", r#""7""#, "null"] {
            let json = format!(r#"{{"number": {other}}}"#);
            assert!(read(&json).is_err(), "{other}");
        }
    }
}
