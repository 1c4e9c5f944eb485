//! Parquet in and tables out: a history in columns gives the warnings that it gives as text, and an export holds what
//! `replay` writes, value for value.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "tables/made.rs"]
mod made;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use churnwatch::wire::file_record::{Columns, FileFault, FileOptions};
use churnwatch::wire::inputs::format::Format;
use churnwatch::wire::merge::EventStream;
use churnwatch::wire::rules::EventRules;
use churnwatch::wire::tables::cells::{Cell, cell};
use churnwatch::wire::tables::columns::{Column, Kind, Table};
use parquet::basic::Compression;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Value, json};

use made::{column, documents, write};

const PROGRAM: &str = env!("CARGO_BIN_EXE_churnwatch");
const END: &str = "2026-01-01";

fn run(folder: &Path, arguments: &str) -> Output {
    let mut program = Command::new(PROGRAM);
    program.args(arguments.split(' ')).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn done(folder: &Path, arguments: &str) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments}: {said}");
    said
}

/// The shop, in JSON Lines and as the CSV of its purchases and refunds.
fn shop() -> (tempfile::TempDir, Vec<Value>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let generate = format!("generate --customers 150 --days 420 --end {END} --seed 7 --habits");
    done(folder.path(), &format!("{generate} --output shop.jsonl"));
    done(folder.path(), &format!("{generate} --format csv --output shop.csv"));
    let events = lines(folder.path(), "shop.jsonl");
    let mut csv = csv::Reader::from_path(folder.path().join("shop.csv")).unwrap();
    let sales = csv.deserialize::<std::collections::BTreeMap<String, String>>().map(|row| json!(row.unwrap()));
    let sales = sales.collect();
    (folder, events, sales)
}

fn lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Records as JSON Lines.
fn put(path: &Path, records: &[Value]) {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// What a replay of a file writes, dead letters among it.
fn replayed(folder: &Path, input: &str) -> [String; 4] {
    let out = "--alerts a.out --outcomes o.out --profiles p.out --dead-letters d.out";
    done(folder, &format!("replay {input} --until {END} {out}"));
    ["a.out", "o.out", "p.out", "d.out"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
}

#[test]
fn sales_in_columns_give_the_warnings_of_the_same_csv() {
    let (folder, _, sales) = shop();
    let wanted = replayed(folder.path(), "shop.csv");
    assert!(wanted[0].lines().count() > 100, "{}", wanted[0].lines().count());
    let texts = ["customer_id", "timestamp", "amount", "type"].map(|name| column(name, Kind::Text));
    let [customer, _, amount, kind] = texts.clone();
    let times = column("timestamp", Kind::Timestamp);
    let numbers = column("amount", Kind::Number);
    let amounts = column("amount", Kind::Money);
    let rows: Vec<Value> = sales
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row["number"] = row["amount"].as_str().unwrap().parse::<f64>().unwrap().into();
            row
        })
        .collect();
    let renamed = |column: &Column, name: &str| Column { name: name.into(), ..column.clone() };
    let number = Column { path: vec!["number".into()], ..numbers };
    for (name, columns, more) in [
        ("texts.parquet", texts.to_vec(), ""),
        ("typed.parquet", vec![kind.clone(), amounts, times.clone(), customer.clone()], ""),
        (
            "renamed.parquet",
            vec![renamed(&customer, "buyer"), renamed(&times, "at"), renamed(&number, "sum"), kind],
            " --columns customer_id=buyer,timestamp=at,amount=sum",
        ),
    ] {
        write(&folder.path().join(name), &columns, &rows, 1_000);
        let [alerts, outcomes, profiles, letters] = replayed(folder.path(), &format!("{name}{more}"));
        assert_eq!([&alerts, &outcomes, &profiles], [&wanted[0], &wanted[1], &wanted[2]], "{name}");
        assert!(letters.is_empty(), "{name}: {letters}");
    }
    // Of a row without an amount, a time or a customer nothing can be made; without a type it is a purchase.
    let broken = [
        json!({"customer_id": "a", "timestamp": "2025-06-01T00:00:00Z", "amount": "9.90"}),
        json!({"customer_id": "a", "timestamp": "2025-06-01T00:00:00Z"}),
        json!({"customer_id": "a", "amount": "9.90"}),
        json!({"timestamp": "2025-06-01T00:00:00Z", "amount": "9.90"}),
    ];
    write(&folder.path().join("broken.parquet"), &[customer, times, amount], &broken, 10);
    let sample = run(folder.path(), "config check --sample broken.parquet");
    let said = String::from_utf8(sample.stdout).unwrap();
    let wanted = ["1: {", "2: bad amount (amount)", "3: bad field (time)", "4: bad field (customer_id)"];
    assert_eq!(sample.status.code(), Some(1));
    assert!(said.lines().zip(wanted).filter(|(line, wanted)| line.starts_with(wanted)).count() == 4, "{said}");
}

