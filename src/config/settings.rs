//! Checked settings: what the file says, in the types that the other rooms take.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iso_currency::Currency;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::config::checker::{Checker, address, currency, date, duration, reachable, secret};
use crate::config::fault::Fault;
use crate::config::file::{Clock, ConfigFile};
use crate::config::goals::goals;
use crate::config::http_tls::{Certificate, read_authority, server_config};
use crate::config::inputs::shapes;
use crate::config::playbook::playbook;
use crate::config::ranges::check_ranges;
use crate::config::registry::{Registry, registry};
use crate::config::security::{is_secret, security};
use crate::config::segments::segments;
use crate::config::tracing::{Tracing, tracing};
use crate::config::webhooks::{Webhooks, webhooks};
use crate::effect_study::goals::Goals;
use crate::engine::alerting::playbook::Playbook;
use crate::engine::alerting::policy::Policy;
use crate::engine::alerting::value::Tier;
use crate::engine::day::{Day, Millis};
use crate::engine::event::INTERACTION_NAMES;
use crate::processor::setup::{CLOSE_BUDGET, ClockMode, Setup};
use crate::wire::calendar::midnight;
use crate::wire::inputs::shapes::Shapes;
use crate::wire::promotion::Fit;
use crate::wire::rules::EventRules;
use crate::wire::words::Locale;

/// Shortest token of the API, bytes.
const MIN_TOKEN: usize = 16;

