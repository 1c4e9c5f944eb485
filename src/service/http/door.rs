//! Connections: accepted up to a number, encrypted where a certificate is given, and bounded in bytes and time.
//!
//! Invariant: whoever is silent or slow loses its connection, never the server.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;
use tracing::{debug, info, warn};

use crate::config::http_tls::{Certificate, server_config};
use crate::service::http::gate::{Client, LONGEST_ANSWER};

/// Longest time for the head of a request, also of the next on the same connection, and for the handshake of TLS.
const HEAD: Duration = Duration::from_secs(10);
/// Most bytes and lines of a head.
const MAX_HEAD_BYTES: usize = 8 * 1024;
const MAX_HEADERS: usize = 64;
/// Room for reading and writing, a connection.
const BUFFER_BYTES: usize = 16 * 1024;
/// After this time a connection ends with the answer under way.
const LIFE: Duration = Duration::from_mins(5);
/// One address may hold this part of all connections.
const SHARE: usize = 4;
/// How often it is looked whether the certificate was changed.
const LOOK: Duration = Duration::from_secs(10);
/// Pause where no connection can be accepted, as without file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Binds to the address that `key` of the configuration names; port 0 takes a free one.
pub async fn bind(address: SocketAddr, key: &str) -> Result<(TcpListener, SocketAddr), String> {
    let taken = |fault| format!("cannot listen on {address} ({fault}): choose another {key}, or port 0 for a free one");
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

/// Serves until the process ends; at most so many connections at a time.
pub async fn serve(listener: TcpListener, router: Router, mut tls: Option<Tls>, connections: usize) {
    let places = Places::new(connections);
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(fault) => {
                debug!(%fault, "accepting a connection");
                sleep(PAUSE).await;
                continue;
            }
        };
        let client = address.ip().to_canonical();
        // Without an answer: to write one takes time, which whoever holds all places wants.
        let Some(place) = places.take(client) else { continue };
        let (router, acceptor) = (router.clone(), tls.as_mut().map(Tls::acceptor));
        tokio::spawn(async move {
            talk(stream, client, router, acceptor).await;
            drop(place);
        });
    }
}

async fn talk(stream: TcpStream, client: IpAddr, router: Router, acceptor: Option<TlsAcceptor>) {
    let Some(acceptor) = acceptor else { return answer(stream, client, router).await };
    match timeout(HEAD, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => answer(stream, client, router).await,
        Ok(Err(fault)) => debug!(%client, %fault, "handshake"),
        Err(_) => debug!(%client, "handshake took too long"),
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, client: IpAddr, router: Router) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Client(client));
        router.clone().call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(MAX_HEADERS);
    http.max_header_size(MAX_HEAD_BYTES).max_buf_size(BUFFER_BYTES);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(fault) = ended {
                debug!(%client, %fault, "connection");
            }
            return;
        }
        () = sleep(LIFE) => connection.as_mut().graceful_shutdown(),
    }
    if timeout(LONGEST_ANSWER, connection).await.is_err() {
        debug!(%client, "connection took too long");
    }
}

/// Who holds how many connections.
#[derive(Clone)]
struct Places {
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One connection's place, until it is dropped.
struct Place {
    places: Places,
    client: IpAddr,
}

impl Places {
    fn new(most: usize) -> Self {
        Self { held: Arc::default(), most }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, unless all are taken, or this client has its share.
    fn take(&self, client: IpAddr) -> Option<Place> {
        let mut held = self.held();
        let all: usize = held.values().sum();
        let own = held.get(&client).copied().unwrap_or_default();
        let is_full = all >= self.most || own >= (self.most / SHARE).max(1);
        (!is_full).then(|| {
            held.insert(client, own + 1);
            Place { places: self.clone(), client }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held();
        let left = held.get(&self.client).map_or(0, |own| own - 1);
        if left == 0 {
            held.remove(&self.client);
        } else {
            held.insert(self.client, left);
        }
    }
}

/// Encryption. A certificate that was changed is in force within seconds; one that can't be used changes nothing.
pub struct Tls {
    certificate: Certificate,
    acceptor: TlsAcceptor,
    looked: Instant,
}

impl Tls {
    /// With a certificate that the configuration has checked.
    pub fn new(certificate: Certificate) -> Self {
        let acceptor = TlsAcceptor::from(certificate.config.clone());
        Self { certificate, acceptor, looked: Instant::now() }
    }

    fn acceptor(&mut self) -> TlsAcceptor {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            match server_config(&self.certificate.files) {
                Ok(fresh) if fresh.digest != self.certificate.digest => {
                    info!("the certificate was changed");
                    self.acceptor = TlsAcceptor::from(fresh.config.clone());
                    self.certificate = fresh;
                }
                Ok(_) => {}
                Err(sentence) => warn!(sentence, "the certificate stays as it was"),
            }
        }
        self.acceptor.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn one_client_holds_its_share_and_all_together_no_more_than_there_are() {
        let (places, at) = (Places::new(8), |last: u8| [10, 0, 0, last].into());
        let first: Vec<_> = (0..3).filter_map(|_| places.take(at(1))).collect();
        assert_eq!(first.len(), 2);
        let others: Vec<_> = (2..9).filter_map(|last| places.take(at(last))).collect();
        assert_eq!(others.len(), 6);
        assert!(places.take(at(9)).is_none());
        drop(first);
        assert!(places.take(at(1)).is_some());
        drop(others);
        assert!(places.held().is_empty());
    }
}
