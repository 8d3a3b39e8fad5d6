//! What AWS asks for, in whole micro-dollars (a millionth of a dollar).
//!
//! The public list prices of us-east-1 without any free tier or discount, as of November 2025:
//! <https://aws.amazon.com/lambda/pricing/>, <https://aws.amazon.com/fargate/pricing/>,
//! <https://aws.amazon.com/step-functions/pricing/>, <https://aws.amazon.com/s3/pricing/>.
//! Other regions cost up to half as much again.

/// Where the prices are from, for whoever reads a sum.
pub const SOURCE: &str = "AWS list prices of us-east-1, November 2025";

/// A price: so many micro-dollars for so many units. Both, because a unit is often cheaper than a
/// micro-dollar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Price {
    /// Micro-dollars.
    pub micros: u64,
    /// For this number of units.
    pub units: u64,
}

impl Price {
    /// Micro-dollars for a number of units, rounded up.
    #[must_use]
    pub fn of(self, units: u64) -> u64 {
        let exact = u128::from(units) * u128::from(self.micros);
        let micros = exact.div_ceil(u128::from(self.units).max(1));
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}

/// A function on arm64, for each MB of memory and millisecond: $0.0000133334 per GB and second.
pub const FUNCTION_MB_MS: Price = Price {
    micros: 13_333_400,
    units: 1_024_000_000_000,
};
/// A call of a function: $0.20 per million.
pub const FUNCTION_CALL: Price = Price {
    micros: 200_000,
    units: 1_000_000,
};
/// A state transition of a standard execution: $0.025 per thousand.
pub const TRANSITION: Price = Price {
    micros: 25_000,
    units: 1000,
};
/// A request to S3 that writes: $0.005 per thousand.
pub const WRITE: Price = Price {
    micros: 5000,
    units: 1000,
};
/// Storage in S3 for a month, for each MB (10⁶ bytes): $0.023 per GB.
pub const STORED_MB_MONTH: Price = Price {
    micros: 23_000,
    units: 1000,
};
/// A vCPU of Fargate on x86-64, for each millisecond: $0.04048 per hour.
pub const FARGATE_VCPU_MS: Price = Price {
    micros: 40_480,
    units: 3_600_000,
};
/// A GB of memory of Fargate on x86-64, for each millisecond: $0.004445 per hour.
pub const FARGATE_GB_MS: Price = Price {
    micros: 4445,
    units: 3_600_000,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_those_of_the_lists_and_rounded_up() {
        // A GB (1,024 MB) of a function for 1,000 seconds: $0.0133334.
        assert_eq!(FUNCTION_MB_MS.of(1024 * 1_000_000), 13_334);
        assert_eq!(FUNCTION_CALL.of(1), 1);
        assert_eq!(FUNCTION_CALL.of(0), 0);
        assert_eq!(FARGATE_VCPU_MS.of(3_600_000), 40_480);
        assert_eq!(STORED_MB_MONTH.of(2000), 46_000);
    }
}
