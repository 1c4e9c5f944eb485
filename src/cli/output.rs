//! Files that commands write: standard output for `-`, compressed by suffix, whole or not at all where it matters.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempPath;

use crate::cli::exit::Failure;
use crate::cli::progress::hush;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// Opens a file for writing; absent or `-` is standard output.
pub fn create(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
        if stdout().is_terminal() {
            hush();
        }
        return Ok(Box::new(BufWriter::new(stdout().lock())));
    };
    let file = File::create(path).map_err(|fault| cannot_write(path, &fault))?;
    let file = BufWriter::new(file);
    match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("gz") => Ok(Box::new(GzEncoder::new(file, Compression::default()))),
        Some("zst") => {
            let encoder = zstd::Encoder::new(file, ZSTD_LEVEL).map_err(|fault| cannot_write(path, &fault))?;
            Ok(Box::new(encoder.auto_finish()))
        }
        _ => Ok(Box::new(file)),
    }
}

/// Prints a line on standard output. A reader that has gone, as `head` does, ends the command in peace.
pub fn say(line: impl Display) {
    match writeln!(stdout().lock(), "{line}") {
        Err(fault) if fault.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Ok(()) | Err(_) => {}
    }
}

/// Whether a file can be written at the end of long work; said before it begins.
pub fn check_folder(path: &Path) -> Result<(), Failure> {
    let folder = folder(path);
    if path.as_os_str() == "-" || folder.is_dir() && !path.is_dir() {
        return Ok(());
    }
    let reason = if folder.is_dir() { "it is a folder" } else { "its folder does not exist" };
    Err(Failure::usage(format!("cannot write {}: {reason}", path.display())))
}

/// Prints a report: on one line for machines, else for people.
pub fn say_json(report: &Value, one_line: bool) {
    if one_line { say(report) } else { say(format_args!("{report:#}")) }
}

/// Where a chain of links leads, whether something is there or not.
fn resolved(path: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = std::fs::read_link(&path) else { break };
        path = folder(&path).join(next);
    }
    path
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a whole file under another name first, so that nobody ever sees half of it. A link is followed, and what is no
/// regular file (a device, a pipe) is written to, never replaced.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = Whole::new(path)?;
    file.write_all(bytes).map_err(|fault| cannot_write(path, &fault))?;
    file.keep()
}

/// A file that is not there before it is whole. Standard output for `-`.
pub struct Whole {
    out: Box<dyn Write + Send>,
    name: Option<(TempPath, PathBuf)>,
}

impl Whole {
    /// Begins it beside the place where it will be.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            if stdout().is_terminal() {
                hush();
            }
            return Ok(Self { out: Box::new(BufWriter::new(stdout())), name: None });
        }
        let path = resolved(path);
        if path.metadata().is_ok_and(|known| !known.is_file()) {
            let file = File::options().write(true).open(&path).map_err(|fault| cannot_write(&path, &fault))?;
            return Ok(Self { out: Box::new(file), name: None });
        }
        let file = tempfile::NamedTempFile::new_in(folder(&path)).map_err(|fault| cannot_write(&path, &fault))?;
        // A temporary file is the owner's alone; what a command makes is for everybody who may read the folder.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(readable).map_err(|fault| cannot_write(&path, &fault))?;
        let (file, name) = file.into_parts();
        Ok(Self { out: Box::new(BufWriter::new(file)), name: Some((name, path)) })
    }

    /// It is whole.
    pub fn keep(mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::of)?;
        let Some((name, path)) = self.name else { return Ok(()) };
        name.persist(&path).map_err(|fault| cannot_write(&path, &fault.error))
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// A file that is not there before it is whole, compressed by suffix.
pub enum Packed {
    /// As it is.
    Plain(Whole),
    /// gzip.
    Gzip(GzEncoder<Whole>),
    /// zstd.
    Zstd(zstd::Encoder<'static, Whole>),
}

impl Packed {
    /// Begins it.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let file = Whole::new(path)?;
        Ok(match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("gz") => Self::Gzip(GzEncoder::new(file, Compression::default())),
            Some("zst") => {
                Self::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL).map_err(|fault| cannot_write(path, &fault))?)
            }
            _ => Self::Plain(file),
        })
    }

    /// It is whole.
    pub fn keep(self) -> Result<(), Failure> {
        let file = match self {
            Self::Plain(file) => Ok(file),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        };
        file.map_err(Failure::of)?.keep()
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

fn cannot_write(path: &Path, fault: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot write {}: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileTypeExt, symlink};

    use super::write_whole;

    #[test]
    fn links_are_followed_and_devices_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        symlink("real", &link).unwrap();
        write_whole(&link, b"one").unwrap();
        write_whole(&link, b"two").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"two");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let device = folder.path().join("null");
        symlink("/dev/null", &device).unwrap();
        write_whole(&device, b"gone").unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}
