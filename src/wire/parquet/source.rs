//! A file as the Parquet library reads it, here and there, its bytes counted. Nothing is kept of them.

use std::fs::File;
use std::io::BufReader;

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use crate::wire::meter::{Meter, Metered};

/// An open file.
pub struct Source {
    file: File,
    meter: Meter,
}

impl Source {
    /// The file, whose bytes `meter` counts.
    pub const fn new(file: File, meter: Meter) -> Self {
        Self { file, meter }
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        Length::len(&self.file)
    }
}

impl ChunkReader for Source {
    type T = Metered<BufReader<File>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.meter.count(self.file.get_read(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.meter.add(length as u64);
        self.file.get_bytes(start, length)
    }
}
