//! Numbers as digits in a text of a fixed room. No heap is asked for them.

use arrayvec::ArrayString;

/// Appends a number, with zeros in front up to `places` digits. The caller's room must hold it.
pub fn push<const N: usize>(text: &mut ArrayString<N>, number: u64, places: usize) {
    let mut room = itoa::Buffer::new();
    let digits = room.format(number);
    for _ in digits.len()..places {
        text.push('0');
    }
    text.push_str(digits);
}
