//! What the documents take for given: the files that they name, a customer of that name, letters, certificates.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::certificates::Authority;
use crate::stage::Stage;

/// Everything lies before and after the dates that the documents name. One customer is called CUSTOMER, another c17; the
/// last purchase is of today, so that the source lives.
const SHOPS: &str = r#"shop() { churnwatch generate --customers "$1" --days "$2" --seed 5 --end "$3" --format csv; }
today="c17,$(date -u +%FT%TZ),9.90,purchase"
shop 1500 700 2026-11-01 | awk -F, -v OFS=, -v today="$today" \
  '{ print } $1 == "c0000017" { $1 = "CUSTOMER"; print; $1 = "c17"; print } END { print today }' | gzip >history.csv.gz"#;

/// What a nightly job would have said of the midnight before October.
const BATCH: &str = r#"python3 - <<'END' >batch.csv
import csv, datetime, decimal, gzip
night, seen = datetime.date(2026, 9, 30), {}
for row in csv.DictReader(gzip.open("history.csv.gz", "rt")):
    day = datetime.date.fromisoformat(row["timestamp"][:10])
    if day <= night and row["type"] == "purchase":
        seen.setdefault(row["customer_id"], []).append(((night - day).days, decimal.Decimal(row["amount"])))
for customer, orders in seen.items():
    year = [amount for age, amount in orders if age < 365]
    print(customer, min(orders)[0], len(year), f"{sum(year):.2f}", sep=",")
END"#;

/// A model to begin with, a better one, and what the warnings of three quarters came to.
const MODELS: &str = "cp \"$ROOT/models/default.json\" old.json
churnwatch train history.csv.gz --at 2026-01-01 --output model.json
cp deploy/playbook.toml playbook.toml
CHURNWATCH_PLAYBOOK__PATH=playbook.toml churnwatch replay history.csv.gz --until 2026-10-01 --outcomes outcomes.jsonl";

/// The files that the documents name. The configuration is the README's.
pub(crate) fn lay(stage: &mut Stage, readme: &str) {
    let (_, block) = readme.split_once("```toml\n").unwrap();
    std::fs::write(stage.folder.join("churnwatch.toml"), block.split("```").next().unwrap()).unwrap();
    stage.environ("ROOT", env!("CARGO_MANIFEST_DIR"));
    stage.run(SHOPS);
    stage.run(BATCH);
    stage.run(MODELS);
}

/// Token, certificate and authority of <https://churnwatch.example:8443>, and curl's word that a refusal is a failure.
pub(crate) fn secure(stage: &mut Stage) {
    let folder = stage.folder.clone();
    let authority = Authority::new(&folder, "ca");
    let (certificate, key) = authority.certificate("churnwatch", &["churnwatch.example"], false);
    std::fs::write(folder.join("http.pem"), certificate).unwrap();
    std::fs::write(folder.join("http.key"), key).unwrap();
    std::fs::write(folder.join("token"), "0123456789abcdef0123456789abcdef").unwrap();
    std::fs::write(folder.join(".curlrc"), "fail\nsilent\nshow-error\n").unwrap();
    stage.environ("HOME", &folder.display().to_string());
    stage.environ("CURL_CA_BUNDLE", "ca.pem");
    stage.environ("CHURNWATCH_HTTP__LISTEN", "127.0.0.1:8443");
    stage.environ("CHURNWATCH_HTTP__ADMIN_LISTEN", "127.0.0.1:8080");
    stage.environ("CHURNWATCH_HTTP__TOKEN_FILE", "token");
    stage.environ("CHURNWATCH_HTTP__TLS__CERTIFICATE_FILE", "http.pem");
    stage.environ("CHURNWATCH_HTTP__TLS__KEY_FILE", "http.key");
}

/// The customer comes back after having been forgotten.
pub(crate) fn come_back(stage: &mut Stage) {
    let time = jiff::Timestamp::now();
    let line = format!(
        "{{\"id\":\"back\",\"type\":\"purchase\",\"customer_id\":\"CUSTOMER\",\"time\":\"{time}\",\"amount\":\"9.90\",\"currency\":\"CNY\"}}\n"
    );
    std::fs::write(stage.folder.join("back.jsonl"), line).unwrap();
    stage.run("churnwatch publish back.jsonl --config churnwatch.toml");
}

/// Letters at the offsets 0 to 19 of partition 3, as a full state would have written them.
pub(crate) fn write_letters(brokers: &str) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let now = jiff::Timestamp::now();
    for number in 0..20 {
        let customer = format!("refused-{number}");
        let value = format!(
            "{{\"id\":\"r{number}\",\"type\":\"purchase\",\"customer_id\":\"{customer}\",\"time\":\"{now}\",\"amount\":\"5.00\",\"currency\":\"CNY\"}}"
        );
        let fields =
            [("reason", "state full"), ("topic", "churn.events"), ("partition", "3"), ("offset", &number.to_string())]
                .map(|(key, value)| (key, value.to_owned()));
        let stamp = ("timestamp", now.as_millisecond().to_string());
        let headers = fields
            .into_iter()
            .chain([stamp])
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(&value) }));
        let record = BaseRecord::to("churn.dead-letters").partition(3).key(&customer).payload(&value).headers(headers);
        producer.send(record).map_err(|(fault, _)| fault).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}
