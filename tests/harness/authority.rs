//! Certificates, and who believes in them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::logs;

/// Signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Signed {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Signed {
    /// Writes `cert.pem` and `key.pem`, the latter for its owner alone.
    pub(crate) fn write_to(&self, folder: &Path) {
        use std::os::unix::fs::PermissionsExt as _;

        fs::write(folder.join("cert.pem"), &self.certificate).unwrap();
        let key = folder.join("key.pem");
        fs::write(&key, &self.key).unwrap();
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut own = CertificateParams::new([]).unwrap();
        let name = DnType::CommonName;
        own.distinguished_name.push(name, "authority of the tests");
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(own, key).unwrap())
    }

    /// A certificate of this machine that is good until the first day of that year.
    pub(crate) fn sign(&self, year: i32) -> Signed {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut wanted = CertificateParams::new(names).unwrap();
        wanted.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = wanted.signed_by(&key, &self.0).unwrap().pem();
        let key = key.serialize_pem();
        key.lines().for_each(logs::never);
        Signed { certificate, key }
    }

    /// Its own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a client is made of that believes in it, and speaks these versions.
    pub(crate) fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}