/// Everything, checked.
#[derive(Clone)]
pub struct Settings {
    /// The file as it stands, defaults filled in.
    pub file: ConfigFile,
    /// Whether somebody set `churn.horizon_days`: otherwise it is the default.
    pub horizon_stated: bool,
    /// How bytes become events.
    pub rules: EventRules,
    /// The shapes of the inputs that name one, by topic.
    pub shapes: Shapes,
    /// Where the schemas of framed records are.
    pub registry: Option<Registry>,
    /// What the engine decides by, for one partition.
    pub policy: Policy,
    /// What the company wants to reach.
    pub goals: Goals,
    /// `time.until` as a day.
    pub until: Option<Day>,
    /// `time.source_silence`; `None`: off.
    pub source_silence: Option<Duration>,
    /// `service.stall`; `None`: off.
    pub stall: Option<Duration>,
    /// `http.listen`.
    pub listen: SocketAddr,
    /// `http.admin_listen`.
    pub admin_listen: Option<SocketAddr>,
    /// The API's token.
    pub token: Option<SecretString>,
    /// What HTTP is encrypted with.
    pub certificate: Option<Certificate>,
    /// The authority that vouches for other replicas' certificates, as PEM.
    pub authority: Option<Vec<u8>>,
    /// Key of the digests of erased ids.
    pub erasure_secret: Arc<[u8]>,
    /// librdkafka's properties for encryption and login.
    pub security: Vec<(&'static str, SecretString)>,
    /// Addresses that alerts are posted to.
    pub webhooks: Webhooks,
    /// `rekey.listen`.
    pub rekey_listen: SocketAddr,
    /// Where spans go; `None`: nothing is traced.
    pub tracing: Option<Tracing>,
}

/// The key of erasures is bytes, which would be shown.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Settings {
    /// Checks every value; all faults come back at once.
    pub fn check(file: ConfigFile, horizon_stated: bool) -> Result<Self, Vec<Fault>> {
        let mut check = Checker { faults: Vec::new() };
        let rules = rules(&file, &mut check);
        let mut policy = policy(&file, &mut check);
        let read = |path| playbook(path, rules.currency, &policy.segments);
        match file.playbook.path.as_deref().map(read).transpose() {
            Ok(playbook) => policy.playbook = playbook.unwrap_or_default(),
            Err(faults) => check.faults.extend(faults),
        }
        let shapes = shapes(&file, &rules.zone, &mut check);
        let registry = registry(&file, &mut check);
        let is_ours = file.topics.events.iter().any(|topic| shapes.of(topic).is_ours());
        check.must(
            "rekey.topics",
            file.rekey.topics.is_empty() || is_ours,
            "need an input in topics.events that has no format and no encoding: there the events go",
        );
        let goals = goals(&file.goals, rules.currency, &mut check);
        check_ranges(&file, &mut check);
        let until = file.time.until.as_deref().map(date).transpose();
        let until = check.take("time.until", until, None);
        let silence = check.take("time.source_silence", duration(&file.time.source_silence), Duration::ZERO);
        let stall = check.take("service.stall", duration(&file.service.stall), Duration::ZERO);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        if let Some(advertise) = &file.http.advertise {
            let words = "is the host and port at which others reach this replica, like \"shop-0.shop:8080\"";
            check.must("http.advertise", reachable(advertise).is_some(), words);
        }
        let listen = check.take("http.listen", address(&file.http.listen), nowhere);
        let admin_listen = file.http.admin_listen.as_deref().map(address).transpose();
        let admin_listen = check.take("http.admin_listen", admin_listen, None);
        let token = file.http.token_file.as_deref().map(secret).transpose();
        let token = check.take("http.token_file", token, None);
        if let Some(token) = &token {
            let text = secrecy::ExposeSecret::expose_secret(token);
            let is_strong = text.len() >= MIN_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
            let sentence = "a token has at least 16 letters, digits and signs, and no spaces: `openssl rand -hex 32`";
            check.must("http.token_file", is_strong, sentence);
        }
        let files = file.http.tls.as_ref().map(|tls| [tls.certificate_file.clone(), tls.key_file.clone()]);
        let ca_file = file.http.tls.as_ref().and_then(|tls| tls.ca_file.as_deref());
        let authority = check.take("http.tls.ca_file", ca_file.map(read_authority).transpose(), None);
        let certificate = check.take("http.tls", files.as_ref().map(server_config).transpose(), None);
        check.must(
            "http.token_file",
            listen.ip().is_loopback() || file.http.token_file.is_some(),
            "needed because http.listen is not loopback: customer data is never served without a token",
        );
        let security = security(&file, &mut check);
        let webhooks = webhooks(&file.webhooks, &mut check);
        let tracing = tracing(&file.tracing, &mut check);
        let rekey_listen = check.take("rekey.listen", address(&file.rekey.listen), nowhere);
        let erasure = file.erasure.secret_file.as_deref().map(secret).transpose();
        let erasure = check.take("erasure.secret_file", erasure, None);
        let erasure_secret: Arc<[u8]> = match &erasure {
            Some(secret) => secrecy::ExposeSecret::expose_secret(secret).as_bytes().into(),
            None => file.holdout.salt.as_bytes().into(),
        };
        if !check.faults.is_empty() {
            return Err(check.faults);
        }
        let rules = EventRules { until: until.map(|until| midnight(until, &rules.zone)), ..rules };
        let source_silence = (!silence.is_zero()).then_some(silence);
        let stall = (!stall.is_zero()).then_some(stall);
        Ok(Self {
            file,
            horizon_stated,
            rules,
            shapes,
            registry,
            policy,
            goals,
            until,
            source_silence,
            stall,
            listen,
            admin_listen,
            token,
            certificate,
            authority,
            erasure_secret,
            security,
            webhooks,
            rekey_listen,
            tracing,
        })
    }

    /// The same settings closing days up to `until`, by the events alone.
    #[must_use]
    pub fn until(mut self, until: Option<Day>) -> Self {
        self.file.time.clock = Clock::Event;
        self.until = until;
        self.rules.until = until.map(|until| midnight(until, &self.rules.zone));
        self
    }

    /// Host and port at which this replica is reached by others; `None` where its settings don't say.
    pub fn advertised(&self) -> Option<String> {
        let listens = || reachable(&self.file.http.listen).map(|_| self.file.http.listen.clone());
        self.file.http.advertise.clone().or_else(listens)
    }

