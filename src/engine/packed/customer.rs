//! A whole customer, packed and unpacked.

use crate::engine::alerting::episode::Standing;
use crate::engine::customer::customer_hash;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::packed::chronicle::{read_chronicle, write_chronicle};
use crate::engine::packed::open::{
    read_counts, read_loyalty, read_marks, read_orders, read_recent, write_counts, write_loyalty, write_marks,
    write_orders, write_recent,
};
use crate::engine::packed::settled::{
    fold_ledger, follows_from_ledger, read_habits, read_kinds, read_ledger, read_rhythm, write_habits, write_kinds,
    write_ledger, write_rhythm,
};
use crate::engine::packed::standing::{read_standing, write_standing};
use crate::engine::rfm::marks::Marks;
use crate::engine::rfm::profile::Profile;

/// One customer, unpacked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Customer {
    /// Its id.
    pub id: String,
    /// [`customer_hash`] of the id.
    pub hash: u64,
    /// What is remembered of it.
    pub profile: Profile,
    /// What the closes have led to.
    pub standing: Standing,
}

impl Customer {
    /// A customer of whom nothing is known, in the room of this one.
    pub(crate) fn begin(&mut self, id: &str) {
        self.id.clear();
        self.id.push_str(id);
        self.hash = customer_hash(id);
        self.profile.clear();
        self.standing = Standing::default();
    }
}

// The bits of the first byte: which parts follow.
/// Rhythm and sums, where the ledger does not say them.
const RHYTHM: u8 = 1;
const ORDERS: u8 = 2;
const INTERACTIONS: u8 = 4;
const HABITS: u8 = 8;
const LOYALTY: u8 = 16;
const MARKS: u8 = 32;
const CHRONICLE: u8 = 64;

/// Packs a customer behind what the writer has already.
pub fn pack(writer: &mut Writer, profile: &Profile, standing: &Standing) {
    let Profile { newest, ledger, orders, kinds, counts, recent, habits, loyalty, marks, chronicle, .. } = profile;
    let bit = |there: bool, bit: u8| if there { bit } else { 0 };
    let interactions = !(kinds.is_empty() && counts.is_empty() && recent.is_empty());
    let parts = bit(!follows_from_ledger(profile), RHYTHM)
        | bit(!orders.is_empty(), ORDERS)
        | bit(interactions, INTERACTIONS)
        | bit(habits.is_some(), HABITS)
        | bit(loyalty.is_some(), LOYALTY)
        | bit(*marks != Marks::default(), MARKS)
        | bit(chronicle.is_some(), CHRONICLE);
    writer.byte(parts);
    writer.base(*newest);
    write_standing(writer, standing);
    write_ledger(writer, ledger, *newest);
    if parts & RHYTHM != 0 {
        write_rhythm(writer, profile);
    }
    if parts & ORDERS != 0 {
        write_orders(writer, orders);
    }
    if parts & INTERACTIONS != 0 {
        write_kinds(writer, kinds);
        write_counts(writer, counts, *newest);
        write_recent(writer, recent);
    }
    if let Some(habits) = habits {
        write_habits(writer, habits);
    }
    if let Some(loyalty) = loyalty {
        write_loyalty(writer, loyalty);
    }
    if parts & MARKS != 0 {
        write_marks(writer, marks);
    }
    if let Some(chronicle) = chronicle {
        write_chronicle(writer, chronicle, *newest);
    }
}

/// Unpacks a customer; what the two held before is overwritten, its room used again. `None` where the bytes are none of ours.
pub fn unpack(mut reader: Reader<'_>, profile: &mut Profile, standing: &mut Standing) -> Option<()> {
    let reader = &mut reader;
    let parts = reader.byte()?;
    profile.clear();
    profile.newest = reader.base()?;
    *standing = read_standing(reader)?;
    read_ledger(reader, &mut profile.ledger, profile.newest)?;
    if parts & RHYTHM == 0 {
        fold_ledger(profile);
    } else {
        read_rhythm(reader, profile)?;
    }
    if parts & ORDERS != 0 {
        read_orders(reader, &mut profile.orders)?;
    }
    if parts & INTERACTIONS != 0 {
        read_kinds(reader, &mut profile.kinds)?;
        read_counts(reader, &mut profile.counts, profile.newest)?;
        read_recent(reader, &mut profile.recent)?;
    }
    if parts & HABITS != 0 {
        profile.habits = Some(read_habits(reader)?);
    }
    if parts & LOYALTY != 0 {
        profile.loyalty = Some(Box::new(read_loyalty(reader)?));
    }
    if parts & MARKS != 0 {
        profile.marks = read_marks(reader)?;
    }
    if parts & CHRONICLE != 0 {
        profile.chronicle = Some(Box::new(read_chronicle(reader, profile.newest)?));
    }
    reader.is_done().then_some(())
}

/// Where a packed customer stands, the rest left packed.
pub fn unpack_standing(mut reader: Reader<'_>) -> Option<Standing> {
    reader.byte()?;
    reader.base()?;
    read_standing(&mut reader)
}
