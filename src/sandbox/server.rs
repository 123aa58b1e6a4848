//! The HTTP server: routes a request, plays faults on it, and logs what became of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::HeaderMap;
use http::header::{HOST, RETRY_AFTER, USER_AGENT};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::clock::{Clock, iso8601};
use super::config::Config;
use super::connection::{Cut, Loopback};
use super::control::{self, Throttles};
use super::external::Externals;
use super::faults::{FaultKind, Faults};
use super::identity::Directory;
use super::log::{Entry, Log};
use super::metadata::MachineTokens;
use super::oidc::Provider;
use super::random::NoRandomness;
use super::route::{Route, route};
use super::store::Store;
use super::{admin, assets, metadata, npm, oidc, reply, sts};

/// What every request sees.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) directory: Directory,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) throttles: Throttles,
    pub(crate) links: assets::Links,
    pub(crate) externals: Externals,
    pub(crate) provider: Provider,
    pub(crate) machine_tokens: MachineTokens,
    pub(crate) address: SocketAddr,
    /// Where tarballs are redirected to.
    pub(crate) assets_address: SocketAddr,
}

impl Shared {
    pub(crate) fn new(
        mut config: Config,
        store: Store,
        address: SocketAddr,
        assets_address: SocketAddr,
    ) -> Result<Self, NoRandomness> {
        Ok(Self {
            clock: Clock::new(config.clock),
            directory: Directory::new(&config)?,
            faults: Faults::new(std::mem::take(&mut config.faults)),
            log: Log::default(),
            throttles: Throttles::new(&config.limits),
            links: assets::Links::default(),
            provider: Provider::new()?,
            machine_tokens: MachineTokens::new()?,
            externals: Externals::new(&config.external_connections),
            config,
            store,
            address,
            assets_address,
        })
    }
}

/// A request taken apart, with what is being found out about it.
pub(crate) struct Incoming {
    pub(crate) method: String,
    /// Percent-encoded, without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The `Host` header, or the authority of an absolute request target.
    pub(crate) authority: String,
    /// The fault that shapes the answer.
    pub(crate) fault: Option<FaultKind>,
    pub(crate) entry: Entry,
}

impl Incoming {
    fn new(request: Request, now: i64) -> Self {
        let (parts, body) = request.into_parts();
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let authority = parts
            .uri
            .authority()
            .map(http::uri::Authority::as_str)
            .or_else(|| header(HOST))
            .unwrap_or_default()
            .to_owned();
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let method = parts.method.as_str().to_owned();
        let entry = Entry {
            time: iso8601(now),
            method: method.clone(),
            host: authority.clone(),
            path: parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            user_agent: header(USER_AGENT).map(str::to_owned),
            ..Entry::default()
        };
        Self {
            method,
            path,
            query,
            headers: parts.headers,
            body,
            authority,
            fault: None,
            entry,
        }
    }

    /// The host without its port, lowercase.
    fn host(&self) -> String {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        };
        host.to_ascii_lowercase()
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Takes a fault that this place knows how to play.
    pub(crate) fn take_fault(&mut self, plays: fn(&FaultKind) -> bool) -> Option<FaultKind> {
        if self.fault.as_ref().is_some_and(plays) {
            self.fault.take()
        } else {
            None
        }
    }
}

/// Serves both listeners until `shutdown`.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    asset_listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // The sender outlives both servers, so an error cannot be; either way it is time to stop.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let main = Router::new()
        .fallback(handle)
        .with_state(Arc::clone(&shared));
    let second = Router::new().fallback(assets::handle).with_state(shared);
    let main = axum::serve(
        Loopback(listener),
        main.into_make_service_with_connect_info::<Cut>(),
    )
    .with_graceful_shutdown(wait(stopped.clone()));
    let second = axum::serve(
        Loopback(asset_listener),
        second.into_make_service_with_connect_info::<Cut>(),
    )
    .with_graceful_shutdown(wait(stopped));
    let ended = async {
        shutdown.await;
        let _ = stop.send(true);
    };
    let (first, second, ()) = tokio::join!(main.into_future(), second.into_future(), ended);
    first.and(second)
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let mut incoming = Incoming::new(request, shared.clock.now());
    let host = incoming.host();
    let path = incoming.path.clone();
    let route = route(&host, &path);
    if let Route::Admin(rest) = route {
        return admin::handle(&shared, rest, incoming).await;
    }
    incoming.fault = shared.faults.strike(&incoming.method, &path);
    if let Some(fault) = &incoming.fault {
        incoming.entry.fault = Some(fault.name().to_owned());
    }
    if let Some(response) = early(&mut incoming, &cut).await {
        incoming.entry.status = response.status().as_u16();
        shared.log.push(incoming.entry);
        return response;
    }
    let late = incoming.take_fault(|fault| {
        matches!(
            fault,
            FaultKind::LoseReply | FaultKind::ResetDuringReply { .. }
        )
    });
    let response = match route {
        Route::Control => control::handle(&shared, &mut incoming).await,
        Route::Npm(route) => npm::handle(&shared, &route, &mut incoming).await,
        Route::BadEndpoint(why) => npm::error(&shared, 404, why),
        Route::Sts => sts::handle(&shared, &mut incoming).await,
        Route::Oidc(rest) => oidc::handle(&shared, rest, &incoming),
        Route::Metadata => metadata::handle(&shared, &incoming),
        Route::Admin(_) | Route::Nowhere => npm::error(&shared, 404, "nothing is served here"),
    };
    incoming.entry.status = response.status().as_u16();
    match late {
        Some(FaultKind::LoseReply) => cut.after(0),
        Some(FaultKind::ResetDuringReply { after }) => cut.after(after),
        _ => {}
    }
    drain(&mut incoming.body).await;
    shared.log.push(incoming.entry);
    response
}

/// Plays the faults that come before anything is done.
async fn early(incoming: &mut Incoming, cut: &Cut) -> Option<Response> {
    match &incoming.fault {
        Some(FaultKind::Status {
            status,
            retry_after,
        }) => {
            let (status, retry_after) = (*status, *retry_after);
            drain(&mut incoming.body).await;
            let body = serde_json::json!({"message": "a fault of the sandbox", "error": "a fault of the sandbox"});
            let response = reply::json(status, &body);
            Some(match retry_after {
                Some(seconds) => reply::with(response, RETRY_AFTER, &seconds.to_string()),
                None => response,
            })
        }
        Some(FaultKind::Html { status }) => {
            let status = *status;
            drain(&mut incoming.body).await;
            let page = "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>\n";
            Some(reply::bytes(status, "text/html", page))
        }
        Some(FaultKind::Delay { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            None
        }
        Some(FaultKind::ResetBeforeBody) => {
            cut.after(0);
            Some(reply::bytes(500, "text/plain", ""))
        }
        Some(FaultKind::ResetDuringBody { after }) => {
            let after = *after;
            let mut read = 0;
            while read < after {
                match incoming.body.frame().await {
                    Some(Ok(frame)) => {
                        read += frame.data_ref().map_or(0, |data| data.len() as u64);
                    }
                    _ => break,
                }
            }
            cut.after(0);
            Some(reply::bytes(500, "text/plain", ""))
        }
        _ => None,
    }
}

/// Reads on for a while after a refusal, so that a client that is still sending sees the reply
/// instead of a reset.
async fn drain(body: &mut Body) {
    const PATIENCE: usize = 64 << 20;
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, bytes::Bytes::len);
        if read > PATIENCE {
            return;
        }
    }
}
