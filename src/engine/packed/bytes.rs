//! Numbers as few bytes. Knows no customer.
//!
//! Reading never panics and never allocates by what a length claims: past the end everything is `None`.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::money::Money;

/// Most names that one record refers back to; further ones are spelled out each time.
const MAX_NAMES: usize = 200;
/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// Appends to a record.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    /// The day that others are told from.
    base: Day,
    /// The names in the order of mention.
    names: Vec<Tag>,
}

impl Writer {
    /// Begins a record.
    pub fn begin(&mut self) {
        self.bytes.clear();
        self.names.clear();
        self.base = Day(0);
    }

    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A text, behind its length.
    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    /// An unsigned number: seven bits a byte, the lowest first (LEB128).
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A signed number, small where it is near zero (zigzag).
    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    /// How many of something follow.
    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// Money that is seldom negative.
    pub fn money(&mut self, money: Money) {
        self.number(money.0 as u64);
    }

    /// Four bytes.
    pub fn f32(&mut self, value: f32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn f64(&mut self, value: f64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Six bytes.
    pub fn tag(&mut self, tag: Tag) {
        let [bits @ .., _, _] = tag.bits().to_le_bytes();
        self.bytes.extend_from_slice(&bits);
    }

    /// The day that days and instants are told from.
    pub fn base(&mut self, day: Day) {
        self.signed(i64::from(day.0));
        self.base = day;
    }

    /// A day, told from the base.
    pub fn day(&mut self, day: Day) {
        self.signed(i64::from(self.base.0) - i64::from(day.0));
    }

    /// A name: one byte where it was mentioned before.
    pub fn name(&mut self, name: Tag) {
        let names = &mut self.names;
        let known = names.iter().position(|known| *known == name);
        let place = known.unwrap_or(names.len());
        if known.is_none() && place < MAX_NAMES {
            names.push(name);
        }
        self.count(place);
        if known.is_none() {
            self.tag(name);
        }
    }

    /// An instant of `day`, by a local calendar; `since` is an earlier one if that makes it shorter.
    pub fn instant(&mut self, time: Millis, day: Day, since: Millis) {
        let shift = i64::from(day.0) - time.0.div_euclid(DAY_MILLIS) + 1;
        let (whole, code) = (time.0.wrapping_sub(since.0), if (0..3).contains(&shift) { shift as u64 } else { 3 });
        let seconds = whole % 1_000 == 0;
        let length = if seconds { whole / 1_000 } else { whole };
        let zigzag = ((length << 1) ^ (length >> 63)) as u64;
        self.number(zigzag << 3 | u64::from(seconds) << 2 | code);
        if code == 3 {
            self.signed(shift);
        }
    }

    /// The midnight (UTC) of the base, which the first instant is told from.
    pub fn midnight(&self) -> Millis {
        midnight(self.base)
    }
}

fn midnight(day: Day) -> Millis {
    Millis(i64::from(day.0) * DAY_MILLIS)
}

/// Takes a record apart.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    base: Day,
    names: &'a mut Vec<Tag>,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from the beginning; `names` is room for those that it mentions.
    pub fn begin(bytes: &'a [u8], names: &'a mut Vec<Tag>) -> Self {
        names.clear();
        Self { rest: bytes, base: Day(0), names }
    }

    /// Whether everything was read.
    pub const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*chunk)
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    /// An unsigned number.
    pub fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut number = u64::from(first & 0x7F);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A signed number.
    pub fn signed(&mut self) -> Option<i64> {
        let zigzag = self.number()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// A number of at most 32 bits.
    pub fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A number of at most 16 bits.
    pub fn tiny(&mut self) -> Option<u16> {
        u16::try_from(self.number()?).ok()
    }

    /// How many of something follow: never more than there are bytes left, each takes one at least.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }

    /// Money.
    pub fn money(&mut self) -> Option<Money> {
        self.number().map(|bits| Money(bits as i64))
    }

    /// Four bytes.
    pub fn f32(&mut self) -> Option<f32> {
        self.chunk().map(f32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn f64(&mut self) -> Option<f64> {
        self.chunk().map(f64::from_le_bytes)
    }

    /// Six bytes.
    pub fn tag(&mut self) -> Option<Tag> {
        let bytes: [u8; 6] = self.chunk()?;
        Some(Tag::from_bits(bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte))))
    }

    /// The base.
    pub fn base(&mut self) -> Option<Day> {
        let day = Day(i32::try_from(self.signed()?).ok()?);
        self.base = day;
        Some(day)
    }

    /// A day.
    pub fn day(&mut self) -> Option<Day> {
        let ago = self.signed()?;
        i32::try_from(i64::from(self.base.0).checked_sub(ago)?).ok().map(Day)
    }

    /// A day, told from a later one.
    pub fn day_before(&mut self, later: Day) -> Option<Day> {
        let distance = i32::try_from(self.signed()?).ok()?;
        later.0.checked_sub(distance).map(Day)
    }

    /// A name.
    pub fn name(&mut self) -> Option<Tag> {
        let place = usize::try_from(self.number()?).ok()?;
        if let Some(name) = self.names.get(place) {
            return Some(*name);
        }
        let name = self.tag()?;
        if place < MAX_NAMES {
            self.names.push(name);
        }
        Some(name)
    }

    /// An instant and its local day.
    pub fn instant(&mut self, since: Millis) -> Option<(Millis, Day)> {
        let head = self.number()?;
        let zigzag = head >> 3;
        let length = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let whole = if head & 4 == 0 { length } else { length.wrapping_mul(1_000) };
        // No further from the time than this, or the day would not say that the time can be written again.
        let shift = if head & 3 == 3 { i16::try_from(self.signed()?).ok()?.into() } else { (head & 3) as i64 };
        let time = since.0.wrapping_add(whole);
        let day = time.div_euclid(DAY_MILLIS).checked_add(shift)?.checked_sub(1)?;
        Some((Millis(time), Day(i32::try_from(day).ok()?)))
    }

    /// The midnight (UTC) of the base.
    pub fn midnight(&self) -> Millis {
        midnight(self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};
    use crate::engine::customer::Tag;
    use crate::engine::day::{Day, Millis};

    #[test]
    fn numbers_days_names_and_instants_come_back() {
        let mut writer = Writer::default();
        writer.begin();
        writer.base(Day(20_000));
        let numbers = [0, 1, 127, 128, 16_384, u64::from(u32::MAX), u64::MAX];
        for number in &numbers {
            writer.number(*number);
        }
        let signed = [0, -1, 1, -64, 64, i64::MIN, i64::MAX];
        for number in &signed {
            writer.signed(*number);
        }
        let days = [Day(20_000), Day(19_990), Day(i32::MIN), Day(i32::MAX)];
        for day in &days {
            writer.day(*day);
        }
        let names: Vec<Tag> = (0..500_u64).map(|number| Tag::from_bits((number % 300) << 7)).collect();
        for name in &names {
            writer.name(*name);
        }
        let instants = [
            (Millis(20_000 * 86_400_000), Day(20_000)),
            (Millis(20_000 * 86_400_000 + 3_600_000), Day(20_001)),
            (Millis(19_000 * 86_400_000 + 1), Day(18_999)),
            (Millis(19_000 * 86_400_000 + 1), Day(18_000)),
        ];
        let mut since = writer.midnight();
        for (time, day) in instants {
            writer.instant(time, day, since);
            since = time;
        }
        let bytes = writer.bytes().to_vec();
        let mut mentioned = Vec::new();
        let mut reader = Reader::begin(&bytes, &mut mentioned);
        assert_eq!(reader.base(), Some(Day(20_000)));
        for number in &numbers {
            assert_eq!(reader.number(), Some(*number));
        }
        for number in &signed {
            assert_eq!(reader.signed(), Some(*number));
        }
        for day in &days {
            assert_eq!(reader.day(), Some(*day));
        }
        for name in &names {
            assert_eq!(reader.name(), Some(*name));
        }
        let mut since = reader.midnight();
        for (time, day) in instants {
            assert_eq!(reader.instant(since), Some((time, day)));
            since = time;
        }
        assert!(reader.is_done());
        assert_eq!((reader.byte(), reader.number(), reader.f64()), (None, None, None));
    }

    #[test]
    fn what_no_writer_wrote_is_none() {
        let mut names = Vec::new();
        assert_eq!(Reader::begin(&[0x80; 11], &mut names).number(), None);
        assert_eq!(Reader::begin(&[200, 1], &mut names).count(), None);
        assert_eq!(Reader::begin(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F], &mut names).tiny(), None);
    }
}
