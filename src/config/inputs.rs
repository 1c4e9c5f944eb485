//! What is wrong with the shapes of the inputs, and the shapes themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::config::checker::Checker;
use crate::config::fault::Fault;
use crate::config::file::ConfigFile;
use crate::config::file_inputs::{Encoding, FormatName, InputFile, RuleFile, SourceFile, SourceTable, Unmatched};
use crate::wire::inputs::debezium::OrdersTable;
use crate::wire::inputs::format::Format;
use crate::wire::inputs::mapping::{FIELDS, ITEM_FIELDS, Items, Mapping, Rule};
use crate::wire::inputs::shapes::Shapes;
use crate::wire::inputs::source::{Epoch, Form, Kind, Origin, Source};
use crate::wire::registry::framed::Framed;

/// Most decimal places that an amount may leave unwritten.
const MAX_DECIMALS: u8 = 9;
/// Columns of an order, those first that must be named.
const ORDER_FIELDS: [(&str, Kind); 7] = [
    ("order_id", Kind::Text),
    ("customer_id", Kind::Text),
    ("time", Kind::Time),
    ("amount", Kind::Amount),
    ("currency", Kind::Text),
    ("channel", Kind::Text),
    ("discount", Kind::Amount),
];

/// The shapes of all topics that name one.
pub fn shapes(file: &ConfigFile, zone: &TimeZone, check: &mut Checker) -> Shapes {
    let (mut reading, framed) = (Reading { zone, check }, Framed::default());
    let is_input = |topic: &String| file.topics.events.contains(topic) || file.rekey.topics.contains(topic);
    let format = |(topic, file): (&String, &InputFile)| {
        let key = format!("inputs.{topic}");
        reading.check.must(&key, is_input(topic), "is no input: name the topic in topics.events or rekey.topics");
        let format = reading.format(&key, file);
        let format = match file.encoding {
            Encoding::Json => format,
            Encoding::SchemaRegistry => Format::Framed(framed.clone(), Box::new(format)),
        };
        (topic.clone(), format)
    };
    Shapes::new(file.inputs.iter().map(format).collect(), file.rekey.topics.iter().cloned().collect())
}

struct Reading<'a> {
    zone: &'a TimeZone,
    check: &'a mut Checker,
}

