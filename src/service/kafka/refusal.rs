//! What Kafka refuses: to let us in, or to let us do something. librdkafka goes on trying for ever; here that ends.
//!
//! Invariant: a sentence holds names and addresses alone, neither librdkafka's words nor a value that may be secret.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;

/// How long one that has never been let in goes on trying after the first refusal.
const AT_FIRST: Duration = Duration::from_secs(3);
/// How long one that had been let in does: a broker that restarts may refuse for a moment.
const LATER: Duration = Duration::from_secs(20);
/// librdkafka says the same once in 30 s: refusals further apart than this are two troubles, not one.
const APART: Duration = Duration::from_secs(90);

/// Why we are not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Name and password, or the token, are not accepted.
    Login,
    /// The endpoint gives no token.
    Token,
    /// The brokers do not know the mechanism.
    Mechanism,
    /// We do not trust the broker's certificate.
    Theirs,
    /// The broker does not trust ours, or misses one.
    Ours,
    /// The listener speaks another protocol.
    Protocol,
}

impl Refusal {
    /// What an error says; `None` where it is no refusal. The codes alone do not tell them apart.
    pub fn of(fault: &KafkaError, reason: &str) -> Option<Self> {
        let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        let code = fault.rdkafka_error_code()?;
        if says(&["OAUTHBEARER token"]) {
            return Some(Self::Token);
        }
        if says(&["certificate verify failed", "certificate could not be verified"]) {
            return Some(Self::Theirs);
        }
        // OpenSSL's words for what the other side says before it hangs up.
        if says(&[" alert "]) && says(&["certificate", "unknown ca", "handshake failure"]) {
            return Some(Self::Ours);
        }
        if says(&["wrong version number", "PLAINTEXT broker listener", "SSL listener?", "require SASL authentication"])
        {
            return Some(Self::Protocol);
        }
        match code {
            RDKafkaErrorCode::UnsupportedSASLMechanism => Some(Self::Mechanism),
            RDKafkaErrorCode::Authentication if says(&["mechanism handshake", "Unsupported SASL"]) => {
                Some(Self::Mechanism)
            }
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => Some(Self::Login),
            RDKafkaErrorCode::SSL => Some(Self::Theirs),
            _ => None,
        }
    }

    /// The sentence that says what to do.
    pub fn fault(self, settings: &Settings) -> ServiceFault {
        let kafka = &settings.file.kafka;
        let (brokers, sasl) = (&kafka.brokers, kafka.sasl.clone().unwrap_or_default());
        let endpoint = sasl.token_endpoint.unwrap_or_default();
        ServiceFault::Setup(match self {
            Self::Login if sasl.client_id.is_some() => format!(
                "the brokers at {brokers} do not accept the tokens of {endpoint}: look at their issuer, audience and scope, and at kafka.sasl.client_id"
            ),
            Self::Login => format!(
                "the brokers at {brokers} do not accept the user or the password of [kafka.sasl]: mend kafka.sasl.username or what kafka.sasl.password_file holds, and start again"
            ),
            Self::Token => format!(
                "no token is to be had from {endpoint}: look whether it answers, and mend kafka.sasl.client_id, what kafka.sasl.client_secret_file holds, or kafka.sasl.token_ca_file"
            ),
            Self::Mechanism => format!(
                "the brokers at {brokers} do not know kafka.sasl.mechanism = \"{}\": choose one of their sasl.enabled.mechanisms",
                sasl.mechanism
            ),
            Self::Theirs => format!(
                "the certificate of the brokers at {brokers} is not trusted: kafka.tls.ca_file does not vouch for it, it has expired, or it names another host than kafka.brokers; `openssl s_client -connect HOST:PORT -CAfile FILE -verify_hostname HOST` tells which"
            ),
            Self::Ours if kafka.tls.as_ref().is_some_and(|tls| tls.certificate_file.is_some()) => format!(
                "the brokers at {brokers} do not accept the certificate in kafka.tls.certificate_file: it has expired, or their ssl.truststore does not vouch for it"
            ),
            Self::Ours => format!(
                "the brokers at {brokers} ask for a certificate of ours: give kafka.tls.certificate_file and kafka.tls.key_file"
            ),
            Self::Protocol => format!(
                "the listener at {brokers} wants another security protocol than [kafka.tls] and [kafka.sasl] make: add or take out one of them, or name another port in kafka.brokers"
            ),
        })
    }
}