/// Fields that an event of ours has in a column of its own.
const FIELDS: [(&str, Kind); 14] = [
    ("id", Kind::Text),
    ("type", Kind::Text),
    ("customer_id", Kind::Text),
    ("time", Kind::Timestamp),
    ("order_id", Kind::Text),
    ("amount", Kind::Text),
    ("currency", Kind::Text),
    ("channel", Kind::Text),
    ("discount", Kind::Text),
    ("rating", Kind::Number),
    ("score", Kind::Number),
    ("scale", Kind::Number),
    ("points", Kind::Number),
    ("cause", Kind::Text),
];

#[test]
fn our_own_events_may_have_their_fields_in_columns() {
    let (folder, events, _) = shop();
    let kept = |event: &Value| -> Value {
        let fields = event.as_object().unwrap().iter().filter(|(name, _)| FIELDS.iter().any(|(kept, _)| kept == name));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let events: Vec<Value> = events.iter().map(kept).collect();
    put(&folder.path().join("kept.jsonl"), &events);
    let columns = FIELDS.map(|(name, kind)| column(name, kind));
    write(&folder.path().join("kept.parquet"), &columns, &events, 4_096);
    let [from_lines, from_columns] = ["kept.jsonl", "kept.parquet"].map(|name| replayed(folder.path(), name));
    assert!(from_lines[0].lines().count() > 100 && from_lines[2].contains("product_view"));
    assert!(from_lines == from_columns, "the outputs differ");
    // Several files are merged by time, whatever each is written in.
    let (older, newer) = events.split_at(events.len() / 2);
    write(&folder.path().join("newer.parquet"), &columns, newer, 4_096);
    put(&folder.path().join("older.jsonl"), older);
    assert!(replayed(folder.path(), "newer.parquet older.jsonl") == from_lines, "the outputs differ");
}

#[test]
fn nested_columns_of_another_shape_are_found_by_pointers() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"[topics]
events = ["churn.events", "erp.documents"]
[inputs."erp.documents"]
format = "mapping"
unmatched = "ignore"
[[inputs."erp.documents".events]]
when = { "/head/kind" = ["sale"] }
[inputs."erp.documents".events.fields]
type = { constant = "purchase" }
id = "/number"
customer_id = "/buyer"
time = "/head/at"
amount = { at = "/cents", decimals = 2 }
currency = { constant = "EUR" }
[inputs."erp.documents".events.items]
each = "/lines"
sku = "/article"
quantity = "/count"
"#;
    std::fs::write(folder.path().join("c.toml"), format!("{config}[money]\ncurrency = \"EUR\"\n")).unwrap();
    for (name, compression) in [
        ("plain.parquet", Compression::UNCOMPRESSED),
        ("snappy.parquet", Compression::SNAPPY),
        ("gzip.parquet", Compression::GZIP(parquet::basic::GzipLevel::default())),
        ("zstd.parquet", Compression::ZSTD(parquet::basic::ZstdLevel::default())),
    ] {
        documents(&folder.path().join(name), compression);
        let shown = run(folder.path(), &format!("config check --config c.toml --sample {name} --topic erp.documents"));
        let told = String::from_utf8(shown.stdout).unwrap();
        let wanted = [
            r#"1: {"amount":"12.5","currency":"EUR","customer_id":"17","id":"7","items":[{"quantity":2,"sku":"a"},{"sku":"b"}],"time":"2025-12-31T22:30:00.123456789","type":"purchase"}"#,
            r#"2: {"amount":"0.01","currency":"EUR","customer_id":"18","id":"8","items":[],"time":"2025-12-31T22:30:01","type":"purchase"}"#,
            "3: tells nothing of ours",
        ];
        assert_eq!(told.lines().collect::<Vec<_>>(), wanted, "{name}: {}", String::from_utf8_lossy(&shown.stderr));
    }
}

