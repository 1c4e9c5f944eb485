//! A listener as the settings want it: its routes behind the gate, behind the door.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::settings::Settings;
use crate::service::http::api::Api;
use crate::service::http::ask::keep_warm;
use crate::service::http::door::{Tls, serve};
use crate::service::http::gate::Gate;
use crate::service::http::server::routes;
use crate::service::telemetry::recent::EVERY;

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// Everything.
    All,
    /// Probes and metrics alone, never encrypted: it is for the machines next door.
    Admin,
}

/// How long after a start somebody is expected to look.
const FIRST_LOOK: Duration = Duration::from_hours(1);

/// Remembers how the service goes, and looks ahead for whoever looks at it every day.
async fn sample(api: &Api) {
    let (mut tick, mut begun) = (tokio::time::interval(EVERY), false);
    loop {
        tick.tick().await;
        let now = api.recent.take(&api.metrics);
        // After a start somebody looks, but no backfill is slowed down for that.
        if !begun && api.status.ready() && now.is_caught_up() {
            begun = true;
            api.roster.expect_look(FIRST_LOOK);
            api.fortnight.expect_look(FIRST_LOOK);
        }
        keep_warm(api).await;
    }
}

/// Serves until the process ends.
pub fn open(listener: TcpListener, settings: &Settings, api: Api, doors: Doors) -> impl Future<Output = ()> + use<> {
    let http = &settings.file.http;
    let all = doors == Doors::All;
    let tls = settings.certificate.clone().filter(|_| all).map(Tls::new);
    let gate = Gate::new(settings.token.as_ref(), http.requests_per_second, tls.is_some(), settings.advertised());
    let serving = serve(listener, routes(api.clone(), gate, all), tls, http.max_connections as usize);
    async move {
        tokio::select! {
            () = serving => {},
            () = sample(&api), if all => {},
        }
    }
}
