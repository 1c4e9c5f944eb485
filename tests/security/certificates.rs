//! Authorities and certificates of the tests, as PEM files.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// An authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate as a file.
    pub(crate) file: PathBuf,
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for hosts, and its key; one that expired years ago where it `is_old`.
    pub(crate) fn certificate(&self, name: &str, hosts: &[&str], is_old: bool) -> (String, String) {
        let mut params = named(name, hosts);
        if is_old {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// Key and certificate in one file, as a broker takes them.
    pub(crate) fn keystore(&self, folder: &Path, name: &str, hosts: &[&str], is_old: bool) -> PathBuf {
        let (certificate, key) = self.certificate(name, hosts, is_old);
        let file = folder.join(format!("{name}-keystore.pem"));
        std::fs::write(&file, key + &certificate).unwrap();
        file
    }

    /// Certificate and key in files of their own, as we take them.
    pub(crate) fn client(&self, folder: &Path, name: &str, file: &str, is_old: bool) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.certificate(name, &[], is_old);
        let (certificate_file, key_file) = (folder.join(format!("{file}.crt")), folder.join(format!("{file}.key")));
        std::fs::write(&certificate_file, certificate).unwrap();
        std::fs::write(&key_file, key).unwrap();
        (certificate_file, key_file)
    }
}
