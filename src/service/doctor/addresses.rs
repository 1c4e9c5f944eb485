//! Addresses of brokers, and whether anybody answers there by TCP.

use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The port that librdkafka takes where none is named.
const PORT: u16 = 9092;

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// That of a broker as it calls itself.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Whether it is this machine's own by name.
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.host == "::1" || self.host.starts_with("127.")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(formatter, "[{host}]:{port}") } else { write!(formatter, "{host}:{port}") }
    }
}

/// The addresses of `kafka.brokers`, as librdkafka reads them: `[PROTOCOL://]HOST[:PORT]`, divided by commas.
pub fn addresses(brokers: &str) -> Vec<Address> {
    let named = brokers.split(',').map(str::trim).filter(|text| !text.is_empty());
    named.map(|text| one(text.split_once("://").map_or(text, |(_, rest)| rest))).collect()
}

fn one(text: &str) -> Address {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.trim_start_matches(':')),
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    Address { host: host.into(), port: port.parse().unwrap_or(PORT) }
}

/// Whether anybody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody took the connection, after so long.
    Open(Duration),
    /// No name server knows the host.
    Unknown,
    /// Nobody did, for this reason.
    Closed(String),
}

impl Reach {
    /// In words.
    pub fn why(&self) -> &str {
        match self {
            Self::Open(_) => "takes connections",
            Self::Unknown => "no name server knows the host",
            Self::Closed(why) => why,
        }
    }
}

/// Knocks at all addresses at once, none for longer than `patience`.
pub fn reach(addresses: &[Address], patience: Duration) -> Vec<Reach> {
    let deadline = Instant::now() + patience;
    let answers: Vec<_> = addresses
        .iter()
        .map(|address| {
            let (tell, told) = mpsc::channel();
            let address = address.clone();
            // A name server may keep it longer; then nobody listens any more.
            let _ =
                std::thread::Builder::new().name("knock".into()).spawn(move || tell.send(knock(&address, patience)));
            told
        })
        .collect();
    let no_answer = || Reach::Closed(format!("no answer in {} s", patience.as_secs()));
    let wait = |told: mpsc::Receiver<Reach>| {
        told.recv_timeout(deadline.saturating_duration_since(Instant::now())).unwrap_or_else(|_| no_answer())
    };
    answers.into_iter().map(wait).collect()
}

fn knock(address: &Address, patience: Duration) -> Reach {
    let begun = Instant::now();
    let Ok(sockets) = (address.host.as_str(), address.port).to_socket_addrs() else { return Reach::Unknown };
    let mut last = Reach::Unknown;
    for socket in sockets {
        let left = patience.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        last = match TcpStream::connect_timeout(&socket, left) {
            Ok(_) => return Reach::Open(begun.elapsed()),
            Err(fault) => Reach::Closed(fault.to_string()),
        };
    }
    last
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Address, Reach, addresses, reach};

    #[test]
    fn addresses_are_read_as_librdkafka_reads_them() {
        let read: Vec<String> =
            addresses("a:9093, SASL_SSL://b ,[::1]:1,10.0.0.1,").iter().map(Address::to_string).collect();
        assert_eq!(read, ["a:9093", "b:9092", "[::1]:1", "10.0.0.1:9092"]);
        assert!(addresses(" ,").is_empty());
        assert!(addresses("localhost:1,127.0.0.2,[::1]").iter().all(Address::is_here));
        assert!(!Address::new("kafka.example", 1).is_here());
    }

    #[test]
    fn an_open_port_is_told_from_a_closed_one_and_a_name_that_is_none() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap().port();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let asked = [Address::new("127.0.0.1", open), Address::new("127.0.0.1", closed), Address::new("no host", 1)];
        let answers = reach(&asked, Duration::from_secs(5));
        assert!(matches!(answers[..], [Reach::Open(_), Reach::Closed(_), Reach::Unknown]), "{answers:?}");
    }
}