impl Reading<'_> {
    fn format(&mut self, key: &str, file: &InputFile) -> Format {
        let maps = file.format == FormatName::Mapping;
        let captures = file.format == FormatName::Debezium;
        let needs = "gives rules: [[inputs.TOPIC.events]] with fields";
        self.check.must(
            &format!("{key}.events"),
            maps != file.events.is_empty(),
            &format!("format = \"mapping\" {needs}"),
        );
        let needs = "says where order_id, customer_id, time and amount stand";
        let named = captures != file.order.is_empty();
        self.check.must(&format!("{key}.order"), named, &format!("format = \"debezium\", and no other, {needs}"));
        let both = file.status.is_some() != file.cancelled.is_empty() && (captures || file.status.is_none());
        self.check.must(&format!("{key}.status"), both, "status and cancelled belong together, and to \"debezium\"");
        match file.format {
            FormatName::Events => Format::Events,
            FormatName::Segment => Format::Segment,
            FormatName::CloudEvents => Format::CloudEvents,
            FormatName::Shopify => Format::Shopify,
            FormatName::WooCommerce => Format::WooCommerce,
            FormatName::Debezium => {
                self.table(key, file).map_or(Format::Events, |table| Format::Debezium(Arc::new(table)))
            }
            FormatName::Mapping => {
                let rules = file.events.iter().enumerate();
                let rules = rules.map(|(at, rule)| self.rule(&format!("{key}.events.{at}"), rule)).collect();
                Format::Mapping(Arc::new(Mapping { rules, passes_over: file.unmatched == Unmatched::Ignore }))
            }
        }
    }

    fn table(&mut self, key: &str, file: &InputFile) -> Option<OrdersTable> {
        let fields = self.fields(&format!("{key}.order"), &file.order, &ORDER_FIELDS);
        let mut columns: BTreeMap<usize, Source> = fields.into_iter().collect();
        if !file.order.is_empty() {
            for (name, _) in ORDER_FIELDS.iter().take(4) {
                self.check.must(&format!("{key}.order"), file.order.contains_key(*name), &format!("must have {name}"));
            }
        }
        let status = file.status.as_ref().map(|pointer| self.pointer(&format!("{key}.status"), pointer));
        Some(OrdersTable {
            order_id: columns.remove(&0)?,
            customer_id: columns.remove(&1)?,
            time: columns.remove(&2)?,
            amount: columns.remove(&3)?,
            currency: columns.remove(&4),
            channel: columns.remove(&5),
            discount: columns.remove(&6),
            cancelled: status.map(|pointer| (pointer, file.cancelled.clone())),
        })
    }

    fn rule(&mut self, key: &str, file: &RuleFile) -> Rule {
        let fields_key = format!("{key}.fields");
        for name in ["type", "customer_id", "time"] {
            self.check.must(&fields_key, file.fields.contains_key(name), &format!("must have {name}"));
        }
        let when =
            file.when.iter().map(|(pointer, texts)| (self.pointer(&format!("{key}.when"), pointer), texts.all()));
        let when = when.collect();
        let fields = self.fields(&fields_key, &file.fields, &FIELDS);
        let items = (!file.items.is_empty()).then(|| self.items(&format!("{key}.items"), &file.items));
        Rule { when, fields, items }
    }

    fn items(&mut self, key: &str, file: &BTreeMap<String, SourceFile>) -> Items {
        let mut file = file.clone();
        let each = match file.remove("each") {
            Some(SourceFile::Pointer(pointer)) => self.pointer(&format!("{key}.each"), &pointer),
            Some(SourceFile::Table(_)) | None => {
                self.check.must(key, false, "must have each, the JSON Pointer of the list");
                String::new()
            }
        };
        Items { each, fields: self.fields(key, &file, &ITEM_FIELDS) }
    }

    fn fields(
        &mut self,
        key: &str,
        file: &BTreeMap<String, SourceFile>,
        known: &[(&'static str, Kind)],
    ) -> Vec<(usize, Source)> {
        let mut fields = Vec::new();
        for (name, source) in file {
            let key = format!("{key}.{name}");
            let found = known.iter().enumerate().find(|(_, (known, _))| known == name);
            let Some((at, (_, kind))) = found else {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                self.check.must(&key, false, &format!("is no field of ours; known here are {}", names.join(", ")));
                continue;
            };
            fields.push((at, self.source(&key, source, *kind)));
        }
        fields
    }

    fn source(&mut self, key: &str, file: &SourceFile, kind: Kind) -> Source {
        let table = match file {
            SourceFile::Pointer(pointer) => return Source::at(&self.pointer(key, pointer)),
            SourceFile::Table(table) => table,
        };
        let origin = self.origin(key, table);
        let unit =
            |name: &str, is_meant: bool, sentence: &str| (format!("{key}.{name}"), is_meant, sentence.to_owned());
        let checks = [
            unit("time", table.time.is_none() || kind == Kind::Time, "belongs to an instant"),
            unit("zone", table.zone.is_none() || table.time.is_some(), "belongs to a time with a pattern"),
            unit("decimals", table.decimals.is_none() || kind == Kind::Amount, "belongs to an amount"),
            unit("decimals", table.decimals.is_none_or(|decimals| decimals <= MAX_DECIMALS), "must be at most 9"),
        ];
        for (key, holds, sentence) in checks {
            self.check.must(&key, holds, &sentence);
        }
        let form = match (&table.time, table.decimals) {
            (Some(time), _) => self.time(key, time, table.zone.as_deref()),
            (None, Some(decimals)) => Form::Scaled(-i32::from(decimals.min(MAX_DECIMALS))),
            (None, None) => Form::Same,
        };
        Source { origin, meanings: table.map.clone(), otherwise: table.otherwise.clone(), form }
    }

    fn origin(&mut self, key: &str, table: &SourceTable) -> Origin {
        match (&table.at, &table.constant, table.key) {
            (Some(pointers), None, false) => {
                Origin::At(pointers.all().iter().map(|pointer| self.pointer(key, pointer)).collect())
            }
            (None, Some(constant), false) => Origin::Constant(Value::from(constant.as_str())),
            (None, None, true) => Origin::Key,
            _ => {
                self.check.must(key, false, "must have one of at, constant and key = true");
                Origin::Key
            }
        }
    }

    fn time(&mut self, key: &str, text: &str, zone: Option<&str>) -> Form {
        let unit = match text {
            "days" => Epoch::Days,
            "seconds" => Epoch::Seconds,
            "millis" => Epoch::Millis,
            "micros" => Epoch::Micros,
            "nanos" => Epoch::Nanos,
            pattern => {
                let words =
                    "is days, seconds, millis, micros, nanos or a pattern of strptime, such as \"%d.%m.%Y %H:%M\"";
                self.check.must(&format!("{key}.time"), pattern.contains('%'), words);
                let zone = zone.map(|zone| TimeZone::get(zone).map_err(|_| format!("\"{zone}\" is no IANA time zone")));
                let zone = self.check.take(&format!("{key}.zone"), zone.transpose(), None);
                return Form::Pattern(pattern.into(), zone.unwrap_or_else(|| self.zone.clone()));
            }
        };
        Form::Epoch(unit)
    }

    /// A JSON Pointer (RFC 6901).
    fn pointer(&mut self, key: &str, text: &str) -> String {
        if !text.starts_with('/') {
            let sentence = format!(
                "\"{text}\" is no JSON Pointer, such as \"/order/id\"; what is always the same is {{ constant = \"{text}\" }}"
            );
            self.check.faults.push(Fault::new(key, sentence));
        }
        text.to_owned()
    }
}
