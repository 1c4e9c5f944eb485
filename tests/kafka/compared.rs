//! What the service committed, compared with what `replay` writes.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Bench, PROGRAM};

impl Bench {
    /// What is committed equals what `replay` writes: alerts, outcomes, dead letters as multisets, risk and profiles in
    /// the last record of each key.
    pub(crate) fn compare_with_replay(&self, path: &Path, partitions: u32) {
        self.compare(&[path.to_str().unwrap(), "--partitions", &partitions.to_string()], partitions);
    }

    /// The same with models that come into force at days, each as `M@DATE`.
    pub(crate) fn compare_with_promoted(&self, path: &Path, partitions: u32, models: &[&str]) {
        let count = partitions.to_string();
        let mut what = vec![path.to_str().unwrap(), "--partitions", &count];
        what.extend(models.iter().flat_map(|model| ["--model", model]));
        self.compare(&what, partitions);
    }

    /// The same, replayed from the input topics and the promotions.
    pub(crate) fn compare_with_topics(&self, partitions: u32) {
        self.compare(&["--source", "kafka"], partitions);
    }

    /// The same, replayed from the input topics with the closes as they were.
    pub(crate) fn compare_with_recorded(&self, partitions: u32) {
        self.compare(&["--source", "kafka", "--clock", "recorded"], partitions);
    }

    /// The profiles that `replay` makes of a file.
    pub(crate) fn replayed_profiles(&self, path: &Path) -> Vec<Value> {
        let profiles = self.folder().join("profiles.out");
        let mut command = Command::new(PROGRAM);
        command.arg("replay").arg(path).arg("--config").arg(&self.config);
        let replayed = command.arg("--profiles").arg(&profiles).output().unwrap();
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
        lines(&profiles).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn compare(&self, what: &[&str], partitions: u32) {
        let file = |name: &str| self.folder().join(name);
        let replayed = Command::new(PROGRAM)
            .arg("replay")
            .args(what)
            .arg("--config")
            .arg(&self.config)
            .args(["--alerts", "alerts.out", "--risk", "risk.out", "--outcomes", "outcomes.out"])
            .args(["--dead-letters", "dead.out", "--profiles", "profiles.out"])
            .current_dir(self.folder())
            .output()
            .unwrap();
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
        let topics = self.settings().file.topics;
        for (topic, name) in [(&topics.alerts, "alerts.out"), (&topics.outcomes, "outcomes.out")] {
            let committed = self.committed(topic).into_iter().map(|(_, _, value, _)| text(value)).collect();
            let count = same(committed, lines(&file(name)), topic);
            assert!(count > 0, "{topic} is empty, so nothing was compared");
        }
        // Marks are no letters, and the records of files have no timestamps.
        let letters = self.committed(&topics.dead_letters).into_iter();
        let letters = letters.filter(|(.., headers)| !headers.contains_key("replayed"));
        let dead = letters.map(|(_, key, value, mut headers)| {
            if !what.contains(&"kafka") {
                headers.remove("timestamp");
            }
            // Neither need be UTF-8, and a key that is empty is read here like none.
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut line = json!(headers);
            line["key"] = (!key.is_empty()).then(|| text(&key)).into();
            line["value"] = value.as_deref().map(text).into();
            line.to_string()
        });
        let replayed = lines(&file("dead.out")).into_iter().map(|line| line.replace(r#""key":"""#, r#""key":null"#));
        same(dead.collect(), replayed.collect(), "dead letters");
        let last: BTreeMap<_, _> =
            self.committed(&topics.risk).into_iter().map(|(_, key, value, _)| (key, text(value))).collect();
        let replayed: BTreeMap<_, _> =
            lines(&file("risk.out")).into_iter().map(|line| (customer(&line), line)).collect();
        same(last.into_values().collect(), replayed.into_values().collect(), "risk");
        let until = self.settings().until.map(|until| until.plus(-1));
        let profiles = self.restored(partitions);
        let profiles = profiles.iter().flat_map(|one| one.profiles_json(until)).map(|profile| profile.to_string());
        let compared = same(profiles.collect(), lines(&file("profiles.out")), "profiles");
        println!("{compared} profiles equal");
    }
}

fn text(value: Option<Vec<u8>>) -> String {
    String::from_utf8(value.unwrap_or_default()).unwrap()
}

pub(crate) fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn customer(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap();
    value["customer_id"].as_str().unwrap().to_owned()
}

/// Compares two multisets; gives their size.
pub(crate) fn same(mut committed: Vec<String>, mut replayed: Vec<String>, what: &str) -> usize {
    committed.sort_unstable();
    replayed.sort_unstable();
    if committed != replayed {
        let first = committed.iter().zip(&replayed).find(|(a, b)| a != b);
        let twice = committed.windows(2).filter(|pair| pair[0] == pair[1]).count();
        let (has, should) = (committed.iter().collect::<HashSet<_>>(), replayed.iter().collect::<HashSet<_>>());
        panic!(
            "{what}: {} committed, {} replayed; {twice} twice, {} missing, {} unknown to replay; first difference {first:#?}",
            committed.len(),
            replayed.len(),
            should.difference(&has).count(),
            has.difference(&should).count()
        );
    }
    println!("{what}: {} equal", committed.len());
    committed.len()
}
