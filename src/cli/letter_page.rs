//! How dead letters look: the list and a letter, for people and as JSON. Bytes that are no text are shown in hexadecimal.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::service::kafka::letters::WholeLetter;
use crate::wire::calendar::instant_text;
use crate::wire::letter::Source;
use crate::wire::letter_advice::{remedy, why};
use crate::wire::letter_choice::Verdict;
use crate::wire::letter_groups::Groups;

/// What a page shows of a text, in characters, and of other bytes.
const SHOWN_CHARACTERS: usize = 4_000;
const SHOWN_BYTES: usize = 512;

/// The list as JSON.
pub fn list_json(groups: &Groups) -> Value {
    let told = groups.by_size().into_iter().map(|group| {
        json!({
            "reason": group.reason.words(),
            "field": Some(&group.field).filter(|field| !field.is_empty()),
            "topic": group.topic,
            "letters": group.letters,
            "replayed": group.replayed,
            "cut": group.cut,
            "first": instant_text(group.first),
            "last": instant_text(group.last),
            "example": group.example.to_string(),
        })
    });
    let newest = groups.newest().map(|(letter, replayed)| {
        json!({
            "place": letter.place.to_string(),
            "time": instant_text(letter.time),
            "reason": letter.reason.words(),
            "field": letter.field,
            "record": source_json(&letter.source),
            "cut": letter.cut,
            "replayed": replayed,
        })
    });
    json!({
        "letters": groups.letters(),
        "groups": told.collect::<Vec<Value>>(),
        "newest": newest.collect::<Vec<Value>>(),
    })
}

