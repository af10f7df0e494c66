//! Percentiles by nearest rank: always a value that was measured.

/// The value that so many per cent of `values` do not exceed, for each of `ranks` (1 to 100); `None` of nothing.
pub fn percentiles<const N: usize>(values: Vec<i64>, ranks: [usize; N]) -> [Option<i64>; N] {
    let sorted = crate::map::ordered(values, |v| *v);
    ranks.map(|rank| sorted.get((sorted.len() * rank).div_ceil(100).saturating_sub(1)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_counts() {
        assert_eq!(percentiles(vec![], [50, 95]), [None, None]);
        assert_eq!(percentiles(vec![7], [50, 95]), [Some(7), Some(7)]);
        assert_eq!(percentiles((1..=20).rev().collect(), [50, 95, 100]), [Some(10), Some(19), Some(20)]);
        assert_eq!(percentiles(vec![3, 1, 2], [50]), [Some(2)]);
    }
}
