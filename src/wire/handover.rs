//! A profile on its way from one id of a customer to another, as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::customer::Tag;
use crate::engine::event::Handover;

/// The text of a profile that is handed over.
///
/// Writing to memory cannot fail; should it ever, the empty profile would be refused rather than misread.
pub fn handover_text(handover: &Handover) -> String {
    let via: Vec<u64> = handover.via.iter().map(|tag| tag.bits()).collect();
    STANDARD.encode(postcard::to_extend(&(&handover.record, &handover.names, via), Vec::new()).unwrap_or_default())
}

/// The profile in a text; `None` where it is none.
pub fn read_handover(text: &str) -> Option<Handover> {
    let packed = STANDARD.decode(text).ok()?;
    let (record, names, via): (Vec<u8>, Vec<String>, Vec<u64>) = postcard::from_bytes(&packed).ok()?;
    Some(Handover { record, names, via: via.into_iter().map(Tag::from_bits).collect() })
}
