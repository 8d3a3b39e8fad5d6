//! What AWS asks for, in whole micro-dollars (a millionth of a dollar).
//!
//! The public list prices of us-east-1 without any free tier or discount:
//! <https://aws.amazon.com/lambda/pricing/>, <https://aws.amazon.com/fargate/pricing/>,
//! <https://aws.amazon.com/step-functions/pricing/>, <https://aws.amazon.com/s3/pricing/>.
//! Other regions cost up to half as much again.
//!
//! AWS's own tables are filled in by scripts, so most are checked against others who copied them. Beside
//! each price is who says the same, and when; `docs/proving-on-aws.md` asks AWS itself.

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

/// A function on arm64, for each MB of memory and millisecond: $0.0000133334 per GB and second, below
/// 7.5 billion of them a month. <https://cloudchipr.com/blog/aws-lambda-pricing>, 2024.
pub const FUNCTION_MB_MS: Price = Price {
    micros: 13_333_400,
    units: 1_024_000_000_000,
};
/// A call of a function: $0.20 per million. AWS's price list of 1 October 2025, by a copy of 28 October
/// 2025 (service `AWSLambda`).
pub const FUNCTION_CALL: Price = Price {
    micros: 200_000,
    units: 1_000_000,
};
/// A state transition of a standard execution: $0.025 per thousand. AWS's page, an undated copy, and
/// <https://www.wring.co/blog/aws-step-functions-pricing-guide>, March 2026.
pub const TRANSITION: Price = Price {
    micros: 25_000,
    units: 1000,
};
/// A request to S3 that writes: $0.005 per thousand.
/// <https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples>, undated.
pub const WRITE: Price = Price {
    micros: 5000,
    units: 1000,
};
/// Storage in S3 for a month, for each MB (10⁶ bytes): $0.023 per GB, which is 2³⁰ bytes to S3. AWS's
/// price list by a copy of 28 October 2025 (service `AmazonS3`); the GB by the examples of
/// <https://aws.amazon.com/s3/faqs/>.
pub const STORED_MB_MONTH: Price = Price {
    micros: 23_000_000,
    units: 1_073_742,
};
/// A vCPU of Fargate on x86-64, for each millisecond: $0.04048 per hour.
/// <https://www.wring.co/blog/aws-fargate-pricing-guide>, March 2026.
pub const FARGATE_VCPU_MS: Price = Price {
    micros: 40_480,
    units: 3_600_000,
};
/// A GB of memory of Fargate on x86-64, for each millisecond: $0.004445 per hour. The same page.
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
        // 10 GiB are 10,737.42 MB: $0.23.
        assert_eq!(STORED_MB_MONTH.of(10_737), 229_992);
    }
}
