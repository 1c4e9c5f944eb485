//! The one way in: every request passes here before any route sees it.
//!
//! Invariant: what is not named open needs the token, whether there is such a route or not.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::service::http::dashboard::frame::STYLE;
use crate::service::http::problem::problem;
use crate::service::http::proof::{SCHEME, proves};

/// What needs no token: probes and metrics, which hold no customer data.
pub const OPEN: [&str; 4] = ["/livez", "/readyz", "/startupz", "/metrics"];
/// What makes a browser ask.
const BASIC: &str = "Basic realm=\"churnwatch\", charset=\"UTF-8\"";
/// Longest answer to a whole request: a question about all customers may take two minutes.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(130);
/// Said to whoever asks too often.
pub const TOO_OFTEN: &str = "you ask too often: see http.requests_per_second";
/// Said to whoever sends a body.
pub const NO_BODY: &str = "no request has a body here: send it without one";
/// Said to whoever names another host than this machine while there is no token.
pub const AT_HOME_ONLY: &str = "without a token only 127.0.0.1, [::1] and localhost are answered: set http.token_file";
/// Said to whoever sends no token, or another.
pub const TOKEN_NEEDED: &str = "send the token of http.token_file as `Authorization: Bearer TOKEN`";
/// Said to whoever has waited too long.
pub const TOO_LONG: &str = "the answer took too long; ask again in a moment";
/// Most addresses that rates are kept of; beyond that those at rest are forgotten.
const MAX_ADDRESSES: usize = 10_000;
/// A client may ask so many seconds' worth at once.
const BURST_SECONDS: u32 = 2;

/// The address of a client, as its connection says.
#[derive(Clone, Copy, Debug)]
pub struct Client(pub IpAddr);

/// How often each address may ask.
type Rates = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

/// The token: itself, since replicas prove that they know it, and what is compared with what others send.
#[derive(Clone)]
struct Token {
    word: Arc<SecretString>,
    digest: [u8; 32],
}

/// What requests are let in by.
#[derive(Clone)]
pub struct Gate {
    token: Option<Token>,
    rates: Option<Arc<Rates>>,
    is_encrypted: bool,
    /// Where this replica says that it is reached.
    own: Option<String>,
}

impl Gate {
    /// `token`: absent only on loopback; `per_second`: requests of one address, 0: as many as it likes.
    pub fn new(token: Option<&SecretString>, per_second: u32, is_encrypted: bool, own: Option<String>) -> Self {
        let quota = NonZeroU32::new(per_second).map(|rate| {
            let burst = NonZeroU32::new(per_second.saturating_mul(BURST_SECONDS)).unwrap_or(rate);
            Arc::new(RateLimiter::hashmap(Quota::per_second(rate).allow_burst(burst)))
        });
        let token = token
            .map(|token| Token { word: Arc::new(token.clone()), digest: Sha256::digest(token.expose_secret()).into() });
        Self { token, rates: quota, is_encrypted, own }
    }

    /// The answer to one that is not let in.
    fn refusal(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if let Some(seconds) = request.extensions().get::<Client>().and_then(|client| self.too_often(client.0)) {
            let mut refusal = problem(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN);
            refusal.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            return Some(refusal);
        }
        let is_empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
        if !is_empty || headers.contains_key(TRANSFER_ENCODING) {
            return Some(problem(StatusCode::PAYLOAD_TOO_LARGE, NO_BODY));
        }
        let path = request.uri().path();
        if OPEN.contains(&path) || path == STYLE {
            return None;
        }
        let Some(token) = &self.token else {
            // A page in the user's browser may have its own name point here (DNS rebinding).
            return (!is_at_home(headers)).then(|| problem(StatusCode::MISDIRECTED_REQUEST, AT_HOME_ONLY));
        };
        let given = given(headers);
        if given.as_ref().is_some_and(|given| Sha256::digest(given).ct_eq(token.digest.as_slice()).into())
            || self.is_replica(&token.word, request)
        {
            return None;
        }
        let mut refusal = problem(StatusCode::UNAUTHORIZED, TOKEN_NEEDED);
        let is_bearer = |(scheme, _): (&str, &str)| scheme.eq_ignore_ascii_case("bearer");
        let challenge = if only(headers).is_some_and(is_bearer) { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        if !path.starts_with("/v1/") {
            // A browser asks for it, as a password.
            refusal.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(BASIC));
        }
        Some(refusal)
    }

