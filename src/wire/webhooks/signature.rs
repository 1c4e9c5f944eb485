//! Signatures: Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks), and DingTalk's own for its robots.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes the specification gives a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret of Standard Webhooks.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads `whsec_` and base64. The sentence of a fault holds nothing of it.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = "holds no secret of Standard Webhooks, which is whsec_ and 24 to 64 bytes in base64: make one with `echo whsec_$(openssl rand -base64 32)`";
        let bytes = text.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).map(Self).ok_or_else(|| wrong.to_owned())
    }
}

/// The value of `webhook-signature`: one signature for each secret, so that a receiver may know either while they change.
pub fn signatures(secrets: &[Secret], id: &str, seconds: i64, body: &[u8]) -> String {
    let head = format!("{id}.{seconds}.");
    let signed = secrets.iter().filter_map(|Secret(key)| Some(format!("v1,{}", tag(key, &[head.as_bytes(), body])?)));
    signed.collect::<Vec<_>>().join(" ")
}

/// What DingTalk wants behind the address of a robot whose security is a signature (open.dingtalk.com, custom robots).
pub fn dingtalk_query(secret: &str, millis: i64) -> String {
    let signed = format!("{millis}\n{secret}");
    let tag = tag(secret.as_bytes(), &[signed.as_bytes()]).unwrap_or_default();
    format!("timestamp={millis}&sign={}", utf8_percent_encode(&tag, NON_ALPHANUMERIC))
}

/// HMAC-SHA256 in base64.
fn tag(key: &[u8], parts: &[&[u8]]) -> Option<String> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Secret, dingtalk_query, signatures};

    #[test]
    fn the_specification_s_own_example_is_signed_as_it_says() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body), one);
        let other = Secret::read("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let both = signatures(&[secret, other], id, 1_614_265_330, body);
        let parts: Vec<&str> = both.split(' ').collect();
        assert!(parts.len() == 2 && parts[0] == one && parts[1].starts_with("v1,") && parts[1] != one, "{both}");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_repeated() {
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_ü"] {
            let sentence = Secret::read(wrong).err().unwrap();
            assert!(sentence.contains("openssl") && (wrong.len() < 7 || !sentence.contains(wrong)), "{sentence}");
        }
    }

    /// By `python3 -c` with hmac, hashlib, base64 and `urllib.parse.quote_plus`, as DingTalk's document shows it.
    #[test]
    fn a_robot_s_address_is_signed_as_dingtalk_shows() {
        let query = dingtalk_query("SECtest", 1_700_000_000_000);
        assert_eq!(query, "timestamp=1700000000000&sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D");
    }
}