#[test]
fn what_cannot_be_read_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (at, row) = (|name: &str| folder.path().join(name), json!({"customer_id": "a", "time": 0, "lines": ["x"]}));
    write(&at("few.parquet"), &[column("customer_id", Kind::Text), column("day", Kind::Day)], &[], 10);
    write(&at("whole.parquet"), &[column("customer_id", Kind::Text)], &vec![row; 1_000], 100);
    documents(&at("nested.parquet"), Compression::SNAPPY);
    let whole = std::fs::read(at("whole.parquet")).unwrap();
    std::fs::write(at("cut.parquet"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at("text.parquet"), "customer_id,timestamp,amount\n").unwrap();
    std::fs::write(at("empty.parquet"), "").unwrap();
    std::fs::copy(at("whole.parquet"), at("whole.parquet.gz")).unwrap();
    for (arguments, words) in [
        ("replay none.parquet", "cannot read none.parquet: No such file"),
        ("replay cut.parquet", "cannot read cut.parquet: Parquet error: Invalid Parquet file"),
        ("replay text.parquet", "cannot read text.parquet: Parquet error: Invalid Parquet file"),
        ("replay empty.parquet", "cannot read empty.parquet"),
        ("replay whole.parquet.gz", "nor .parquet (compressed within): rename it or convert it"),
        ("replay few.parquet", "few.parquet has no column \"timestamp\", but customer_id, day: name the columns with"),
        (
            "replay nested.parquet --columns customer_id=buyer,timestamp=number,amount=lines",
            "nested.parquet: the column \"lines\" holds lists or groups, which is neither text, number nor time",
        ),
        ("export profiles whole.parquet --output nowhere/p.parquet", "its folder does not exist"),
        ("export alerts --source kafka --at 2026-01-01 --output a.csv", "--at goes with files"),
        ("export alerts --source kafka --model m.json --output a.csv", "--model goes with files"),
        ("export profiles --source kafka --model m.json@2026-01-01 --output a.csv", "--model M@DATE goes with files"),
        ("export profiles --output p.csv", "name at least one file"),
    ] {
        let output = run(folder.path(), arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(64) && said.contains(words), "{arguments}: {}: {said}", output.status);
        assert!(said.lines().count() == 1 && !said.contains("panicked"), "{arguments}: {said}");
    }
    let mut piped = Command::new(PROGRAM);
    piped.args(["replay", "-"]).stdin(File::open(at("whole.parquet")).unwrap());
    let said = String::from_utf8(piped.output().unwrap().stderr).unwrap();
    assert!(said.contains("standard input is a Parquet file, which is read from its end"), "{said}");
}

/// A damaged file ends in a sentence. What the footer says is no longer true of the pages, so a later group fails.
#[test]
fn nothing_half_written_takes_the_place_of_a_file() {
    let (folder, _, sales) = shop();
    let columns = ["customer_id", "timestamp", "amount", "type"].map(|name| column(name, Kind::Text));
    let path = folder.path().join("damaged.parquet");
    write(&path, &columns, &sales, 200);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 400].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(folder.path().join("p.parquet"), "yesterday's").unwrap();
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    let output = run(folder.path(), "export profiles damaged.parquet --output p.parquet");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("cannot read damaged.parquet"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("p.parquet")).unwrap(), "yesterday's");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
}

