//! Files that commands write: standard output for `-`, compressed by suffix, whole or not at all where it matters.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write, stdout};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::exit::Failure;

/// Opens a file for writing; absent or `-` is standard output.
pub fn create(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
        return Ok(Box::new(BufWriter::new(stdout().lock())));
    };
    let file = File::create(path).map_err(|fault| cannot_write(path, &fault))?;
    let file = BufWriter::new(file);
    match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("gz") => Ok(Box::new(GzEncoder::new(file, Compression::default()))),
        Some("zst") => {
            let encoder = zstd::Encoder::new(file, 3).map_err(|fault| cannot_write(path, &fault))?;
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

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a whole file under another name first, so that nobody ever sees half of it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = tempfile::NamedTempFile::new_in(folder(path)).map_err(|fault| cannot_write(path, &fault))?;
    file.write_all(bytes).map_err(|fault| cannot_write(path, &fault))?;
    // A temporary file is the owner's alone; a model is for everybody who may read the folder.
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable).map_err(|fault| cannot_write(path, &fault))?;
    file.persist(path).map_err(|fault| cannot_write(path, &fault.error))?;
    Ok(())
}

fn cannot_write(path: &Path, fault: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot write {}: {fault}", path.display()))
}