    /// Whether another replica asks.
    fn is_replica(&self, token: &SecretString, request: &Request) -> bool {
        let said = only(request.headers()).filter(|(scheme, _)| *scheme == SCHEME);
        let now = SystemTime::UNIX_EPOCH.elapsed();
        let (Some((_, said)), Some(own), Ok(now)) = (said, &self.own, now) else { return false };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        proves(token, own, path, said, now.as_secs())
    }

    /// After how many seconds one that asks too often may ask again.
    fn too_often(&self, address: IpAddr) -> Option<u64> {
        let rates = self.rates.as_ref()?;
        if rates.len() > MAX_ADDRESSES {
            rates.retain_recent();
        }
        let until = rates.check_key(&network(address)).err()?;
        Some(until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }

    /// What every answer says to browsers and caches, unless it says something else itself.
    fn harden(&self, headers: &mut HeaderMap) {
        let mut all: Vec<(HeaderName, &'static str)> = vec![
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "no-store"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        if self.is_encrypted {
            all.push((STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
        }
        for (name, value) in all {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
}

/// Lets a request in or not; bounds its answer.
pub async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let mut response = match gate.refusal(&request) {
        Some(refusal) => refusal,
        None => tokio::time::timeout(LONGEST_ANSWER, next.run(request)).await.unwrap_or_else(|_| {
            tracing::warn!(seconds = begun.elapsed().as_secs(), "an answer took too long");
            problem(StatusCode::GATEWAY_TIMEOUT, TOO_LONG)
        }),
    };
    gate.harden(response.headers_mut());
    response
}

/// The token that is sent, if exactly one is: as itself, or as the password of a browser's user, whose name is of no matter.
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, token) = only(headers)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(token.as_bytes().to_vec());
    }
    let pair = STANDARD.decode(token).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

/// Scheme and what follows it, if exactly one is sent.
fn only(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (all.next()?, all.next()) else { return None };
    let (scheme, rest) = only.to_str().ok()?.split_once(' ')?;
    Some((scheme, rest.trim()))
}

/// Whether a request names this machine as its host.
fn is_at_home(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
        || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whose rate an address counts to: of IPv6 a whole /64 is one customer's.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => six
            .to_ipv4_mapped()
            .map_or_else(|| Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(), IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::{AUTHORIZATION, HOST};

    use super::{given, is_at_home, network};

    #[test]
    fn one_token_counts_and_two_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(given(&headers), None);
        headers.append(AUTHORIZATION, "bearer one".parse().unwrap());
        assert_eq!(given(&headers).as_deref(), Some(&b"one"[..]));
        headers.append(AUTHORIZATION, "Bearer two".parse().unwrap());
        assert_eq!(given(&headers), None);
    }

    #[test]
    fn a_browser_sends_the_token_as_a_password() {
        let sent = |text: &str| given(&[(AUTHORIZATION, text.parse().unwrap())].into_iter().collect());
        // anna:secret:2
        assert_eq!(sent("Basic YW5uYTpzZWNyZXQ6Mg==").as_deref(), Some(&b"secret:2"[..]));
        assert_eq!([sent("Basic YW5uYQ=="), sent("Basic %"), sent("Digest YW5uYTpzZWNyZXQ6Mg==")], [None, None, None]);
    }

    #[test]
    fn home_is_this_machine_by_any_of_its_names() {
        let at_home = |host: &str| is_at_home(&[(HOST, host.parse().unwrap())].into_iter().collect());
        for host in ["localhost", "LocalHost:8080", "127.0.0.1:80", "127.8.9.1", "[::1]:8080", "[::1]"] {
            assert!(at_home(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8080", "10.0.0.1", "127.0.0.1.evil.example", "", "::"] {
            assert!(!at_home(host), "{host}");
        }
        assert!(!is_at_home(&HeaderMap::new()));
    }

    #[test]
    fn addresses_of_one_customer_share_a_rate() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.1.2.3"), of("10.1.2.3"));
        assert_ne!(of("10.1.2.3"), of("10.1.2.4"));
    }
}
