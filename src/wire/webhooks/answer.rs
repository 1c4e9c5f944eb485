//! What an answer means: delivered, not now, or never again.

use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use crate::wire::webhooks::request::Format;

/// Longest wait that a receiver may ask for, in seconds: an hour.
const MAX_RETRY_AFTER: i64 = 3_600;
/// Most characters of an answer that are kept for whoever looks into it.
const MAX_TOLD: usize = 300;

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The other side has it.
    Delivered,
    /// The other side wants nothing any more.
    Gone,
    /// It did not take it.
    Refused,
}

/// What an answer means. A redirect is a refusal: a signature is for one address (Standard Webhooks).
pub fn verdict(format: Format, status: u16, body: &str) -> Verdict {
    if status == 410 {
        return Verdict::Gone;
    }
    let json = || serde_json::from_str::<Value>(body).unwrap_or_default();
    let taken = (200..300).contains(&status)
        && match format {
            Format::Cloudevents | Format::Slack => true,
            // Both answer 200 whatever happened.
            Format::Dingtalk | Format::Wecom => json().get("errcode") == Some(&0.into()),
            // A part of a batch failed, and this batch has one part.
            Format::Hubspot => status != 207,
            Format::Salesforce => json().as_array().is_some_and(|records| {
                !records.is_empty() && records.iter().all(|record| record.get("success") == Some(&true.into()))
            }),
        };
    if taken { Verdict::Delivered } else { Verdict::Refused }
}

/// How many seconds `Retry-After` asks to wait (RFC 9110): a number, or a date.
pub fn retry_after(header: &str, now_seconds: i64) -> Option<u64> {
    let header = header.trim();
    let date = || DateTimeParser::new().parse_timestamp(header).ok().map(|date| date.as_second() - now_seconds);
    let seconds = header.parse::<u32>().ok().map(i64::from).or_else(date)?;
    u64::try_from(seconds.clamp(0, MAX_RETRY_AFTER)).ok()
}

/// The beginning of an answer on one line.
pub fn told(body: &str) -> String {
    let plain = body.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(MAX_TOLD).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Verdict, retry_after, verdict};
    use crate::wire::webhooks::request::Format;

    #[test]
    fn each_address_says_yes_in_its_own_way() {
        for (format, status, body, wanted) in [
            (Format::Cloudevents, 204, "", Verdict::Delivered),
            (Format::Cloudevents, 302, "", Verdict::Refused),
            (Format::Cloudevents, 410, "", Verdict::Gone),
            (Format::Slack, 200, "ok", Verdict::Delivered),
            (Format::Slack, 400, "invalid_blocks", Verdict::Refused),
            (Format::Dingtalk, 200, r#"{"errcode":0,"errmsg":"ok"}"#, Verdict::Delivered),
            (Format::Dingtalk, 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#, Verdict::Refused),
            (Format::Wecom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, Verdict::Refused),
            (Format::Wecom, 200, "", Verdict::Refused),
            (Format::Hubspot, 200, "{}", Verdict::Delivered),
            (Format::Hubspot, 207, "{}", Verdict::Refused),
            (Format::Salesforce, 200, r#"[{"id":"1","success":true,"errors":[]}]"#, Verdict::Delivered),
            (Format::Salesforce, 200, r#"[{"success":false,"errors":[{}]}]"#, Verdict::Refused),
            (Format::Salesforce, 200, "[]", Verdict::Refused),
        ] {
            assert_eq!(verdict(format, status, body), wanted, "{format:?} {status} {body}");
        }
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_by_a_date() {
        assert_eq!(retry_after("120", 0), Some(120));
        assert_eq!(retry_after("999999", 0), Some(3_600));
        // Sun, 06 Nov 1994 08:49:37 GMT is 784,111,777 seconds after 1970.
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_747), Some(30));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_800), Some(0));
        assert_eq!(retry_after("soon", 0), None);
    }
}
