//! An issuer of certificates for tests, good ones and bad ones.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// An issuer that nobody trusts by itself.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// A certificate with its key and chain.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// A new one, with a key of its own.
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are fine names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Authority for tests");
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.self_signed(&key).expect("a key signs its own certificate").der().clone();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate (DER), for those who should trust it.
    pub fn der(&self) -> Vec<u8> {
        self.certificate.to_vec()
    }

    /// A certificate for these names, valid from 2020 until 2040.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.sign(names, 2020, 2040)
    }

    /// A certificate for these names that was valid until the first day of 2021.
    pub fn issue_expired(&self, names: &[&str]) -> Identity {
        self.sign(names, 2020, 2021)
    }

    /// A certificate for these names that is valid from the first day of 2039.
    pub fn issue_early(&self, names: &[&str]) -> Identity {
        self.sign(names, 2039, 2040)
    }

    fn sign(&self, names: &[&str], from: i32, until: i32) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("the names can stand in a certificate");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        Identity { chain: vec![certificate.der().clone(), self.certificate.clone()], key: key.into() }
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl Identity {
    /// What accepts TLS connections with it and offers these application protocols.
    pub fn acceptor(&self, protocols: &[&[u8]]) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider serves TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .expect("the key fits the certificate");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}
