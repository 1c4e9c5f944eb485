//! The wire format of Confluent's serializers: a zero, the schema's id in four bytes, and with Protobuf where the message stands
//! in its file. What does not begin so was written by another serializer.

use crate::engine::event::Reason;
use crate::wire::reject::Reject;

/// Deepest that a message may be nested in its file, far beyond what anybody writes.
const MAX_INDEXES: usize = 32;

/// The schema's id, and what stands behind it.
pub fn split(value: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = value.split_first_chunk::<5>()?;
    match head {
        [0, id @ ..] => Some((u32::from_be_bytes(*id), rest)),
        _ => None,
    }
}

/// Where a Protobuf message stands in its file (the third message in the first is 0, 2), and its own bytes.
pub fn message_indexes(mut rest: &[u8]) -> Result<(Vec<usize>, &[u8]), Reject> {
    let count = zigzag(&mut rest)?;
    // The first message of the file, which most are, is written as a single zero.
    if count == 0 {
        return Ok((vec![0], rest));
    }
    let count = usize::try_from(count).ok().filter(|count| *count <= MAX_INDEXES).ok_or(Reason::BadEncoding)?;
    let mut indexes = Vec::with_capacity(count);
    for _ in 0..count {
        indexes.push(usize::try_from(zigzag(&mut rest)?).map_err(|_| Reason::BadEncoding)?);
    }
    Ok((indexes, rest))
}

/// A whole number of variable length, signs alternating: Avro and the message indexes write numbers so.
pub fn zigzag(rest: &mut &[u8]) -> Result<i64, Reject> {
    let (mut number, mut shift) = (0_u64, 0);
    while let Some((byte, more)) = rest.split_first() {
        *rest = more;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((number >> 1) as i64 ^ -((number & 1) as i64));
        }
        shift += 7;
        if shift > 63 {
            break;
        }
    }
    Err(Reason::BadEncoding.into())
}

#[cfg(test)]
mod tests {
    use super::{message_indexes, split, zigzag};
    use crate::engine::event::Reason;

    #[test]
    fn a_frame_names_its_schema() {
        assert_eq!(split(&[0, 0, 0, 1, 2, 7, 8]), Some((258, &[7, 8][..])));
        assert_eq!(split(&[0, 255, 255, 255, 255]), Some((u32::MAX, &[][..])));
        for other in [&b"{\"id\":1}"[..], &[1, 0, 0, 0, 1, 7], &[0, 0, 0, 1], &[]] {
            assert_eq!(split(other), None, "{other:?}");
        }
    }

    #[test]
    fn numbers_are_read_to_both_ends() {
        for (bytes, number) in [
            (&[0][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0x80, 1], 64),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], i64::from(i32::MAX)),
        ] {
            assert_eq!(zigzag(&mut &*bytes), Ok(number));
        }
        let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(zigzag(&mut &least[..]), Ok(i64::MIN));
        for bad in [&[][..], &[0x80], &[0xff; 11]] {
            assert_eq!(zigzag(&mut &*bad), Err(Reason::BadEncoding.into()), "{bad:?}");
        }
    }

    #[test]
    fn indexes_lead_to_a_nested_message() {
        assert_eq!(message_indexes(&[0, 9]), Ok((vec![0], &[9][..])));
        assert_eq!(message_indexes(&[4, 2, 4, 9]), Ok((vec![1, 2], &[9][..])));
        for bad in [&[][..], &[4, 2], &[1], &[2, 1], &[0xfe, 0xff, 3]] {
            assert_eq!(message_indexes(bad), Err(Reason::BadEncoding.into()), "{bad:?}");
        }
    }
}
