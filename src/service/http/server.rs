//! The routes of a listener. Who may ask is not asked here: `gate` has done that.

use std::sync::OnceLock;

use aide::openapi::Operation;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::service::http::api::Api;
use crate::service::http::dashboard::frame::{Place, STYLE, show_problems, style};
use crate::service::http::dashboard::pages::{
    customer_page, customers_list, effect_of, health_page, model_page, today_page,
};
use crate::service::http::gate::{Gate, pass};
use crate::service::http::openapi::document::document;
use crate::service::http::openapi::parameters::known;
use crate::service::http::openapi::parts::{plain, response};
use crate::service::http::openapi::pen::operation;
use crate::service::http::openapi::route::Route;
use crate::service::http::openapi::shared::{Shared, tagged as with_tag};
use crate::service::http::problem::{Problem, problem};
use crate::service::http::tagged::{JSON, tagged};
use crate::service::http::{customers, overview, probes};

/// The page of a customer.
const CUSTOMER: &str = "/customers/{id}";

/// Every route of the API, in the order of the document.
fn api_routes() -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(probes::routes());
    routes.extend(customers::routes());
    routes.extend(overview::routes());
    routes.push(Route::get("/openapi.json", openapi, |pen| {
        let schema = json!({"type": "object", "required": ["openapi", "info", "paths"]});
        let good = with_tag(response("The document.", JSON, plain(schema), None));
        Operation {
            tags: vec!["document".to_owned()],
            parameters: pen.takes([known()]),
            ..operation("openapi", "This document", "", good, &[Shared::Same])
        }
    }));
    routes
}

/// What `docs/openapi.json` holds.
pub fn openapi_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| document(&api_routes()))
}

/// The routes. `with_customers`: also those that need the token.
pub fn routes(api: Api, gate: Gate, with_customers: bool) -> Router {
    let here: Vec<Route> = api_routes().into_iter().filter(|route| with_customers || route.is_open()).collect();
    let known: Vec<&str> = here.iter().map(|route| route.path).collect();
    let sentence = format!("there are {}", known.join(", "));
    let mut router = here.into_iter().fold(Router::new(), |router, route| route.join(router));
    if with_customers {
        router = router
            .route(Place::Today.path(), get(today_page))
            .route(Place::Customers.path(), get(customers_list))
            .route(CUSTOMER, get(customer_page))
            .route(Place::Effect.path(), get(effect_of))
            .route(Place::Model.path(), get(model_page))
            .route(Place::Health.path(), get(health_page))
            .route(STYLE, get(style));
    }
    let missing = async move || problem(StatusCode::NOT_FOUND, &sentence);
    let router = router.fallback(missing).method_not_allowed_fallback(not_allowed);
    let router = router.layer(middleware::from_fn_with_state(gate, pass)).with_state(api);
    if with_customers { router.layer(middleware::from_fn(show_problems)) } else { router }
}

async fn openapi(headers: HeaderMap) -> Result<Response, Problem> {
    // The first time the shop of the examples is played.
    let text = tokio::task::spawn_blocking(openapi_text).await;
    let fault = |fault| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{fault}: the log says why"));
    text.map(|text| tagged(&headers, JSON, text.as_bytes().to_vec())).map_err(fault)
}

async fn not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here")
}
