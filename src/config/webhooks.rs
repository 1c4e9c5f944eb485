//! `[webhooks]`, checked. The files that it names are read by the one command that posts, since the others need no secrets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::Uri;

use crate::config::checker::{Checker, address, duration, is_open, names_user, secret};
use crate::config::fault::Fault;
use crate::config::file_webhooks::{EndpointFile, Start, Webhooks as WebhooksFile};
use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::wire::texts::Language;
use crate::wire::webhooks::crm::salesforce_object;
use crate::wire::webhooks::request::{Credentials, Format, Way};
use crate::wire::webhooks::signature::Secret;
use crate::wire::webhooks::told::Wanted;

/// Most endpoints.
const MAX_ENDPOINTS: usize = 32;
/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 40;
/// What can happen to a warning.
const TYPES: [&str; 5] = ["opened", "escalated", "resolved", "lapsed", "withdrawn"];

/// Where alerts are posted to.
#[derive(Clone)]
pub struct Webhooks {
    /// The listener for probes and metrics.
    pub listen: SocketAddr,
    /// The addresses.
    pub endpoints: Vec<Endpoint>,
}

/// One address, checked.
#[derive(Clone)]
pub struct Endpoint {
    /// As the file has it.
    file: EndpointFile,
    /// Its place in the file, for faults.
    key: String,
    /// Its name.
    pub name: String,
    /// What it understands.
    pub format: Format,
    /// Which alerts it wants.
    pub wanted: Wanted,
    /// Whether it begins, when it is new, with the oldest alert.
    pub from_beginning: bool,
    /// How often an alert is tried.
    pub tries: u32,
    /// Longest time for one try.
    pub timeout: Duration,
    /// Wait after the first try that failed.
    pub first_wait: Duration,
    /// Longest wait between two tries.
    pub longest_wait: Duration,
    /// Most requests under way.
    pub parallel: usize,
    /// Least time from one request to the next.
    pub apart: Duration,
}

impl Endpoint {
    /// Its address, read anew where it lies in a file.
    pub fn url(&self) -> Result<String, Fault> {
        let read = || match (&self.file.url, &self.file.url_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(path)) => {
                let url = secret(path)?;
                let url = secrecy::ExposeSecret::expose_secret(&url).to_owned();
                check_url(&url, &self.file)
                    .map(|()| url)
                    .map_err(|sentence| format!("{}: it {sentence}", path.display()))
            }
            (None, None) => Err("is missing".to_owned()),
        };
        read().map_err(|sentence| self.fault("url_file", sentence))
    }

    /// What its requests are signed and let in by, read anew: a secret or a token that was changed is in force at once.
    pub fn credentials(&self) -> Result<Credentials, Vec<Fault>> {
        let (mut credentials, mut faults) = (Credentials::default(), Vec::new());
        for path in &self.file.secret_files {
            let text = secret(path).map(|text| secrecy::ExposeSecret::expose_secret(&text).to_owned());
            match text {
                Ok(text) if self.format == Format::Dingtalk => credentials.robot = Some(text),
                Ok(text) => match Secret::read(&text) {
                    Ok(secret) => credentials.secrets.push(secret),
                    Err(sentence) => faults.push(self.fault("secret_files", format!("{} {sentence}", path.display()))),
                },
                Err(sentence) => faults.push(self.fault("secret_files", sentence)),
            }
        }
        if let Some(path) = &self.file.token_file {
            let text = secret(path).map(|text| secrecy::ExposeSecret::expose_secret(&text).to_owned());
            match text {
                Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => credentials.token = Some(text),
                Ok(_) => {
                    let sentence =
                        format!("{} holds no token: it has blanks or letters of other scripts", path.display());
                    faults.push(self.fault("token_file", sentence));
                }
                Err(sentence) => faults.push(self.fault("token_file", sentence)),
            }
        }
        if faults.is_empty() { Ok(credentials) } else { Err(faults) }
    }

    /// The authority that vouches for its certificate, as PEM.
    pub fn authority(&self) -> Result<Option<Vec<u8>>, Fault> {
        let read = self.file.ca_file.as_deref().map(crate::config::http_tls::read_authority).transpose();
        read.map_err(|sentence| self.fault("ca_file", sentence))
    }

    /// How a request to its address is made.
    pub fn way<'a>(&'a self, url: &'a str) -> Way<'a> {
        Way { format: self.format, url, language: self.language(), id_property: &self.file.id_property }
    }

    /// The language of sentences.
    pub const fn language(&self) -> Language {
        self.file.language
    }

    fn fault(&self, name: &str, sentence: String) -> Fault {
        Fault::new(format!("{}.{name}", self.key), sentence)
    }
}

