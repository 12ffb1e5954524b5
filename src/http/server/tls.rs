//! HTTPS: the certificate, its key, and how both are replaced while connections go on.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::{fs, io};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use secrecy::{ExposeSecret as _, SecretSlice};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// How long before its end a certificate that nobody has renewed is worth a warning.
const RUNS_OUT_SOON: TimeDelta = TimeDelta::days(14);

/// What others than the owner and its group may do with a file.
const OTHERS: u32 = 0o007;

/// The files that HTTPS needs, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that lead to the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why there can be no HTTPS with the files; says nothing of what is in the key's.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's cannot be read.
    #[error("the file {} could not be read: {}", .0.display(), .1)]
    CertificateUnreadable(PathBuf, #[source] io::Error),
    /// The key's cannot be read.
    #[error("the file {} of the private key could not be read: {}", .0.display(), .1)]
    KeyUnreadable(PathBuf, #[source] io::Error),
    /// The two do not belong together.
    #[error("the private key is another than that of the certificate")]
    Mismatch,
    /// There is no certificate in the one.
    #[error("there is no certificate in the file, or it is not in PEM")]
    NoCertificate,
    /// There is no key in the other.
    #[error(
        "there is no private key in the file, or it is encrypted, of an unknown kind or not in PEM"
    )]
    NoKey,
}

/// A certificate and its key, which can be read again while connections go on.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.files).finish()
    }
}

impl Tls {
    /// Reads the files.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(default_provider());
        let shown = Shown::read(&files, &provider)?;
        let current = Arc::new(Current(RwLock::new(shown)));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            // Only without one of the two versions could this fail.
            .map_err(|_| TlsError::NoKey)?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files,
            current,
            config: Arc::new(config),
        })
    }

    /// Reads the files again, for the connections to come; what was read before stays if it cannot.
    pub fn reload(&self) -> Result<(), TlsError> {
        let shown = Shown::read(&self.files, self.config.crypto_provider())?;
        *self
            .current
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(())
    }

    /// Until when the certificate is good, if it says so in a way that can be understood.
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.current.shown().valid_until
    }

    /// What an operator should see to.
    pub fn warnings(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.valid_until() {
            Some(end) if end <= now => {
                warnings.push(format!("TLS_CERT: the certificate ran out at {end}"));
            }
            Some(end) if end - now <= RUNS_OUT_SOON => {
                warnings.push(format!("TLS_CERT: the certificate runs out at {end}"));
            }
            Some(_) | None => {}
        }
        let mode = fs::metadata(&self.files.key).map(|file| file.permissions().mode());
        if mode.is_ok_and(|mode| mode & OTHERS != 0) {
            let what = "TLS_KEY: every user of this machine may use the file of the private key; \
                        chmod o= changes that";
            warnings.push(what.to_owned());
        }
        warnings
    }

    /// What hyper reads and writes, once the peer has shaken hands.
    pub(super) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(Arc::clone(&self.config))
            .accept(stream)
            .await
    }
}

/// What a peer is shown, and until when it is good.
#[derive(Clone)]
struct Shown {
    certified: Arc<CertifiedKey>,
    valid_until: Option<DateTime<Utc>>,
}

impl Shown {
    fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<Self, TlsError> {
        let text = fs::read(&files.certificate)
            .map_err(|error| TlsError::CertificateUnreadable(files.certificate.clone(), error))?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.map_err(|_| TlsError::NoCertificate)?;
        let own = chain.first().ok_or(TlsError::NoCertificate)?;
        let valid_until = end_of(own);

        let text = fs::read(&files.key)
            .map_err(|error| TlsError::KeyUnreadable(files.key.clone(), error))?;
        let text = SecretSlice::from(text);
        let key = PrivateKeyDer::from_pem_slice(text.expose_secret());
        let key = key.map_err(|_| TlsError::NoKey)?;
        let key = provider.key_provider.load_private_key(key);
        let certified = CertifiedKey::new(chain, key.map_err(|_| TlsError::NoKey)?);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Self {
                certified: Arc::new(certified),
                valid_until,
            }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch),
            Err(_) => Err(TlsError::NoCertificate),
        }
    }
}

/// Until when that certificate is good.
fn end_of(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate().validity().not_after;
    let seconds = end.to_unix_duration().as_secs();
    DateTime::from_timestamp(seconds.try_into().ok()?, 0)
}

/// What the next peer is shown.
struct Current(RwLock<Shown>);

impl Current {
    fn shown(&self) -> Shown {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown().certified)
    }
}
