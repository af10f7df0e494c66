//! What a company does on a day.

use fastrand::Rng;

use super::company::{Company, approximate, whole};

const DAY: i64 = 24 * 60;
/// Everything happens on the half hour, so that much of it happens at once.
const GRAIN: i64 = 30;

/// Something that happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    /// Becomes a customer.
    Join,
    /// Its servers report so many API calls.
    Report { calls: u64 },
    /// One of its people, by position, opens the product.
    Visit { person: usize },
    /// Its admin thinks about the plan, by themselves.
    Consider,
}

/// The acts of the `day`th day, each with the minute it happens at, in UTC.
pub(super) fn of(company: &Company, day: i64, is_weekend: bool, rng: &mut Rng) -> Vec<(i64, Act)> {
    if day < company.joins {
        return Vec::new();
    }
    let mut acts = Vec::new();
    if day == company.joins {
        // Those who are there from the first day on do not all come in one moment.
        acts.push((rng.i64(0..6) * GRAIN, Act::Join));
    }
    company.pass(day, rng.f64() < 0.02);
    let works = rng.f64() < if is_weekend { 0.3 } else { 0.95 };
    if !works {
        return acts;
    }
    let utc = |local: i64| ((local - company.ahead * 60).rem_euclid(DAY) / GRAIN * GRAIN).max(GRAIN);
    let calls = approximate(company.calls) * (1.0 + company.growth * f64::from(i32::try_from(day).unwrap_or(0)));
    let calls = whole(calls * (0.4 + 1.2 * rng.f64()));
    acts.push((utc(rng.i64(9 * 60..22 * 60)), Act::Report { calls }));
    for (person, _) in company.people.iter().enumerate() {
        // The admin comes more often than the others.
        if rng.f64() < if person == 0 { 0.35 } else { 0.13 } {
            let local = 8 * 60 + rng.i64(0..5 * 60) + rng.i64(0..6 * 60);
            acts.push((utc(local), Act::Visit { person }));
        }
    }
    acts.push((utc(15 * 60 + rng.i64(0..120)), Act::Consider));
    acts
}

#[cfg(test)]
mod tests {
    use super::super::company::found;
    use super::*;

    #[test]
    fn nobody_does_anything_before_they_come() {
        let mut rng = Rng::with_seed(3);
        for company in found(50, 90, &mut rng) {
            if company.joins > 0 {
                assert_eq!(of(&company, company.joins - 1, false, &mut rng), []);
            }
            let first = of(&company, company.joins, false, &mut rng);
            assert_eq!(first[0].1, Act::Join);
            assert!(first.iter().all(|(minute, _)| (0..DAY).contains(minute) && minute % GRAIN == 0));
        }
    }
}