/// The list for people.
pub fn list_text(groups: &Groups) -> String {
    let heading = ["reason", "field", "topic", "letters", "replayed", "cut", "first", "last", "example"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(groups.by_size().into_iter().map(|group| {
        vec![
            group.reason.words().to_owned(),
            or_dash(&group.field),
            group.topic.clone(),
            group.letters.to_string(),
            group.replayed.to_string(),
            group.cut.to_string(),
            instant_text(group.first),
            instant_text(group.last),
            group.example.to_string(),
        ]
    }));
    let mut text = table(&rows, &[3, 4, 5]);
    let heading = ["letter", "written", "reason", "field", "record", "replayed"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(groups.newest().map(|(letter, replayed)| {
        vec![
            letter.place.to_string(),
            instant_text(letter.time),
            letter.reason.words().to_owned(),
            or_dash(letter.field.as_deref().unwrap_or_default()),
            source_text(&letter.source),
            yes_no(replayed).to_owned(),
        ]
    }));
    if rows.len() > 1 {
        text = format!("{text}\n\n{}", table(&rows, &[]));
    }
    text
}

/// A letter as JSON.
pub fn letter_json(whole: &WholeLetter, verdict: Verdict) -> Value {
    let text =
        |bytes: &Option<Vec<u8>>| bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned);
    let hexed =
        |bytes: &Option<Vec<u8>>| bytes.as_deref().filter(|bytes| std::str::from_utf8(bytes).is_err()).map(hex::encode);
    let letter = &whole.letter;
    let headers: serde_json::Map<String, Value> =
        whole.texts().map(|(name, value)| (name.to_owned(), value.into_owned().into())).collect();
    let (now, refused) = match verdict {
        Verdict::Accepted => ("accepted", None),
        Verdict::Depends => ("depends", None),
        Verdict::TakenIn => ("taken in before", None),
        Verdict::Refused(reject) => ("refused", Some(reject)),
        Verdict::Cut => ("cut", None),
    };
    json!({
        "place": letter.place.to_string(),
        "time": instant_text(letter.time),
        "headers": headers,
        "record": source_json(&letter.source),
        "key": text(&whole.key),
        "key_hex": hexed(&whole.key),
        "value": text(&whole.value),
        "value_hex": hexed(&whole.value),
        "why": why(letter.reason),
        "remedy": remedy(letter.reason),
        "now": now,
        "now_reason": refused.map(|reject| reject.reason.words()),
        "now_field": refused.map(|reject| reject.field).filter(|field| !field.is_empty()),
        "replayed": whole.replayed,
    })
}

/// A letter for people.
pub fn letter_text(whole: &WholeLetter, verdict: Verdict) -> String {
    let letter = &whole.letter;
    let back = if whole.replayed {
        String::new()
    } else {
        format!(": `churnwatch dead-letters replay {} --yes` puts it back into its input", letter.place)
    };
    let now = match verdict {
        Verdict::Accepted => format!("accepted{back}"),
        Verdict::Depends => {
            format!("it can be read, and is used if what was missing is there when it comes again{back}")
        }
        Verdict::TakenIn => "it was taken in when it came; putting it back changes nothing".to_owned(),
        Verdict::Refused(reject) => {
            format!("refused: {}", with_field(reject.reason.words(), reject.field))
        }
        Verdict::Cut => "part of it is gone, so it can't be put back: take it from its source".to_owned(),
    };
    let reason = with_field(letter.reason.words(), letter.field.as_deref().unwrap_or_default());
    let headers: Vec<String> =
        whole.texts().map(|(name, value)| format!("{name}={}", bytes_text(value.as_bytes()))).collect();
    let rows = [
        ("letter", format!("{}, written {}", letter.place, instant_text(letter.time))),
        ("record", source_text(&letter.source)),
        ("reason", reason),
        ("why", why(letter.reason).to_owned()),
        ("what to do", remedy(letter.reason).to_owned()),
        ("now", now),
        ("replayed", yes_no(whole.replayed).to_owned()),
        ("headers", headers.join(" ")),
        ("key", whole.key.as_deref().map_or("none".to_owned(), bytes_text)),
    ];
    let rows = rows.map(|(name, value)| format!("{name:<10}  {value}\n")).concat();
    format!("{rows}value\n{}", whole.value.as_deref().map_or("none".to_owned(), value_text))
}

fn source_json(source: &Source) -> Value {
    let Source { topic, partition, offset, timestamp } = source;
    json!({"topic": topic, "partition": partition, "offset": offset, "time": instant_text(*timestamp)})
}

fn source_text(source: &Source) -> String {
    let Source { topic, partition, offset, timestamp } = source;
    format!("{topic} {partition}@{offset} of {}", instant_text(*timestamp))
}

fn with_field(reason: &str, field: &str) -> String {
    if field.is_empty() { reason.to_owned() } else { format!("{reason}, {field}") }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "—".to_owned() } else { text.to_owned() }
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Rows in columns, those of numbers flush right.
fn table(rows: &[Vec<String>], numbers: &[usize]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let wide = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| wide(at).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            if numbers.contains(&at) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<String>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<String>>().join("\n")
}

/// A value for people: a JSON object a field a line, any other text with its control characters escaped, else its bytes.
fn value_text(value: &[u8]) -> String {
    let text = std::str::from_utf8(value).ok();
    text.and_then(fields_text).unwrap_or_else(|| bytes_text(value))
}

fn bytes_text(bytes: &[u8]) -> String {
    let more = |shown: usize, all: usize, what: &str| {
        if all > shown { format!(" … and {} {what} more", all - shown) } else { String::new() }
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        let (all, shown) = (text.chars().count(), text.chars().take(SHOWN_CHARACTERS));
        format!("{}{}", shown.map(visible).collect::<String>(), more(SHOWN_CHARACTERS, all, "characters"))
    } else {
        let shown = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
        format!("0x{}{}", hex::encode(shown), more(SHOWN_BYTES, bytes.len(), "bytes"))
    }
}

/// A character that a terminal shows rather than obeys; JSON's own escapes stay as they are.
fn visible(character: char) -> String {
    match character {
        '"' | '\'' | '\\' => character.into(),
        _ => character.escape_debug().to_string(),
    }
}

/// A JSON object with its fields as they were written, a repeated one too; `None` where it is none.
fn fields_text(text: &str) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let fields = deserializer.deserialize_map(Fields).ok()?;
    deserializer.end().ok()?;
    let lines =
        fields.iter().map(|(name, raw)| format!("  {}: {}", Value::from(&**name), bytes_text(raw.get().as_bytes())));
    Some(format!("{{\n{}\n}}", lines.collect::<Vec<String>>().join(",\n")))
}

/// The fields of an object, in their order.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes_text, table, value_text};

    #[test]
    fn an_object_is_shown_as_it_was_written() {
        let shown = value_text(br#"{"b":1e12,"a":[1, 2],"b":"x\n"}"#);
        assert_eq!(shown, "{\n  \"b\": 1e12,\n  \"a\": [1, 2],\n  \"b\": \"x\\n\"\n}");
    }

    #[test]
    fn what_is_no_object_does_no_harm_to_a_terminal() {
        assert_eq!(value_text("nö\u{1b}[2J\n".as_bytes()), "nö\\u{1b}[2J\\n");
        assert_eq!(value_text(&[0xff, 0x00]), "0xff00");
        assert_eq!(value_text(br#"{"a":1} x"#), r#"{"a":1} x"#);
        let long = bytes_text(&vec![0xff; 600]);
        assert!(long.ends_with(" … and 88 bytes more"), "{long}");
        assert_eq!(bytes_text(b""), "");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "n"], ["bcd", "10"], ["", "7"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, &[1]), "a     n\nbcd  10\n      7");
    }
}
