//! The kinds of bad record: tests/fixtures/bad holds the bytes of each, index.tsv its key and the reason expected.

use std::path::Path;

/// One bad record.
pub(crate) struct Bad {
    /// Name of the file.
    pub(crate) file: String,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Vec<u8>,
    pub(crate) reason: String,
}

/// All of them. Their customer, where there is one, is ann; they were written for a clock at 2026-01-01.
pub(crate) fn bad_records() -> Vec<Bad> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad");
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let rows = index.lines().skip(1).map(|row| {
        let mut cells = row.split('\t').map(str::to_owned);
        let (file, key, reason) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        let value = std::fs::read(folder.join(&file)).unwrap();
        let key = match key.as_str() {
            "none" => None,
            "empty" => Some(Vec::new()),
            key => Some(hex::decode(key).unwrap()),
        };
        Bad { file, key, value, reason }
    });
    let bad: Vec<Bad> = rows.collect();
    assert!(bad.len() >= 100, "{} kinds", bad.len());
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, bad.len() + 1, "a file that index.tsv does not name, or the other way round");
    bad
}
