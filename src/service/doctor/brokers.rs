//! Whether every broker can be reached, by TCP and by a client, under the names that it has itself.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::metadata::Metadata;

use crate::config::settings::Settings;
use crate::service::doctor::addresses::{Address, Reach, addresses, reach};
use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::named;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::topics::{asker, metadata};
use crate::wire::shapes::doctor::{Check, Severity};

/// Longest wait for a connection.
const KNOCK: Duration = Duration::from_secs(3);
/// Longest wait for the cluster's name, which is only shown.
const NAME: Duration = Duration::from_secs(1);

/// No client gets an answer.
const NO_BROKER: Kind = Kind {
    code: "no-broker",
    severity: Severity::Error,
    means: "no broker answers a Kafka client",
    remedy: "start Kafka, or mend kafka.brokers: a port that takes connections and says nothing is another program's, a broker's that stands still, or one that wants [kafka.tls]",
};
/// They answer, and do not let us in.
const BROKER_REFUSES: Kind = Kind {
    code: "broker-refuses",
    severity: Severity::Error,
    means: "the brokers do not let this user in",
    remedy: "mend [kafka.tls] or [kafka.sasl]: {what}",
};
/// A name that is none.
const ADDRESS_UNKNOWN: Kind = Kind {
    code: "address-unknown",
    severity: Severity::Warning,
    means: "a host of kafka.brokers has no address",
    remedy: "mend the host {address} in kafka.brokers, or the name server of this machine",
};
/// Nobody behind an address.
const ADDRESS_CLOSED: Kind = Kind {
    code: "address-closed",
    severity: Severity::Warning,
    means: "nobody answers at an address of kafka.brokers",
    remedy: "start the broker at {address}, open the way to it, or take it out of kafka.brokers",
};
/// The cluster names a broker that is not there for us.
const BROKER_UNREACHABLE: Kind = Kind {
    code: "broker-unreachable",
    severity: Severity::Error,
    means: "a broker that the cluster names cannot be reached at the address that it gives",
    remedy: "start the broker at {address} if it is down; otherwise mend its advertised.listeners, or open the way from here to {address}",
};

/// What may be found here.
pub const KINDS: [&Kind; 5] = [&NO_BROKER, &BROKER_REFUSES, &ADDRESS_UNKNOWN, &ADDRESS_CLOSED, &BROKER_UNREACHABLE];

/// What was seen of the brokers.
pub struct Brokers {
    /// The configured addresses.
    bootstrap: Vec<(Address, Reach)>,
    /// What the cluster says, where it lets us in.
    cluster: Result<Cluster, ServiceFault>,
    /// The brokers that it names.
    named: Vec<(i32, Address, Reach)>,
}

/// A cluster as it describes itself.
struct Cluster {
    name: Option<String>,
    answered: Duration,
}

/// Knocks, then asks; gives also the client that had an answer, and the answer.
pub fn look(settings: &Settings) -> (Brokers, Option<(Reader, Metadata)>) {
    let named = addresses(&settings.file.kafka.brokers);
    let bootstrap: Vec<(Address, Reach)> = named.iter().cloned().zip(reach(&named, KNOCK)).collect();
    if !bootstrap.iter().any(|(_, reach)| matches!(reach, Reach::Open(_))) {
        let cluster = Err(ServiceFault::Failed("a client needs a connection".into()));
        return (Brokers { bootstrap, cluster, named: Vec::new() }, None);
    }
    let begun = Instant::now();
    let asked = asker(settings).and_then(|asker| metadata(settings, &asker).map(|metadata| (asker, metadata)));
    let answered = begun.elapsed();
    let named = match &asked {
        Ok((_, metadata)) => {
            let known = metadata.brokers().iter();
            known.map(|one| (one.id(), Address::new(one.host(), one.port() as u16))).collect()
        }
        Err(ServiceFault::Setup(_)) => Vec::new(),
        Err(_) => named::named(settings),
    };
    let addresses: Vec<Address> = named.iter().map(|(_, address)| address.clone()).collect();
    let reached = named.into_iter().zip(reach(&addresses, KNOCK));
    let named: Vec<(i32, Address, Reach)> = reached.map(|((id, address), reach)| (id, address, reach)).collect();
    // Whoever asks for anything further asks those that the cluster names.
    let is_reached = named.iter().any(|(_, _, reach)| matches!(reach, Reach::Open(_)));
    let cluster = asked.as_ref().map_err(Clone::clone);
    let cluster = cluster.map(|(asker, _)| Cluster { name: asker.client().fetch_cluster_id(NAME), answered });
    (Brokers { bootstrap, cluster, named }, asked.ok().filter(|_| is_reached))
}