/// Checks the table; every fault is noted.
pub fn webhooks(file: &WebhooksFile, check: &mut Checker) -> Webhooks {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen = check.take("webhooks.listen", address(&file.listen), nowhere);
    let rows = &file.endpoints;
    check.must("webhooks.endpoints", rows.len() <= MAX_ENDPOINTS, "must have at most 32 entries");
    let endpoints = rows.iter().enumerate().map(|(at, row)| endpoint(at, row, check)).collect();
    for (at, row) in rows.iter().enumerate() {
        let twice = rows.iter().take(at).any(|other| other.name == row.name);
        let sentence = format!("two endpoints are called \"{}\"", row.name);
        check.must(&format!("webhooks.endpoints.{at}.name"), !twice, &sentence);
    }
    Webhooks { listen, endpoints }
}

fn endpoint(at: usize, file: &EndpointFile, check: &mut Checker) -> Endpoint {
    let at = format!("webhooks.endpoints.{at}");
    let key = |name: &str| format!("{at}.{name}");
    let letters = file.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let named = letters && (1..=MAX_NAME_BYTES).contains(&file.name.len());
    check.must(&key("name"), named, "must be 1 to 40 small letters, digits or \"-\"");
    check.must(&key("url"), file.url.is_some() != file.url_file.is_some(), "give url or url_file, and not both");
    if let Some(url) = &file.url {
        check.take(&key("url"), check_url(url, file), ());
    }
    check_secrets(file, &key, check);
    let tiers = Tier::ALL.map(Tier::name);
    let bands: Vec<&str> = Band::ALL.map(Band::name).into_iter().filter(|name| *name != "low").collect();
    for (name, values, known) in
        [("types", &file.types, &TYPES[..]), ("bands", &file.bands, &bands), ("tiers", &file.tiers, &tiers)]
    {
        for value in values.iter().filter(|value| !known.contains(&value.as_str())) {
            check.must(&key(name), false, &format!("\"{value}\" is none of {}", known.join(", ")));
        }
    }
    check.must(&key("id_property"), !file.id_property.is_empty(), "must not be empty");
    check.must(&key("tries"), (1..=1_000).contains(&file.tries), "must lie between 1 and 1000");
    check.must(&key("parallel"), (1..=64).contains(&file.parallel), "must lie between 1 and 64");
    let rate = file.per_minute.is_none_or(|rate| (1..=60_000).contains(&rate));
    check.must(&key("per_minute"), rate, "must lie between 1 and 60000");
    let mut within = |name: &str, text: &str, least: Duration, most: Duration| {
        let value = check.take(&key(name), duration(text), least);
        let sentence =
            format!("must lie between {} and {}", humantime::format_duration(least), humantime::format_duration(most));
        check.must(&key(name), (least..=most).contains(&value), &sentence);
        value
    };
    let timeout = within("timeout", &file.timeout, Duration::from_millis(100), Duration::from_mins(1));
    let first_wait = within("first_wait", &file.first_wait, Duration::from_millis(10), Duration::from_hours(1));
    let longest_wait = within("longest_wait", &file.longest_wait, first_wait, Duration::from_hours(24));
    let rate = file.per_minute.or(file.format.most_a_minute());
    Endpoint {
        name: file.name.clone(),
        format: file.format,
        wanted: Wanted { types: file.types.clone(), bands: file.bands.clone(), tiers: file.tiers.clone() },
        from_beginning: file.start == Start::Beginning,
        tries: file.tries,
        timeout,
        first_wait,
        longest_wait,
        parallel: file.parallel as usize,
        apart: rate.filter(|rate| *rate > 0).map_or(Duration::ZERO, |rate| Duration::from_mins(1) / rate),
        key: at,
        file: file.clone(),
    }
}