    /// What is read: `topics.events`, and what partitions say to each other about customers with several ids.
    pub fn inputs(&self) -> impl Iterator<Item = &String> {
        self.file.topics.events.iter().chain(self.merges())
    }

    fn merges(&self) -> Option<&String> {
        self.file.identity.merge.then_some(&self.file.topics.merges)
    }

    /// What the processors of `partitions` partitions are made with.
    pub fn setup(&self, partitions: u32) -> Setup {
        Setup {
            rules: self.rules.clone(),
            policy: Arc::new(Policy { partitions, ..self.policy.clone() }),
            locale: Locale { zone: self.rules.zone.clone(), currency: self.rules.currency },
            settings_digest: self.digest(partitions),
            input_topics: self.inputs().cloned().collect(),
            formats: self.inputs().map(|topic| self.shapes.of(topic).clone()).collect(),
            clock: match self.file.time.clock {
                Clock::Wall => ClockMode::Wall,
                Clock::Event => ClockMode::Event,
            },
            until: self.until,
            max_age_days: self.file.alerts.max_age_days as i32,
            close_budget: CLOSE_BUDGET,
            erasure_secret: self.erasure_secret.clone(),
        }
    }

    /// The same for files: one input, whose records have the shape of `topic`.
    pub fn of_files(&self, setup: Setup, topic: &str) -> Setup {
        let input_topics: Vec<String> = [topic.to_owned()].into_iter().chain(self.merges().cloned()).collect();
        let formats = input_topics.iter().map(|topic| self.shapes.of(topic).in_files().clone()).collect();
        Setup { input_topics, formats, ..setup }
    }

    /// The consumer group of the step that keys events anew.
    pub fn rekey_group(&self) -> String {
        let own = self.file.rekey.group_id.clone();
        own.unwrap_or_else(|| format!("{}-rekey", self.file.kafka.group_id))
    }

    /// The first input that holds our own events, where any does.
    pub fn own_topic(&self) -> Option<&str> {
        let mut topics = self.file.topics.events.iter();
        topics.find(|topic| self.shapes.of(topic).is_ours()).map(String::as_str)
    }

    /// What a model must fit.
    pub fn fit(&self) -> Fit {
        Fit { horizon_days: self.file.churn.horizon_days as i32, currency: self.rules.currency.code().to_owned() }
    }

    /// Digest of the settings that are part of the state.
    fn digest(&self, partitions: u32) -> u64 {
        let file = &self.file;
        let parts = (
            (&file.time.zone, file.time.lateness_days),
            (&file.money.currency, &file.money.rates),
            (file.churn.horizon_days, &file.holdout.salt, partitions),
            // Another secret would not know those again who asked to be forgotten.
            hex::encode(Sha256::digest(&self.erasure_secret)),
        );
        let mut text = serde_json::to_vec(&parts).unwrap_or_default();
        if file.identity.merge {
            // Whose profile was made before was not kept whole.
            text.extend_from_slice(b"identity.merge");
        }
        let digest = <[u8; 32]>::from(Sha256::digest(text));
        digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }

    /// The configuration in force as TOML. Secrets are not shown.
    pub fn print(&self) -> String {
        let mut file = self.file.clone();
        for (name, value) in &mut file.kafka.client {
            if is_secret(name) {
                "[hidden]".clone_into(value);
            }
        }
        for endpoint in file.webhooks.endpoints.iter_mut().filter(|endpoint| endpoint.format.has_secret_url()) {
            endpoint.url = endpoint.url.as_ref().map(|_| "[hidden]".to_owned());
        }
        toml::to_string_pretty(&file).unwrap_or_default()
    }
}

