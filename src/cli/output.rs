//! Files that commands write: standard output for `-`, compressed by suffix, whole or not at all where it matters.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::cli::exit::Failure;
use crate::cli::progress::hush;

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
    let target = resolved(path);
    let path = target.as_path();
    if path.metadata().is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, bytes).map_err(|fault| cannot_write(path, &fault));
    }
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