/// An address that alerts may be sent to. It is not repeated: it may be secret.
fn check_url(url: &str, file: &EndpointFile) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| "is no URL: write it like \"https://crm.example/hooks\"".to_owned())?;
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || names_user(&uri) {
        return Err("must name a host, and no user or password: give a token by token_file".into());
    }
    match uri.scheme_str() {
        Some("https" | "http") if !is_open(&uri) || file.allow_http => {}
        _ => {
            let sentence =
                "must begin with https://; on this machine also with http://, elsewhere only with allow_http = true";
            return Err(sentence.into());
        }
    }
    if file.format == Format::Salesforce && salesforce_object(url).is_none() {
        return Err("must end like \"/services/data/v65.0/composite/sobjects/Contact/Customer_Number__c\"".into());
    }
    Ok(())
}

/// What each format signs with or is let in by.
fn check_secrets(file: &EndpointFile, key: &impl Fn(&str) -> String, check: &mut Checker) {
    let (secrets, has_token) = (file.secret_files.len(), file.token_file.is_some());
    let (right, sentence) = match file.format {
        Format::Cloudevents => (
            (1..=5).contains(&secrets),
            "give one to five: a receiver must be able to tell that an alert is ours (`echo whsec_$(openssl rand -base64 32)`)",
        ),
        Format::Dingtalk => (secrets <= 1, "give at most one: the robot's secret, which begins with SEC"),
        Format::Slack | Format::Wecom | Format::Hubspot | Format::Salesforce => {
            (secrets == 0, "is of no use here: nobody there looks at a signature of Standard Webhooks")
        }
    };
    check.must(&key("secret_files"), right, sentence);
    let (right, sentence) = match file.format {
        Format::Cloudevents => (true, ""),
        Format::Hubspot | Format::Salesforce => (has_token, "give the file of the access token"),
        Format::Slack | Format::Dingtalk | Format::Wecom => {
            (!has_token, "is of no use here: the address is the secret")
        }
    };
    check.must(&key("token_file"), right, sentence);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::load::check;

    fn faults(endpoint: &Value) -> Vec<String> {
        let file = json!({"webhooks": {"endpoints": [endpoint]}});
        check(file).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_endpoint_that_could_not_work_is_refused_with_what_to_do() {
        let right = json!({"name": "crm", "url": "https://crm.example/hooks", "secret_files": ["s"]});
        assert_eq!(faults(&right), Vec::<String>::new());
        let local = json!({"name": "crm", "url": "http://127.0.0.1:8/x", "secret_files": ["s"]});
        assert_eq!(faults(&local), Vec::<String>::new());
        for (key, value, words) in [
            ("name", json!("Crm 1"), "endpoints.0.name: must be 1 to 40"),
            ("url", json!("http://crm.example/hooks"), "endpoints.0.url: must begin with https://"),
            ("url", json!("https://user:word@crm.example/"), "no user or password"),
            ("url", json!("nowhere"), "endpoints.0.url: must begin with https://"),
            ("url_file", json!("u"), "url or url_file, and not both"),
            ("secret_files", json!([]), "one to five"),
            ("types", json!(["opend"]), "\"opend\" is none of opened, escalated"),
            ("bands", json!(["low"]), "\"low\" is none of watch, high, critical"),
            ("tries", json!(0), "tries: must lie between 1 and 1000"),
            ("timeout", json!("2m"), "timeout: must lie between 100ms and 1m"),
            ("longest_wait", json!("500ms"), "longest_wait: must lie between 1s and 1day"),
            ("per_minute", json!(0), "per_minute: must lie between"),
            ("format", json!("hubspot"), "token_file: give the file of the access token"),
            ("format", json!("salesforce"), "url: must end like"),
            ("format", json!("slack"), "secret_files: is of no use here"),
            ("retries", json!(3), "unknown key; did you mean \"tries\"?"),
            ("parallel", json!("many"), "parallel: must be of type integer"),
        ] {
            let mut wrong = right.clone();
            wrong[key] = value;
            let faults = faults(&wrong).join("\n");
            assert!(faults.contains(words) && !faults.contains("word@"), "{key}: {faults}");
        }
        let twice = json!({"webhooks": {"endpoints": [right, right]}});
        assert!(check(twice).err().unwrap().iter().any(|fault| fault.sentence.contains("called \"crm\"")));
    }

    #[test]
    fn an_address_that_is_a_secret_is_never_printed() {
        let url = "https://hooks.slack.com/services/T0/B0/hush";
        let file = json!({"webhooks": {"endpoints": [{"name": "room", "format": "slack", "url": url}]}});
        let settings = check(file).unwrap();
        let shown = format!("{} {settings:?}", settings.print());
        assert!(shown.contains("[hidden]") && !shown.contains("hush"), "{shown}");
    }
}
