//! The certificate of the HTTP listener: read, and known to fit its key, before anything listens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the certificate and its key lie.
pub type Files = [PathBuf; 2];

/// A certificate that can be served with.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Where it came from.
    pub files: Files,
    /// What it means to rustls.
    pub config: Arc<ServerConfig>,
    /// Tells it from another.
    pub digest: [u8; 32],
}

/// Reads certificate and key; the fault says what is wrong with which file.
pub fn server_config(files: &Files) -> Result<Certificate, String> {
    let [certificate_file, key_file] = files;
    let (certificates, key) = (read(certificate_file)?, read(key_file)?);
    let digest = Sha256::new().chain_update(&certificates).chain_update(&key).finalize().into();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificates)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| format!("{} holds no certificate in PEM", certificate_file.display()))?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| format!("{} holds no private key in PEM without a password", key_file.display()))?;
    let config =
        ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config =
        config.and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key)).map_err(|fault| {
            format!("{} and {} can't be used together: {fault}", certificate_file.display(), key_file.display())
        })?;
    Ok(Certificate { files: files.clone(), config: Arc::new(config), digest })
}

/// Reads the authority that vouches for other replicas.
pub fn read_authority(path: &Path) -> Result<Vec<u8>, String> {
    let pem = read(path)?;
    let one = CertificateDer::from_pem_slice(&pem);
    one.map(|_| pem).map_err(|_| format!("{} holds no certificate in PEM", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|fault| format!("cannot read {}: {fault}", path.display()))
}
