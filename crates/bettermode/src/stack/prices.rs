//! What operations really cost, beside the documented formula.
//!
//! The vendor may change the weights of fields without notice, and tells with each
//! answer what it charged. So each operation has a factor on its formula: raised at
//! once when the vendor charges more, lowered slowly, and never under the formula,
//! because an answer that lacks something may have been charged less.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One, as a factor: fine enough for every document's price to come out exactly.
const ONE: u64 = 1 << 20;
/// No factor is higher, whatever the vendor says.
const HIGHEST: u64 = 100 * ONE;
/// Each lower charge takes the factor down by this part of the difference.
const STEP: u64 = 8;

/// The factors of all operations, by their names.
#[derive(Default)]
pub(crate) struct Prices(Mutex<HashMap<&'static str, Price>>);

/// What the points of an operation's formula are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price(u64);

impl Prices {
    pub(crate) fn of(&self, operation: &'static str) -> Price {
        self.lock().get(operation).copied().unwrap_or(Price(ONE))
    }

    /// The vendor charged this much where the formula gives `formula`.
    pub(crate) fn learn(&self, operation: &'static str, formula: u32, charged: u32) {
        let mut prices = self.lock();
        let price = prices.entry(operation).or_insert(Price(ONE));
        let before = *price;
        *price = before.after(formula, charged);
        if price.0 > before.0 {
            tracing::info!(
                operation,
                formula,
                charged,
                "BetterMode charges more points than its formula gives; reckoning with them"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Price>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Price {
    /// The points to expect where the formula gives `formula`.
    pub(crate) fn predict(self, formula: u32) -> u32 {
        let points = (u64::from(formula) * self.0).div_ceil(ONE);
        u32::try_from(points).unwrap_or(u32::MAX)
    }

    fn after(self, formula: u32, charged: u32) -> Self {
        // Rounded down, so that rounding up a prediction gives this very charge.
        let seen = u64::from(charged) * ONE / u64::from(formula.max(1));
        let seen = seen.clamp(ONE, HIGHEST);
        let drop = self.0.saturating_sub(seen).div_ceil(STEP);
        Self(seen.max(self.0 - drop))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_formula_holds_until_the_vendor_says_otherwise() {
        let prices = Prices::default();
        assert_eq!(prices.of("A").predict(37), 37);
        prices.learn("A", 8, 12);
        assert_eq!(
            (prices.of("A").predict(80), prices.of("B").predict(80)),
            (120, 80)
        );
    }

    #[test]
    fn a_lower_charge_lowers_the_price_slowly_and_never_under_the_formula() {
        let mut price = Price(ONE).after(10, 30);
        let mut seen = vec![price.predict(10)];
        for _ in 0..200 {
            price = price.after(10, 2);
            seen.push(price.predict(10));
        }
        assert_eq!(seen[..4], [30, 28, 26, 24]);
        assert!(seen.is_sorted_by(|a, b| a >= b));
        assert_eq!(price, Price(ONE));
    }

    #[test]
    fn an_absurd_charge_is_believed_in_part() {
        let price = Price(ONE).after(1, u32::MAX);
        assert_eq!((price.predict(1), price.predict(u32::MAX)), (100, u32::MAX));
        assert_eq!(Price(ONE).after(0, 7).predict(0), 0);
    }

    proptest! {
        #[test]
        fn after_a_higher_charge_the_next_prediction_is_that_charge(
            formula in 1..2_000u32, more in 0..20_000u32, before in 1..5_000u32,
        ) {
            let charged = formula + more.min(99 * formula);
            let price = Price(ONE).after(1_000, before);
            if price.predict(formula) <= charged {
                prop_assert_eq!(price.after(formula, charged).predict(formula), charged);
            } else {
                prop_assert!(price.after(formula, charged).predict(formula) >= charged);
            }
        }
    }
}