/// What it means.
pub fn judge(brokers: &Brokers) -> Checked {
    let open = brokers.bootstrap.iter().filter(|(_, reach)| matches!(reach, Reach::Open(_))).count();
    let knocked = format!("{open} of {} in kafka.brokers takes connections", count(brokers.bootstrap.len(), "address"));
    if open == 0 {
        let why = brokers.bootstrap.iter().map(|(address, reach)| format!("{address}: {}", reach.why()));
        let seen = why.collect::<Vec<String>>().join("; ");
        return Checked::new(Check::Brokers, knocked, vec![NO_BROKER.found("", seen, &[])]);
    }
    let mut findings: Vec<Finding> = brokers
        .bootstrap
        .iter()
        .filter_map(|(address, reach)| {
            let address = address.to_string();
            let names: [(&str, &str); 1] = [("address", &address)];
            match reach {
                Reach::Open(_) => None,
                Reach::Unknown => Some(ADDRESS_UNKNOWN.found(&address, reach.why(), &names)),
                Reach::Closed(_) => Some(ADDRESS_CLOSED.found(&address, reach.why(), &names)),
            }
        })
        .collect();
    let far: Vec<Finding> = brokers.named.iter().filter_map(unreachable).collect();
    let list: Vec<String> = brokers.named.iter().map(|(id, address, _)| format!("{id} at {address}")).collect();
    let list = list.join(", ");
    let seen = match &brokers.cluster {
        Ok(_) if brokers.named.is_empty() => {
            findings.push(NO_BROKER.found("", "the cluster answers, and has no broker", &[]));
            knocked
        }
        Ok(Cluster { name, answered }) => {
            let name = name.as_deref().map_or_else(String::new, |name| format!(" of cluster {name}"));
            let many = count(brokers.named.len(), "broker");
            format!("{many}{name}, answer after {} ms: {list}", answered.as_millis())
        }
        Err(ServiceFault::Setup(sentence)) => {
            let (seen, what) = sentence.split_once(": ").unwrap_or((sentence, sentence));
            findings.push(BROKER_REFUSES.found("", seen, &[("what", what)]));
            knocked
        }
        // The brokers that it names are all that a client goes by.
        Err(_) if !far.is_empty() => format!("{knocked}; the cluster names broker {list}"),
        Err(fault) => {
            let names = if list.is_empty() { String::new() } else { format!("; the cluster names broker {list}") };
            let seen = format!("{knocked}{names}; {}", reason(&fault.to_string()));
            findings.push(NO_BROKER.found("", seen, &[]));
            knocked
        }
    };
    findings.extend(far);
    Checked::new(Check::Brokers, seen, findings)
}

/// A broker that the cluster names and that is not there for us.
fn unreachable((id, address, reach): &(i32, Address, Reach)) -> Option<Finding> {
    if matches!(reach, Reach::Open(_)) {
        return None;
    }
    let address = address.to_string();
    let seen = format!("broker {id} calls itself {address}: {}", reach.why());
    Some(BROKER_UNREACHABLE.found(&address, seen, &[("address", &address)]))
}

/// What the client said, without the advice before it.
fn reason(sentence: &str) -> &str {
    sentence.rsplit_once(" (").map_or(sentence, |(_, reason)| reason.trim_end_matches(')'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Brokers, Cluster, judge};
    use crate::service::doctor::addresses::{Address, Reach};
    use crate::service::fault::ServiceFault;

    fn at(port: u16, reach: Reach) -> (Address, Reach) {
        (Address::new("k", port), reach)
    }

    fn found(
        bootstrap: Vec<(Address, Reach)>,
        cluster: Result<Cluster, ServiceFault>,
        named: Option<Reach>,
    ) -> Vec<(&'static str, String)> {
        let named = named.into_iter().map(|reach| (1, Address::new("far", 9092), reach)).collect();
        let checked = judge(&Brokers { bootstrap, cluster, named });
        checked.findings.into_iter().map(|one| (one.kind.code, one.remedy)).collect()
    }

    #[test]
    fn what_does_not_answer_is_told_from_what_refuses() {
        let open = || at(1, Reach::Open(Duration::from_millis(3)));
        let closed = || Reach::Closed("refused".into());
        let there = || Ok(Cluster { name: None, answered: Duration::ZERO });
        assert_eq!(found(vec![open()], there(), Some(Reach::Open(Duration::ZERO))), []);
        let far = found(vec![open(), at(2, Reach::Unknown)], there(), Some(closed()));
        assert_eq!([far[0].0, far[1].0], ["broker-unreachable", "address-unknown"]);
        assert!(far[0].1.contains("far:9092") && far[1].1.contains("k:2"), "{far:?}");
        assert_eq!(found(vec![open()], there(), None)[0].0, "no-broker");
        let silent = || Err(ServiceFault::Failed("no Kafka broker answers at k:1: start it (timed out)".into()));
        let none = found(vec![open(), at(2, closed())], silent(), None);
        assert_eq!([none[0].0, none[1].0], ["no-broker", "address-closed"]);
        assert_eq!(found(vec![at(1, Reach::Unknown)], silent(), None).len(), 1);
        assert_eq!(found(vec![open()], silent(), Some(closed()))[0].0, "broker-unreachable");
        let refused = ServiceFault::Setup("the brokers do not accept the password: mend kafka.sasl.username".into());
        let refused = found(vec![open()], Err(refused), None);
        assert_eq!(refused[0].1, "mend [kafka.tls] or [kafka.sasl]: mend kafka.sasl.username");
    }
}
