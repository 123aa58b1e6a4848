//! The HTTP server: routes a request, plays faults on it, and logs what became of it.
//!
//! Two hosts answer: the service, and the one that tarballs are redirected to.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::HeaderMap;
use http::header::{DATE, HOST, USER_AGENT};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::clock::{Clock, http_date, iso8601};
use super::config::Config;
use super::connection::{Cut, Loopback};
use super::control::{self, Throttles};
use super::external::Externals;
use super::faults::play::{after, before, drain};
use super::faults::{FaultKind, Faults};
use super::identity::Directory;
use super::identity::token::Expired;
use super::log::{Entry, Log, shown};
use super::metadata::MachineTokens;
use super::oidc::Provider;
use super::random::NoRandomness;
use super::route::{Route, route};
use super::sso::SignIn;
use super::store::Store;
use super::{admin, assets, hosts, metadata, npm, oidc, reply, sso, sts};

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
    pub(crate) sign_in: SignIn,
    /// Tokens that a fault ended before their time.
    pub(crate) expired: Expired,
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
        let clock = Clock::new(config.clock);
        Ok(Self {
            sign_in: SignIn::new(clock.now_seconds())?,
            expired: Expired::default(),
            clock,
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
            path: shown(&path, parts.uri.query()),
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

    /// The fault that strikes this request here, if one that this place `plays` is armed.
    pub(crate) fn strike(
        &mut self,
        shared: &Shared,
        plays: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        let fault = shared.faults.strike(&self.method, &self.path, plays)?;
        self.entry.struck(fault.name());
        Some(fault)
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
        .fallback(service)
        .with_state(Arc::clone(&shared));
    let second = Router::new().fallback(assets_host).with_state(shared);
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

/// One of the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Service,
    Assets,
}

async fn service(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    carry_through(shared, cut, request, Half::Service).await
}

async fn assets_host(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    carry_through(shared, cut, request, Half::Assets).await
}

/// Answers in a task of its own: a client that goes away ends its connection and what waits for it,
/// but must not end a change between the journal and the state.
async fn carry_through(shared: Arc<Shared>, cut: Cut, request: Request, half: Half) -> Response {
    let answer = tokio::spawn(async move { handle(&shared, &cut, request, half).await });
    match answer.await {
        Ok(response) => response,
        Err(_) => reply::bytes(500, "text/plain", ""),
    }
}

/// Answers a request, plays faults on it, and logs it.
async fn handle(shared: &Shared, cut: &Cut, request: Request, half: Half) -> Response {
    let mut incoming = Incoming::new(request, shared.clock.now());
    let host = incoming.host();
    let path = incoming.path.clone();
    let route = match half {
        _ if !hosts::is_ours(&host, &shared.config.host_names) => Route::Foreign,
        Half::Service => route(&host, &path),
        Half::Assets => Route::Assets,
    };
    match route {
        Route::Admin(rest) => return admin::handle(shared, rest, incoming).await,
        Route::Foreign => {
            let response = hosts::refuse(&mut incoming);
            incoming.entry.status = response.status().as_u16();
            shared.log.push(incoming.entry);
            return response;
        }
        _ => {}
    }
    let instead = before(shared, &mut incoming, cut).await;
    let done = instead.is_none();
    let response = match instead {
        Some(response) => response,
        None => answer(shared, &route, &mut incoming).await,
    };
    // Clients measure their clock by it, so it is the sandbox's and not the machine's.
    let response = reply::with(response, DATE, &http_date(shared.clock.now()));
    incoming.entry.status = response.status().as_u16();
    if done {
        after(shared, &mut incoming, cut);
        drain(&mut incoming.body).await;
    }
    shared.log.push(incoming.entry);
    response
}

async fn answer(shared: &Shared, route: &Route<'_>, incoming: &mut Incoming) -> Response {
    match route {
        Route::Control => control::handle(shared, incoming).await,
        Route::Npm(route) => npm::handle(shared, route, incoming).await,
        Route::BadEndpoint(why) => npm::error(shared, 404, why),
        Route::Sts => sts::handle(shared, incoming).await,
        Route::SignIn => sso::handle(shared, incoming).await,
        Route::Oidc(rest) => oidc::handle(shared, rest, incoming),
        Route::Metadata => metadata::handle(shared, incoming),
        Route::Assets => assets::handle(shared, incoming).await,
        Route::Admin(_) | Route::Foreign | Route::Nowhere => {
            npm::error(shared, 404, "nothing is served here")
        }
    }
}
