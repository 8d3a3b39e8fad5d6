//! Exact fractions.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An exact fraction, always reduced, with a positive denominator.
///
/// Numerator and denominator are `i128`, wide enough for the product of a 63-bit timestamp with
/// two 31-bit time bases, so arithmetic on anything a container can state does not overflow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rational {
    num: i128,
    den: i128,
}

/// A text is not a fraction: it should look like `30000/1001`, `25` or `-7/2`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fraction such as 30000/1001")]
pub struct NotAFraction(pub String);

impl Rational {
    /// Zero.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// One.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// The fraction `num / den`, or `None` when `den` is zero.
    #[must_use]
    pub fn new(num: i128, den: i128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?;
        let sign = den.signum();
        Some(Self {
            num: sign * num / divisor,
            den: sign * den / divisor,
        })
    }

    /// The whole number `n`.
    #[must_use]
    pub fn whole(n: impl Into<i128>) -> Self {
        Self {
            num: n.into(),
            den: 1,
        }
    }

    /// `ticks / timescale` seconds; a timescale of zero counts as one.
    #[must_use]
    pub fn ticks(ticks: impl Into<i128>, timescale: u32) -> Self {
        Self::over(ticks.into(), i128::from(timescale.max(1)))
    }

    /// Numerator of the reduced fraction; carries the sign.
    #[must_use]
    pub const fn num(self) -> i128 {
        self.num
    }

    /// Denominator of the reduced fraction; always positive.
    #[must_use]
    pub const fn den(self) -> i128 {
        self.den
    }

    /// Largest whole number not above the fraction.
    #[must_use]
    pub fn floor(self) -> i128 {
        self.num.div_euclid(self.den)
    }

    /// Smallest whole number not below the fraction.
    #[must_use]
    pub fn ceil(self) -> i128 {
        -(-self).floor()
    }

    /// Nearest whole number; a half goes up, as in `floor(x + 1/2)`.
    #[must_use]
    pub fn round(self) -> i128 {
        (self + Self { num: 1, den: 2 }).floor()
    }

    /// Distance from zero.
    #[must_use]
    pub fn abs(self) -> Self {
        Self {
            num: self.num.abs(),
            den: self.den,
        }
    }

    /// `1 / self`, or `None` for zero.
    #[must_use]
    pub fn recip(self) -> Option<Self> {
        Self::new(self.den, self.num)
    }

    /// The value as a decimal with `places` digits after the point, rounded half up.
    ///
    /// For text formats only (ffmpeg's `-ss`, EXTINF, MPD durations).
    #[must_use]
    pub fn to_decimal(self, places: u32) -> String {
        let scale = 10_i128.pow(places);
        let scaled = (self.abs() * Self::whole(scale)).round();
        let sign = if self.num < 0 && scaled != 0 { "-" } else { "" };
        if places == 0 {
            return format!("{sign}{scaled}");
        }
        let width = places as usize;
        format!("{sign}{}.{:0width$}", scaled / scale, scaled % scale)
    }

    /// Reads a plain decimal such as `12.345`, `-0.5` or `7`, exactly.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) {
            return None;
        }
        let places = u32::try_from(fraction.len()).ok()?;
        let num: i128 = format!("{whole}{fraction}").parse().ok()?;
        Self::new(if negative { -num } else { num }, 10_i128.pow(places))
    }

    /// `num / den` where the caller knows that `den` is positive.
    pub(super) fn over(num: i128, den: i128) -> Self {
        Self::new(num, den).unwrap_or(Self::ZERO)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

impl Add for Rational {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::over(
            self.num * other.den + other.num * self.den,
            self.den * other.den,
        )
    }
}

impl Sub for Rational {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Rational {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::over(self.num * other.num, self.den * other.den)
    }
}

/// Division; dividing by zero gives zero, because no rate, time base or timescale may be zero and
/// each is checked where it enters.
impl Div for Rational {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        other.recip().map_or(Self::ZERO, |inverse| self * inverse)
    }
}

impl Neg for Rational {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            num: -self.num,
            den: self.den,
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.num * other.den).cmp(&(other.num * self.den))
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 {
            write!(f, "{}", self.num)
        } else {
            write!(f, "{}/{}", self.num, self.den)
        }
    }
}

impl fmt::Debug for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Rational {
    type Err = NotAFraction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || NotAFraction(text.to_owned());
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let num: i64 = num.trim().parse().map_err(|_| bad())?;
        let den: i64 = den.trim().parse().map_err(|_| bad())?;
        Self::new(num.into(), den.into()).ok_or_else(bad)
    }
}

impl TryFrom<String> for Rational {
    type Error = NotAFraction;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Rational> for String {
    fn from(value: Rational) -> Self {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fraction(num: i128, den: i128) -> Rational {
        Rational::new(num, den).unwrap()
    }

    #[test]
    fn a_fraction_is_reduced_and_keeps_its_sign_above() {
        assert_eq!(fraction(6, -4).to_string(), "-3/2");
        assert_eq!(fraction(0, -7), Rational::ZERO);
        assert_eq!(Rational::new(1, 0), None);
    }

    #[test]
    fn rounding_a_half_goes_up() {
        assert_eq!(fraction(5, 2).round(), 3);
        assert_eq!(fraction(-5, 2).round(), -2);
        assert_eq!(fraction(-5, 2).floor(), -3);
        assert_eq!(fraction(-5, 2).ceil(), -2);
    }

    #[test]
    fn decimals_are_exact_both_ways() {
        assert_eq!(Rational::from_decimal("0.001"), Some(fraction(1, 1000)));
        assert_eq!(fraction(1001, 30000).to_decimal(6), "0.033367");
        assert_eq!(fraction(-1, 3).to_decimal(2), "-0.33");
        assert_eq!(fraction(-1, 3000).to_decimal(2), "0.00");
        assert_eq!(Rational::from_decimal("1e9"), None);
        assert_eq!(Rational::from_decimal(""), None);
    }

    proptest! {
        #[test]
        fn text_round_trips(num in -1_000_000_000_i64..1_000_000_000, den in 1_i64..1_000_000) {
            let value = fraction(num.into(), den.into());
            prop_assert_eq!(value.to_string().parse::<Rational>().unwrap(), value);
        }

        #[test]
        fn addition_and_subtraction_undo_each_other(a in any::<i32>(), b in 1_i32.., c in any::<i32>(), d in 1_i32..) {
            let x = fraction(a.into(), b.into());
            let y = fraction(c.into(), d.into());
            prop_assert_eq!(x + y - y, x);
        }
    }
}
