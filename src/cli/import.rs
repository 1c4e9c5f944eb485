//! `import`: heads fitted by scikit-learn in, model artifact out. A head that does not score as its maker did stays out.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cli::exit::Failure;
use crate::cli::model_args::ImportArgs;
use crate::cli::output::write_whole;
use crate::wire::artifact::Artifact;
use crate::wire::artifact_records::HeadName;
use crate::wire::imported_head::{HeadForm, ImportedHead};

/// Longest file of a head; one of forty-four features has some tens of kilobytes.
const MAX_HEAD_BYTES: u64 = 4 << 20;

/// Runs the command.
pub fn run(args: &ImportArgs) -> Result<(), Failure> {
    let base = std::fs::read(&args.base).map_err(|fault| cannot_read(&args.base, &fault))?;
    let mut artifact = Artifact::read(&base).map_err(|fault| refused(&args.base, &fault))?;
    let stem = args.output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    artifact.name = args.name.clone().or(stem).unwrap_or_else(|| "model".into());
    for (name, path) in [(HeadName::Silence, &args.silence), (HeadName::Forward, &args.forward)] {
        let Some(path) = path else { continue };
        let bytes = head_bytes(path)?;
        let form =
            if path.extension().is_some_and(|suffix| suffix == "onnx") { HeadForm::Onnx } else { HeadForm::Json };
        let imported =
            ImportedHead::read(&bytes, form, name, artifact.horizon_days).map_err(|fault| refused(path, &fault))?;
        artifact.replace(name, &imported.head, hex::encode(Sha256::digest(&bytes)));
        eprintln!(
            "{}: {name} head of {} features, {} golden rows repeated within {:.1e}",
            path.display(),
            imported.head.columns.len(),
            imported.golden_rows,
            imported.largest_difference,
        );
    }
    // What is written must be what every other command will take.
    let bytes = artifact.write();
    Artifact::read(&bytes).map_err(|fault| refused(&args.output, &fault))?;
    write_whole(&args.output, &bytes)?;
    eprintln!(
        "{}: everything else from {}, its horizon of {} days among it",
        args.output.display(),
        args.base.display(),
        artifact.horizon_days
    );
    if args.silence.is_some() {
        eprintln!(
            "churnwatch: the thresholds are still those of the base's silence head: find new ones by `churnwatch backtest --precision` and write watch, high and critical under [alerts] before alerts go out"
        );
    }
    Ok(())
}

fn head_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|fault| cannot_read(path, &fault))?;
    file.take(MAX_HEAD_BYTES + 1).read_to_end(&mut bytes).map_err(|fault| cannot_read(path, &fault))?;
    if bytes.len() as u64 > MAX_HEAD_BYTES {
        return Err(refused(path, &format!("a head has at most {MAX_HEAD_BYTES} bytes: export one pipeline alone")));
    }
    Ok(bytes)
}

fn cannot_read(path: &Path, fault: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {fault}", path.display()))
}

fn refused(path: &Path, fault: &impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {fault}", path.display()))
}
