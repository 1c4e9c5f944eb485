//! The playbook's table of uplifts as text: put at the end, or taken out. Every other line stays as people wrote it.

use std::collections::BTreeMap;
use std::ops::Range;

use iso_currency::Currency;
use serde_json::{Map, Value, json};
use toml_edit::{Document, DocumentMut, Item, Table, TomlError, value};

use crate::effect_study::ranking::Uplifts;
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::money::Money;
use crate::wire::money::{minor_per_major, money_text};

/// The name of the table.
const NAME: &str = "uplift";
/// What stands above it.
const COMMENT: &str = "
# Whom to serve first when a day's places are short: margin that a warning adds, by tier and segment. Written by
# `churnwatch optimize` where it won on the holdout; delete it to go back to value at risk.
";

/// The table, with amounts as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpliftTable {
    /// Of whoever is not named, or has no segment.
    others: String,
    /// By tier and segment.
    cells: BTreeMap<Tier, BTreeMap<String, String>>,
}

impl UpliftTable {
    /// Rounds to the currency's minor unit. Segments that the company no longer has are left out.
    pub fn new(uplifts: &Uplifts, currency: Currency, segments: &Segments) -> Self {
        let text =
            |amount: f64| money_text(Money(libm::rint(amount * minor_per_major(currency) as f64) as i64), currency);
        let mut cells: BTreeMap<Tier, BTreeMap<String, String>> = BTreeMap::new();
        for ((tier, segment), amount) in &uplifts.cells {
            if segments.find(Tag::of(segment)).is_some() {
                cells.entry(*tier).or_default().insert(segment.to_string(), text(*amount));
            }
        }
        Self { others: text(uplifts.others), cells }
    }

    /// The table for machines, as it stands in the file.
    pub fn json(&self) -> Value {
        let mut told = Map::new();
        told.insert("others".to_owned(), json!(self.others));
        told.extend(self.cells.iter().map(|(tier, cells)| (tier.name().to_owned(), json!(cells))));
        Value::Object(told)
    }

    /// The playbook with this table, in place of one that is there.
    pub fn put_into(&self, playbook: &str) -> Result<String, TomlError> {
        Ok(without_table(playbook)?.0 + &self.text())
    }

    fn text(&self) -> String {
        let mut table = Table::new();
        table.decor_mut().set_prefix(COMMENT);
        table.insert("others", value(&self.others));
        for (tier, cells) in &self.cells {
            let mut by_segment = Table::new();
            by_segment.decor_mut().set_prefix("");
            for (segment, amount) in cells {
                by_segment.insert(segment, value(amount));
            }
            table.insert(tier.name(), Item::Table(by_segment));
        }
        let mut document = DocumentMut::new();
        document.insert(NAME, Item::Table(table));
        document.to_string()
    }
}

/// The playbook without the lines of the table's headers and amounts and the comment that was written above it; and whether
/// there was such a table.
pub fn without_table(playbook: &str) -> Result<(String, bool), TomlError> {
    let document = Document::parse(playbook)?;
    let mut spans = Vec::new();
    if let Some(item) = document.get(NAME) {
        collect_spans(item, &mut spans);
    }
    let (mut kept, mut start) = (String::new(), 0);
    for line in playbook.split_inclusive('\n') {
        let end = start + line.len();
        if !spans.iter().any(|span: &Range<usize>| span.start < end && span.end > start) {
            kept.push_str(line);
        }
        start = end;
    }
    Ok((kept.replace(COMMENT, ""), !spans.is_empty()))
}

/// Where the headers and values of an item stand.
fn collect_spans(item: &Item, spans: &mut Vec<Range<usize>>) {
    match item {
        Item::Table(table) => {
            spans.extend(table.span());
            table.iter().for_each(|(_, item)| collect_spans(item, spans));
        }
        Item::Value(value) => spans.extend(value.span()),
        Item::ArrayOfTables(_) | Item::None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iso_currency::Currency;

    use super::{COMMENT, UpliftTable, without_table};
    use crate::effect_study::ranking::Uplifts;
    use crate::engine::alerting::segment::{Segment, Segments};
    use crate::engine::alerting::value::Tier;

    const PLAYBOOK: &str = "# Agreed.\n[actions.call] # by day\n[[rules]]\nweights = { call = 1 }\n# The end.\n";

    fn table(currency: Currency) -> UpliftTable {
        let cell = |tier, segment: &str, amount| ((tier, segment.into()), amount);
        let cells = [
            cell(Tier::High, "loyal", 5.104),
            cell(Tier::High, "vip.gold", -0.004),
            cell(Tier::Low, "loyal", -1.2),
            cell(Tier::Low, "sold off", 7.0),
        ];
        let uplifts = Uplifts { cells: BTreeMap::from(cells), others: 1.5 };
        let segments = Segments(["loyal", "vip.gold"].map(Segment::everybody).to_vec());
        UpliftTable::new(&uplifts, currency, &segments)
    }

    #[test]
    fn the_table_is_put_at_the_end_and_taken_out_again() {
        let written = table(Currency::CNY).put_into(PLAYBOOK).unwrap();
        let text = "[uplift]\nothers = \"1.50\"\n[uplift.low]\nloyal = \"-1.20\"\n[uplift.high]\nloyal = \"5.10\"\n\"vip.gold\" = \"0.00\"\n";
        assert_eq!(written, format!("{PLAYBOOK}{COMMENT}{text}"));
        assert_eq!(table(Currency::CNY).put_into(&written).unwrap(), written);
        assert_eq!(without_table(&written).unwrap(), (PLAYBOOK.to_owned(), true));
        assert_eq!(without_table(PLAYBOOK).unwrap(), (PLAYBOOK.to_owned(), false));
        assert!(table(Currency::JPY).put_into(PLAYBOOK).unwrap().contains("others = \"2\"\n"));
    }

    /// However people wrote the table, its lines go and no others.
    #[test]
    fn every_form_of_the_table_is_taken_out() {
        for (with, without) in [
            (
                "# Ours.\nuplift = { others = \"1\", high = { loyal = \"2\" } } # new\n[actions.call]\n",
                "# Ours.\n[actions.call]\n",
            ),
            ("uplift.others = \"1\"\nuplift.high.loyal = \"2\"\n[actions.call]\n", "[actions.call]\n"),
            (
                "# First.\n[uplift] # see report\nothers = \"1\"\n# Mine.\nhigh.loyal = \"2\"\n\n# Next.\n[actions.call]\n[uplift.low]\n",
                "# First.\n# Mine.\n\n# Next.\n[actions.call]\n",
            ),
        ] {
            assert_eq!(without_table(with).unwrap(), (without.to_owned(), true));
        }
    }
}
