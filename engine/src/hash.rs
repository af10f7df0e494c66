//! The one non-cryptographic hash: for remembering identifiers, bucketing subjects and tagging versions.

/// 64-bit FNV-1a over `bytes` (<http://www.isthe.com/chongo/tech/comp/fnv/>), mixed by the finaliser of `MurmurHash3`, as
/// plain FNV spreads the high bits of short keys badly.
pub fn hash64(bytes: &[u8]) -> u64 {
    finish(bytes.iter().fold(FNV_OFFSET, |hash, byte| step(hash, *byte)))
}

/// The hash of several parts, unambiguous in where one part ends: `["ab","c"]` differs from `["a","bc"]`.
pub fn hash_parts(parts: &[&str]) -> u64 {
    let hash = parts.iter().fold(FNV_OFFSET, |hash, part| {
        let hash = part.bytes().fold(hash, step);
        step(hash, 0xff) // not a byte of any UTF-8 text
    });
    finish(hash)
}

/// The name of a campaign, placement, group … where only numbers go: 32-bit FNV-1a, which a page can compute as well. Never 0.
/// Names of one kind whose keys are equal are refused when they are published.
pub fn key(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).max(1)
}

/// The basis point (0 to 9,999) in which a subject falls: the same everywhere and for ever for the same parts.
pub fn bucket(parts: &[&str]) -> u16 {
    u16::try_from(hash_parts(parts) % 10_000).unwrap_or(0)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
}

fn finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash_parts(&["ab", "c"]), hash_parts(&["a", "bc"]));
        assert_ne!(hash_parts(&["a"]), hash_parts(&["a", ""]));
    }

    #[test]
    fn buckets_are_even_within_what_chance_allows() {
        let mut counts = [0_u32; 10];
        for i in 0..100_000 {
            counts[usize::from(bucket(&["salt", &i.to_string()]) / 1_000)] += 1;
        }
        // 100,000 in ten bins: 10,000 ± 95 standard deviation; five of them is chance once in two million.
        assert!(counts.iter().all(|c| (9_525..=10_475).contains(c)), "{counts:?}");
    }
}
