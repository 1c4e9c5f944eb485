//! What a profile was made of, packed.

use crate::engine::day::Day;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::packed::open::{read_changes, read_counts, read_orders, write_changes, write_counts, write_orders};
use crate::engine::rfm::chronicle::{Alias, Chronicle};

const FULL: u8 = 1;
const MOVED: u8 = 2;

pub(crate) fn write_chronicle(writer: &mut Writer, chronicle: &Chronicle, newest: Day) {
    let Chronicle { orders, counts, points, aliases, moved_to, full } = chronicle;
    let bit = |there: bool, bit: u8| if there { bit } else { 0 };
    writer.byte(bit(*full, FULL) | bit(moved_to.is_some(), MOVED));
    write_orders(writer, orders);
    write_counts(writer, counts, newest);
    write_changes(writer, points);
    writer.count(aliases.len());
    for alias in aliases {
        writer.text(&alias.id);
        writer.tag(alias.said);
    }
    if let Some(id) = moved_to {
        writer.text(id);
    }
}

pub(crate) fn read_chronicle(reader: &mut Reader<'_>, newest: Day) -> Option<Chronicle> {
    let bits = reader.byte()?;
    let mut chronicle = Chronicle { full: bits & FULL != 0, ..Chronicle::default() };
    read_orders(reader, &mut chronicle.orders)?;
    read_counts(reader, &mut chronicle.counts, newest)?;
    chronicle.points = read_changes(reader)?;
    for _ in 0..reader.count()? {
        chronicle.aliases.push(Alias { id: reader.text()?.into(), said: reader.tag()? });
    }
    if bits & MOVED != 0 {
        chronicle.moved_to = Some(reader.text()?.into());
    }
    Some(chronicle)
}
