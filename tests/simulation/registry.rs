//! Schemas that records name, known only after a while. Every third history is framed.

use std::sync::Arc;

use churnwatch::processor::setup::Setup;
use churnwatch::wire::inputs::format::Format;
use churnwatch::wire::registry::definition::WriterSchema;
use churnwatch::wire::registry::framed::Framed;
use churnwatch::wire::registry::schemas::Known;

use crate::cluster::Input;
use crate::support::draw::Draw;

/// The ids that records name; of the last the registry knows nothing.
const IDS: u32 = 5;

/// The registry as the processes see it, all of them alike.
pub(crate) struct Registry(Option<Framed>);

impl Registry {
    /// Frames the records of every third seed.
    pub(crate) fn new(seed: u64, setup: &mut Setup, arrivals: &mut [(i64, Input)]) -> Self {
        if !seed.is_multiple_of(3) {
            return Self(None);
        }
        let framed = Framed::default();
        for format in &mut setup.formats {
            *format = Format::Framed(framed.clone(), Box::new(std::mem::take(format)));
        }
        for (at, (_, input)) in arrivals.iter_mut().enumerate() {
            let id = if at % 31 == 7 { IDS } else { 1 + at as u32 / 40 % (IDS - 1) };
            input.value = [&[0][..], &id.to_be_bytes(), &input.value].concat();
        }
        Self(Some(framed))
    }

    /// Now and then it answers, and now and then nobody knows any more what it said; where nothing goes wrong it answers.
    pub(crate) fn pass(&self, draw: &mut Draw, goes_wrong: bool) {
        let Some(framed) = &self.0 else { return };
        if goes_wrong && draw.below(150) == 0 {
            (1..=IDS).for_each(|id| framed.schemas.forget(id));
        }
        if !goes_wrong || draw.below(20) == 0 {
            framed.schemas.wanted().into_iter().for_each(|id| tell(framed, id));
        }
    }

    /// Everything is known.
    pub(crate) fn tell_all(&self) {
        if let Some(framed) = &self.0 {
            (1..=IDS).for_each(|id| tell(framed, id));
        }
    }
}

fn tell(framed: &Framed, id: u32) {
    let known = if id == IDS { Known::Unusable } else { Known::Schema(Arc::new(WriterSchema::Json)) };
    framed.schemas.tell(id, known);
}
