//! An order with what became of it, as shop systems tell it again at every change, as events of ours.
//!
//! The same order told again gives the same ids, so that only what is new counts.

use serde_json::Value;

use crate::wire::inputs::draft::{Draft, joined};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;

/// An order as it stands.
#[derive(Debug, Default)]
pub struct Order {
    /// The shop system's name, which begins the ids.
    pub system: &'static str,
    /// The order's id.
    pub id: String,
    /// The customer's id, `None` where nobody is named.
    pub customer: Option<String>,
    /// When it was placed.
    pub placed: Value,
    /// The purchase without what every event of it shares.
    pub purchase: Draft,
    /// Its currency.
    pub currency: Value,
    /// What was given back.
    pub refunds: Vec<Refund>,
    /// When it was called off, null where it was not.
    pub cancelled: Value,
}

/// Money given back.
#[derive(Debug)]
pub struct Refund {
    /// Its own id.
    pub id: String,
    /// When.
    pub time: Value,
    /// How much; null is the whole order.
    pub amount: Value,
}

impl Order {
    /// Tells the purchase and what came after it.
    pub fn tell(mut self, told: &mut Told) -> Result<(), Reject> {
        let purchase = std::mem::take(&mut self.purchase);
        told.add(&self.part(purchase.with("type", "purchase"), "order", &self.id).with("time", self.placed.clone()))?;
        for refund in &self.refunds {
            told.add(&self.refund(refund))?;
        }
        // What other refunds gave back already is not given back again.
        if !self.cancelled.is_null() {
            let whole = self.part(Draft::of("refund"), "cancellation", &self.id);
            told.add(&whole.with("time", self.cancelled.clone()))?;
        }
        Ok(())
    }

    /// A refund of this order.
    pub fn refund(&self, refund: &Refund) -> Draft {
        self.part(Draft::of("refund"), "refund", &refund.id)
            .with("time", refund.time.clone())
            .with("amount", refund.amount.clone())
    }

    /// What was paid besides, on the day of the order.
    pub fn more(&self, id: &str, amount: Value) -> Draft {
        self.part(Draft::of("purchase"), "addition", id).with("time", self.placed.clone()).with("amount", amount)
    }

    fn part(&self, draft: Draft, what: &str, id: &str) -> Draft {
        draft
            .with("id", joined(&[self.system, what, id]))
            .with("customer_id", self.customer.clone())
            .with("order_id", joined(&[self.system, &self.id]))
            .with("currency", self.currency.clone())
    }
}