/// What a client has heard of refusals.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Option<Heard>>);

/// Whether a refusal is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is.
    First,
    /// The same was heard before.
    Before,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    what: Refusal,
    first: Instant,
    last: Instant,
}

impl Refusals {
    fn heard(&self) -> MutexGuard<'_, Option<Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an error at `now`; `None` where it is no refusal.
    pub fn note(&self, fault: &KafkaError, reason: &str, now: Instant) -> Option<Seen> {
        let what = Refusal::of(fault, reason)?;
        let mut heard = self.heard();
        let known = heard.filter(|known| known.what == what && now.duration_since(known.last) < APART);
        *heard = Some(Heard { what, first: known.map_or(now, |known| known.first), last: now });
        Some(if known.is_some() { Seen::Before } else { Seen::First })
    }

    /// The refusal of one that has never been let in, once it has tried long enough.
    pub fn at_first(&self, now: Instant) -> Option<Refusal> {
        self.heard().filter(|heard| now.duration_since(heard.first) >= AT_FIRST).map(|heard| heard.what)
    }

    /// The refusal of one that had been let in, once it was refused again and again.
    pub fn later(&self) -> Option<Refusal> {
        self.heard().filter(|heard| heard.last.duration_since(heard.first) >= LATER).map(|heard| heard.what)
    }

    /// The last refusal, however short the trying.
    pub fn last(&self) -> Option<Refusal> {
        self.heard().map(|heard| heard.what)
    }
}

/// Whether Kafka's authorizer said no.
pub fn is_denied(fault: &KafkaError) -> bool {
    let codes = [
        RDKafkaErrorCode::TopicAuthorizationFailed,
        RDKafkaErrorCode::GroupAuthorizationFailed,
        RDKafkaErrorCode::ClusterAuthorizationFailed,
        RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
    ];
    fault.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

/// The sentence for what the authorizer does not let us do, as "Read on the group churnwatch".
pub fn denied(what: &str) -> ServiceFault {
    ServiceFault::Setup(format!(
        "Kafka does not allow this user {what}: add that ACL by `kafka-acls.sh`; all that are needed stand in docs/operations.md"
    ))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rdkafka::error::{KafkaError, RDKafkaErrorCode};

    use super::{Refusal, Refusals, Seen};

    #[test]
    fn one_that_was_let_in_is_given_more_time_than_one_that_never_was() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let wrong = KafkaError::Global(RDKafkaErrorCode::Authentication);
        let at = |seconds| start + Duration::from_secs(seconds);
        let down = KafkaError::Global(RDKafkaErrorCode::AllBrokersDown);
        assert_eq!(refusals.note(&down, "1/1 brokers are down", start), None);
        assert_eq!(refusals.last(), None);
        assert_eq!(refusals.note(&wrong, "SASL authentication error", start), Some(Seen::First));
        assert_eq!((refusals.at_first(at(2)), refusals.later()), (None, None));
        assert_eq!(refusals.at_first(at(3)), Some(Refusal::Login));
        assert_eq!(refusals.note(&wrong, "SASL authentication error", at(30)), Some(Seen::Before));
        assert_eq!(refusals.later(), Some(Refusal::Login));
        let again = refusals.note(&wrong, "SASL authentication error", at(300));
        assert_eq!(again, Some(Seen::First), "long after: another trouble");
        assert_eq!(refusals.later(), None);
    }
}
