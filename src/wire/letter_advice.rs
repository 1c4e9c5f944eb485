//! A sentence on each reason of a dead letter, and one on what to do about it.

use crate::engine::event::Reason;

/// Why the record could not be used.
pub const fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::BadEncoding => {
            "the value is not framed as the schema registry's serializers frame it, or its bytes do not fit the schema that it names"
        }
        Reason::UnknownSchema => {
            "the schema registry has no schema of the id that the record names, or one that cannot be read; the log says which"
        }
        Reason::NotUtf8 => "the value is not UTF-8 text",
        Reason::NotJson => "the value is not one flat JSON object (also: empty, or null)",
        Reason::TooLarge => "the value is larger than 256 KiB",
        Reason::TooDeep => "the value nests deeper than 32 levels",
        Reason::NoKey => "the record has no key, so nothing says which partition its customer belongs to",
        Reason::MissingField => "a required field is absent",
        Reason::BadField => "a field is null, of another JSON type, too long, unreadable, or there twice",
        Reason::UnknownType => "the event's type is none that this release knows",
        Reason::UnknownCurrency => "no rate is configured for the currency, or there is no such currency",
        Reason::BadAmount => "an amount is negative, not a number, or too large",
        Reason::InTheFuture => {
            "the event's time is at or after time.until or, without that, more than an hour later than the record's own timestamp"
        }
        Reason::TooOld => "the event's time lies before time.earliest",
        Reason::TooLate => "the event lies time.lateness_days or more behind its customer's newest",
        Reason::KeyDisagrees => "the record's key is not the event's customer_id",
        Reason::NeedsRekey => "the alias is another id of the customer, and identity.merge is off",
        Reason::UnknownOrder => {
            "a refund without amount whose order is not known; where it names an order it was taken in, and counts once the order comes"
        }
        Reason::UnknownEpisode => "contacted names an episode that this customer does not have",
        Reason::StateFull => {
            "the partition holds as many customers as service.max_customers_per_partition allows, this customer has more open orders than one can have, or more happened to it than can be merged"
        }
    }
}

/// What to do about it.
pub const fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NotUtf8 | Reason::NotJson | Reason::TooLarge | Reason::TooDeep | Reason::BadAmount => {
            "mend the producer and publish the event again, mended, under its id"
        }
        Reason::BadEncoding => {
            "look at the producer's serializer, or leave encoding out of the topic's [inputs] where it writes plain JSON, and publish the event again"
        }
        Reason::UnknownSchema => {
            "look whether producer and service name the same schema registry, restore the schema there under its id, and replay a minute later"
        }
        Reason::MissingField | Reason::BadField => {
            "mend the field in the producer and publish the event again, mended, under its id"
        }
        Reason::NoKey | Reason::KeyDisagrees => {
            "let the producer key records by customer_id, and publish the event again with its key"
        }
        Reason::UnknownType => {
            "leave the type out at the source, map it to one of docs/events.md, or replay once a release knows it"
        }
        Reason::UnknownCurrency => {
            "give the currency a rate under money.rates and run `churnwatch rebuild`, which reads the record again; replay what the inputs no longer hold"
        }
        Reason::InTheFuture => {
            "mend the producer's clock or zone and publish the event again with its true time; a later time.until lets it in at a replay"
        }
        Reason::TooOld => "nothing, if it is a wrong date; else set time.earliest back and replay",
        Reason::TooLate => {
            "nothing for a straggler; if whole feeds come this late, raise time.lateness_days and run `churnwatch rebuild`"
        }
        Reason::NeedsRekey => {
            "set identity.merge = true and run `churnwatch rebuild`, which reads the record again; or publish the customer's events under one id at the source"
        }
        Reason::UnknownOrder => {
            "nothing, if it names the order; else publish the refund with its amount, or with its order_id"
        }
        Reason::UnknownEpisode => {
            "look whether the CRM sends the episode_id of the customer's last warning; replay if the warning came after the contact"
        }
        Reason::StateFull => {
            "give the service more memory, raise service.max_customers_per_partition, and replay; if it is one customer, many share its id: keep guests apart"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{remedy, why};
    use crate::engine::event::Reason;

    #[test]
    fn every_reason_is_explained_in_one_sentence_of_its_own() {
        let sentences: BTreeSet<&str> = Reason::ALL.into_iter().map(why).collect();
        assert_eq!(sentences.len(), Reason::ALL.len());
        for sentence in sentences.into_iter().chain(Reason::ALL.into_iter().map(remedy)) {
            assert!(sentence.len() > 20 && !sentence.ends_with('.'), "{sentence}");
        }
    }
}