fn rules(file: &ConfigFile, check: &mut Checker) -> EventRules {
    let zone = TimeZone::get(&file.time.zone)
        .map_err(|_| format!("\"{}\" is no IANA time zone: use a name like \"Asia/Shanghai\"", file.time.zone));
    let zone = check.take("time.zone", zone, TimeZone::UTC);
    let base = check.take("money.currency", currency(&file.money.currency), Currency::CNY);
    let mut rates = BTreeMap::new();
    for (code, rate) in &file.money.rates {
        let key = format!("money.rates.{code}");
        let rate = rate.parse::<Decimal>().ok().filter(|rate| *rate > Decimal::ZERO);
        match (currency(code), rate) {
            (Ok(code), Some(rate)) => {
                rates.insert(code, rate);
            }
            (Err(sentence), _) => check.faults.push(Fault::new(key, sentence)),
            (Ok(_), None) => check.faults.push(Fault::new(key, "a rate is a decimal above 0, such as \"7.8\"")),
        }
    }
    let earliest = check.take("time.earliest", date(&file.time.earliest), Day(0));
    let delay = check.take("time.close_delay", duration(&file.time.close_delay), Duration::ZERO);
    check.must("time.close_delay", delay < Duration::from_hours(24), "must be below 24 hours");
    let earliest = midnight(earliest, &zone);
    let close_delay_millis = i64::try_from(delay.as_millis()).unwrap_or_default();
    let merges = file.identity.merge;
    EventRules { zone, currency: base, rates, earliest, until: None::<Millis>, close_delay_millis, merges }
}

fn policy(file: &ConfigFile, check: &mut Checker) -> Policy {
    let alerts = &file.alerts;
    let thresholds = match (alerts.watch, alerts.high, alerts.critical) {
        (None, None, None) => None,
        (Some(watch), Some(high), Some(critical)) => {
            let rising = 0.0 < watch && watch < high && high < critical && critical < 1.0;
            check.must("alerts.watch", rising, "watch, high and critical must rise and lie between 0 and 1");
            Some([watch, high, critical])
        }
        _ => {
            check.must("alerts.watch", false, "give watch, high and critical together, or none of them");
            None
        }
    };
    let mut capacity = [None; 3];
    for (name, places) in &alerts.capacity_per_day {
        // From the environment the name comes in capitals.
        let tier = Tier::ALL.into_iter().find(|tier| tier.name().eq_ignore_ascii_case(name));
        match tier.and_then(|tier| capacity.get_mut(tier as usize)) {
            Some(slot) => *slot = Some(*places),
            None => check.must(&format!("alerts.capacity_per_day.{name}"), false, "is no tier: use low, mid or high"),
        }
    }
    let mut immediate = 0;
    for name in &alerts.immediate {
        match INTERACTION_NAMES.iter().position(|known| known == name) {
            Some(kind) => immediate |= 1 << kind,
            None => check.must("alerts.immediate", false, &format!("\"{name}\" is no interaction")),
        }
    }
    let publish_from = alerts.publish_from.as_deref().map(date).transpose();
    Policy {
        lateness_days: file.time.lateness_days as i32,
        quorum: file.time.quorum as usize,
        thresholds,
        exit_margin: alerts.exit_margin,
        tier_margin: alerts.tier_margin,
        dwell_days: alerts.dwell_days as i32,
        cooldown_days: alerts.cooldown_days as i32,
        outcome_days: alerts.outcome_days as i32,
        min_silence_days: alerts.min_silence_days as i32,
        min_purchase_days: alerts.min_purchase_days,
        publish_from: check.take("alerts.publish_from", publish_from, None),
        capacity,
        immediate,
        holdout_share: file.holdout.share,
        holdout_salt: file.holdout.salt.clone(),
        margin_rate: file.money.margin_rate,
        segments: segments(&file.segments, check),
        playbook: Playbook::default(),
        partitions: 1,
        max_customers: file.service.max_customers_per_partition.map(|most| most as usize),
        merges: file.identity.merge,
    }
}
