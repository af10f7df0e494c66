//! Medians without allocation.

/// The `k`-th smallest of `values` (0 is the smallest), which are reordered so that no larger one lies before it; `None`
/// beyond their number.
///
/// Hoare's FIND (C. A. R. Hoare, "Algorithm 65: Find", 1961): linear on average, a few hundred bytes of wasm, where the
/// standard library's sort takes five thousand.
pub(super) fn smallest(values: &mut [f64], k: usize) -> Option<f64> {
    let mut part = values;
    let mut k = k;
    loop {
        let pivot = *part.get(part.len() / 2)?;
        let (mut below, mut next, mut above) = (0, 0, part.len());
        // Three parts: smaller than the pivot, equal to it, larger. Many days are equal (zero), so that two parts would be slow.
        while next < above {
            let value = *part.get(next)?;
            if value < pivot {
                part.swap(below, next);
                below += 1;
                next += 1;
            } else if value > pivot {
                above -= 1;
                part.swap(next, above);
            } else {
                next += 1;
            }
        }
        if k < below {
            part = part.get_mut(..below)?;
        } else if k < above {
            return Some(pivot);
        } else {
            k -= above;
            part = part.get_mut(above..)?;
        }
    }
}

/// The median of `values`, which are reordered: the middle one, or the mean of the two in the middle; `None` of nothing.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    let upper = smallest(values, half)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    // Whatever is smaller than the k-th has been moved before it.
    let lower = values.get(..half)?.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_kth_smallest_and_the_median_are_where_sorting_puts_them(
            mut values in prop::collection::vec(-9_i32..9, 0..80),
            k in 0_usize..90,
        ) {
            let mut numbers: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            values.sort_unstable();
            prop_assert_eq!(smallest(&mut numbers, k), values.get(k).map(|v| f64::from(*v)));
            let n = values.len();
            let middle = (n > 0).then(|| f64::from(values[n / 2] + values[(n - 1) / 2]) / 2.0);
            prop_assert_eq!(median(&mut numbers), middle);
        }
    }
}
