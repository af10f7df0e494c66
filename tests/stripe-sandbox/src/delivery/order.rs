//! Rearranges a batch of deliveries.

use super::settings::{Order, Settings};

pub(crate) fn arrange<T>(batch: &mut [T], settings: Settings) {
    match settings.order {
        Order::Fifo | Order::Concurrent => {}
        Order::Reverse => batch.reverse(),
        Order::Shuffle => fastrand::Rng::with_seed(settings.seed).shuffle(batch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(order: Order, seed: u64) -> Vec<u32> {
        let mut batch: Vec<u32> = (0..8).collect();
        let settings = Settings { order, seed, ..Settings::default() };
        arrange(&mut batch, settings);
        batch
    }

    #[test]
    fn orders_are_what_they_say() {
        assert_eq!(arranged(Order::Fifo, 1), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(arranged(Order::Reverse, 1), [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(arranged(Order::Shuffle, 1), arranged(Order::Shuffle, 1));
        assert_ne!(arranged(Order::Shuffle, 1), arranged(Order::Shuffle, 2));
    }
}
