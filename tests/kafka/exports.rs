//! Tables from the topics of a service: what it wrote, and the profiles of its changelog.

use churnwatch::wire::tables::columns::{Column, Table};
use churnwatch::wire::tables::csv_table::CsvTable;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::bench::compared::{lines, same};

/// What is exported is what the replay that the bench compared with last wrote.
pub(crate) fn exports_equal(bench: &Bench) {
    for (table, name) in
        [(Table::Alerts, "alerts.out"), (Table::Outcomes, "outcomes.out"), (Table::Profiles, "profiles.out")]
    {
        let exported = bench.folder().join("exported.csv");
        let (code, said) =
            bench.run(&["export", table.name(), "--source", "kafka", "--output", exported.to_str().unwrap()]);
        assert!(code == 0 && !said.contains("left out"), "{said}");
        // Beside the profile stands what `replay` does not write.
        let columns: Vec<Column> = table.columns().into_iter().filter(|column| column.path[0] != "more").collect();
        let mut wanted = CsvTable::new(Vec::new(), &columns).unwrap();
        for line in lines(&bench.folder().join(name)) {
            let record: Value = serde_json::from_str(&line).unwrap();
            let record = if table == Table::Profiles { json!({"profile": record}) } else { record };
            wanted.row(&columns, &record).unwrap();
        }
        let rows = |csv: &[u8]| -> Vec<String> {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
            let rows = reader.records().map(Result::unwrap);
            rows.map(|row| format!("{:?}", row.iter().take(columns.len()).collect::<Vec<_>>())).collect()
        };
        let found = rows(&std::fs::read(&exported).unwrap());
        let count = same(found, rows(&wanted.finish().unwrap()), table.name());
        println!("{} exported {} equal", count - 1, table.name());
    }
}
