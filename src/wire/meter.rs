//! How far the reading of files has come, counted in their own bytes, compressed as they lie there.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes read so far; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// All that was read.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts bytes that were read past a source.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The same source, its bytes counted.
    pub fn count<S: Read>(&self, source: S) -> Metered<S> {
        Metered { source, meter: self.clone() }
    }
}

/// A source whose bytes are counted.
pub struct Metered<S> {
    source: S,
    meter: Meter,
}

impl<S: Read> Read for Metered<S> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.meter.add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Meter;

    #[test]
    fn what_is_read_is_counted_whoever_reads_it() {
        let (meter, mut text) = (Meter::default(), String::new());
        meter.count(&b"twelve bytes"[..]).take(6).read_to_string(&mut text).unwrap();
        assert_eq!(meter.bytes(), 6);
        meter.clone().count(&b"four"[..]).read_to_string(&mut text).unwrap();
        assert_eq!((meter.bytes(), text.as_str()), (10, "twelvefour"));
    }
}