/// A cell of a file as the cell that was to be written.
fn read<'a>(field: &'a Field, column: &Column) -> Cell<'a> {
    match (field, column.kind) {
        (Field::Null, _) => Cell::Null,
        (Field::Str(text), Kind::Text) => Cell::Text(text),
        (Field::Str(text), Kind::Json) => Cell::Json(text.clone()),
        (Field::Long(value), Kind::Whole) => Cell::Whole(*value),
        (Field::Double(value), Kind::Number) => Cell::Number(*value),
        (Field::Bool(value), Kind::Truth) => Cell::Truth(*value),
        (Field::Date(value), Kind::Day) => Cell::Day(*value),
        (Field::TimestampMillis(value), Kind::Timestamp) => Cell::Timestamp(*value),
        (Field::Decimal(value), Kind::Money) => {
            assert_eq!((value.precision(), value.scale()), (18, 2));
            Cell::Money(i64::from_be_bytes(value.data().try_into().unwrap()))
        }
        (field, kind) => panic!("{}: {field} is no {kind:?}", column.name),
    }
}

fn rows(path: &PathBuf) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_export_holds_what_replay_writes() {
    let (folder, ..) = shop();
    replayed(folder.path(), "shop.jsonl");
    for (table, name) in [(Table::Alerts, "a.out"), (Table::Outcomes, "o.out"), (Table::Profiles, "p.out")] {
        let export = format!("export {} shop.jsonl --at {END} --output", table.name());
        let said = done(folder.path(), &format!("{export} t.parquet"));
        done(folder.path(), &format!("{export} t.csv.gz"));
        let printed = run(folder.path(), &format!("{export} - --format csv")).stdout;
        // A profile is a part of its row.
        let records: Vec<Value> = lines(folder.path(), name)
            .into_iter()
            .map(|record| if table == Table::Profiles { json!({"profile": record}) } else { record })
            .collect();
        let columns = table.columns();
        assert_eq!(said, format!("{} rows of {} columns: {}\n", records.len(), columns.len(), table.name()));
        let rows = rows(&folder.path().join("t.parquet"));
        assert_eq!(rows.len(), records.len());
        assert!(records.len() > 100, "{}", records.len());
        let mut stands = vec![0; columns.len()];
        for (row, record) in rows.iter().zip(&records) {
            for (at, ((_, field), column)) in row.get_column_iter().zip(&columns).enumerate() {
                let found = read(field, column);
                stands[at] += usize::from(found != Cell::Null);
                if column.path[0] != "more" {
                    assert_eq!(found, cell(column, record, 2).unwrap(), "{}", column.name);
                }
            }
        }
        let empty: Vec<&str> =
            columns.iter().zip(&stands).filter(|(_, stands)| **stands == 0).map(|(column, _)| &*column.name).collect();
        println!("{}: nothing stands in {empty:?}", table.name());
        assert!(empty.len() * 3 < columns.len(), "{empty:?}");
        let mut unpacked = String::new();
        let file = File::open(folder.path().join("t.csv.gz")).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut unpacked).unwrap();
        assert_eq!(unpacked.as_bytes(), printed);
        let mut csv = csv::Reader::from_reader(unpacked.as_bytes());
        assert!(csv.headers().unwrap().iter().eq(columns.iter().map(|column| &*column.name)));
        for (row, record) in csv.records().map(Result::unwrap).zip(&records) {
            for (field, column) in row.iter().zip(&columns).filter(|(_, column)| column.path[0] != "more") {
                let value = column.path.iter().try_fold(record, |value, name| value.get(name)).unwrap_or(&Value::Null);
                let wanted = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert_eq!(field, if value.is_null() { "" } else { &*wanted }, "{}", column.name);
            }
        }
    }
}

#[test]
fn a_file_that_was_cut_off_is_refused_wherever_it_was_cut() {
    let (folder, _, sales) = shop();
    let columns = ["customer_id", "timestamp", "amount", "type"].map(|name| column(name, Kind::Text));
    let path = folder.path().join("sales.parquet");
    write(&path, &columns, &sales[..400], 100);
    let whole = std::fs::read(&path).unwrap();
    let rules = EventRules::plain(iso_currency::Currency::CNY);
    let options = FileOptions { columns: Columns::default(), currency: "CNY".into(), format: Format::Events };
    let open = || EventStream::open(std::slice::from_ref(&path), &options, &rules).map(drop);
    open().unwrap();
    for length in (0..whole.len()).step_by(13) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(open(), Err(FileFault::Unreadable { .. })), "{length} of {} bytes", whole.len());
    }
}
