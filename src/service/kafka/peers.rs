//! Which replica answers for which partition, by the group's own word: a member's client id says where it can be asked.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::groups::GroupInfo;

use crate::config::checker::reachable;
use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::NAME;
use crate::service::kafka::topics::{asker, unreachable};

/// Bound on the answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Where the owner of each partition can be asked, `host:port`; `None` where it does not say.
pub fn owners(settings: &Settings) -> Result<BTreeMap<u32, Option<String>>, ServiceFault> {
    let groups = asker(settings)?
        .fetch_group_list(Some(&settings.file.kafka.group_id), ANSWER)
        .map_err(|fault| unreachable(settings, &fault))?;
    let members = groups.groups().iter().flat_map(GroupInfo::members);
    let partitions = members.filter_map(|member| {
        let assigned = assigned(member.assignment()?)?;
        let address = address(member.client_id());
        Some(assigned.into_iter().map(move |partition| (partition, address.clone())))
    });
    Ok(partitions.flatten().collect())
}

/// The address in a client id. It ends in a header, so it is taken only if it is one.
fn address(client_id: &str) -> Option<String> {
    let (address, _) = client_id.strip_prefix(NAME)?.rsplit_once('#')?;
    reachable(address).map(|known| known.to_string())
}

/// The partitions in a member's assignment, of whatever topic: all inputs are shared out alike. The bytes are Kafka's
/// consumer protocol: version, topics with their partitions, user data (`ConsumerProtocolAssignment`).
fn assigned(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut left = bytes.get(2..)?;
    let mut partitions = Vec::new();
    for _ in 0..int(&mut left)? {
        let length = usize::from(u16::from_be_bytes(*take(&mut left)?));
        left = left.get(length..)?;
        for _ in 0..int(&mut left)? {
            partitions.push(int(&mut left)?);
        }
    }
    Some(partitions)
}

fn take<'a, const N: usize>(left: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = left.split_first_chunk()?;
    *left = rest;
    Some(first)
}

/// An INT32 that is not negative.
fn int(left: &mut &[u8]) -> Option<u32> {
    u32::try_from(i32::from_be_bytes(*take(left)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::{address, assigned};

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_none() {
        let bytes = b"\0\x01\0\0\0\x02\0\x01a\0\0\0\x02\0\0\0\x03\0\0\0\x07\0\x02bc\0\0\0\x01\0\0\0\x03\0\0\0\0";
        assert_eq!(assigned(bytes), Some(vec![3, 7, 3]));
        for length in 0..bytes.len() - 4 {
            assert_eq!(assigned(&bytes[..length]), None, "{length}");
        }
        assert_eq!(assigned(b"\0\x01\xff\xff\xff\xff"), None);
    }

    #[test]
    fn only_an_address_is_one() {
        assert_eq!(address("churnwatch@shop-0.shop:8080#1"), Some("shop-0.shop:8080".into()));
        assert_eq!(address("churnwatch@[::1]:8080#0"), Some("[::1]:8080".into()));
        for other in [
            "rdkafka",
            "churnwatch@shop",
            "churnwatch@shop#0",
            "churnwatch@0.0.0.0:8080#0",
            "churnwatch@[::]:8080#0",
            "churnwatch@127.0.0.1:0#0",
            "churnwatch@me@shop:80#0",
            "churnwatch@shop:80/evil#0",
            "churnwatch@shop:80\r\nX: y#0",
        ] {
            assert_eq!(address(other), None, "{other:?}");
        }
    }
}
