//! How a replica shows another one that it knows the token, without telling it: whoever claims an address in the group
//! would else be sent the token itself.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The scheme in `Authorization`.
pub const SCHEME: &str = "Churnwatch-Replica";
/// How old a proof may be, and how far clocks may be apart.
const LASTS_SECONDS: u64 = 60;

/// The header's value for a request to `address` at `seconds` since 1970.
pub fn proof(token: &SecretString, address: &str, path: &str, seconds: u64) -> Option<String> {
    let tag = hex::encode(mac(token, address, path, seconds)?.finalize().into_bytes());
    Some(format!("{SCHEME} {seconds}.{tag}"))
}

/// Whether what follows the scheme proves that the asker knows the token; `own`: the address that this replica says of itself.
pub fn proves(token: &SecretString, own: &str, path: &str, said: &str, now_seconds: u64) -> bool {
    let read = || {
        let (seconds, tag) = said.split_once('.')?;
        let seconds = seconds.parse().ok().filter(|seconds| now_seconds.abs_diff(*seconds) <= LASTS_SECONDS)?;
        mac(token, own, path, seconds)?.verify_slice(&hex::decode(tag).ok()?).ok()
    };
    read().is_some()
}

/// HMAC-SHA256 over time, address and path with its parameters, none of which holds a line feed.
fn mac(token: &SecretString, address: &str, path: &str, seconds: u64) -> Option<Hmac<Sha256>> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(token.expose_secret().as_bytes()).ok()?;
    mac.update(format!("{seconds}\n{address}\n{path}").as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{SCHEME, proof, proves};

    #[test]
    fn a_proof_holds_for_its_replica_path_and_minute_alone() {
        let token = SecretString::from("word");
        let sent = proof(&token, "a:1", "/v1/customers?limit=2", 1_000).unwrap();
        let said = sent.strip_prefix(SCHEME).unwrap().trim();
        assert!(!sent.contains("word"));
        assert!(proves(&token, "a:1", "/v1/customers?limit=2", said, 1_060));
        for (own, path, now) in [
            ("b:1", "/v1/customers?limit=2", 1_000),
            ("a:1", "/v1/customers", 1_000),
            ("a:1", "/v1/customers?limit=2", 1_061),
        ] {
            assert!(!proves(&token, own, path, said, now), "{own} {path} {now}");
        }
        assert!(!proves(&SecretString::from("other"), "a:1", "/v1/customers?limit=2", said, 1_000));
        for broken in ["", "1000", "1000.", "1000.zz", "x.00"] {
            assert!(!proves(&token, "a:1", "/", broken, 1_000), "{broken}");
        }
    }
}
