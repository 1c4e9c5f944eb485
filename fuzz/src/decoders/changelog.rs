//! What a restart reads: packed customers and the other records of the changelog.

use churnwatch::engine::packed::bytes::{Reader, Writer};
use churnwatch::engine::packed::customer::{Customer, pack, unpack};
use churnwatch::wire::changelog::ChangelogFault;
use churnwatch::wire::partition_record::{
    ChangelogKey, Closes, PartitionRecord, read_erasure, read_name, write_closes, write_erasure, write_name,
};

use super::{partition, same};

/// A packed customer: what can be unpacked is packed and unpacked again to the same.
pub(super) fn customer(bytes: &[u8]) {
    let Some(one) = unpacked(bytes) else { return };
    let written = packed(&one);
    let other = unpacked(&written).expect("what was packed is unpacked");
    assert!(same(&one, &other), "{one:?}\n{other:?}");
    assert_eq!(packed(&other), written);
}

fn unpacked(bytes: &[u8]) -> Option<Customer> {
    let (mut customer, mut names) = (Customer::default(), Vec::new());
    unpack(Reader::begin(bytes, &mut names), &mut customer.profile, &mut customer.standing).map(|()| customer)
}

fn packed(customer: &Customer) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin();
    pack(&mut writer, &customer.profile, &customer.standing);
    writer.bytes().to_vec()
}

/// The first byte says how long the key is; the rest is the value. Records are taken in as a restart does.
pub(super) fn changelog(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return };
    let Some((key, value)) = rest.split_at_checked(usize::from(*length)) else { return };
    let mut processor = partition::processor();
    let _ = processor.restore(key, None);
    let restored = processor.restore(key, Some(value)).is_ok();
    let Some(read) = ChangelogKey::read(key) else {
        assert!(!restored);
        return;
    };
    assert_eq!(read.write(), key);
    if restored && matches!(read, ChangelogKey::Customer(_)) {
        assert_eq!(processor.customers(), 1);
    }
    comes_back(value, PartitionRecord::read, PartitionRecord::write);
    comes_back(value, Closes::read, |read, out| {
        write_closes(&read.topics, &read.closes, &read.models, &read.drift, out);
    });
    comes_back(value, read_erasure, write_erasure);
    comes_back(value, |bytes| read_name(bytes).map(str::to_owned), |name, out| write_name(name, out));
    if let Ok(closes) = Closes::read(value) {
        let topics = closes.topics.clone();
        assert_eq!(closes.for_topics(&topics).topics, topics);
    }
}

/// What can be read is written and read again to the same.
fn comes_back<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, ChangelogFault>,
    write: impl Fn(&T, &mut Vec<u8>),
) {
    let Ok(one) = read(bytes) else { return };
    let mut written = Vec::new();
    write(&one, &mut written);
    let other = read(&written).expect("what was written is read");
    assert!(same(&one, &other), "{one:?}\n{other:?}");
}
