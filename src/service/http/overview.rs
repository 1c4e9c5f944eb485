//! What is answered about all customers together: counts, warnings to come, the models, and whether acting helps.

use aide::openapi::Operation;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::effect_study::json::report_json;
use crate::service::http::api::Api;
use crate::service::http::ask::{self, FORTNIGHT, NO_WARNING_YET, coming_json, effect, running, summary_json};
use crate::service::http::openapi::example::ExampleShop;
use crate::service::http::openapi::parameters::{known, query, scope};
use crate::service::http::openapi::pen::operation;
use crate::service::http::openapi::route::Route;
use crate::service::http::openapi::shared::{Shared, tagged as with_tag};
use crate::service::http::problem::Problem;
use crate::service::http::tagged::{JSON, tagged};
use crate::wire::shapes::forecast::ForecastShape;
use crate::wire::shapes::listing::SummaryShape;
use crate::wire::shapes::models::ModelsShape;
use crate::wire::shapes::report::ReportShape;

/// Furthest forecast.
const MAX_AHEAD_DAYS: i32 = 365;

/// Its routes.
pub fn routes() -> [Route; 4] {
    [
        Route::get("/v1/forecast", forecast, |pen| {
            let good = pen.json::<ForecastShape>("The forecast, of every replica that answers.", ExampleShop::forecast);
            let days = json!({"type": "integer", "minimum": 1, "maximum": MAX_AHEAD_DAYS, "default": FORTNIGHT});
            let summary = "Whom the coming closes would warn if nobody bought, as `churnwatch forecast` shows it";
            Operation {
                parameters: pen.takes([query("days", "How far ahead.", days, None), scope()]),
                ..operation("forecast", summary, "", good, &[Shared::Wrong, Shared::NotNow, Shared::Slow])
            }
        }),
        Route::get("/v1/model", model, |pen| {
            let good =
                with_tag(pen.json::<ModelsShape<'_>>("The models of this replica's partitions.", ExampleShop::model));
            let summary = "The models in force and how well they still fit";
            Operation {
                parameters: pen.takes([known()]),
                ..operation("model", summary, "", good, &[Shared::Same, Shared::NotNow])
            }
        }),
        Route::get("/v1/report", report, |pen| {
            let description = "The report; docs/effect.md says what its figures mean.";
            let good = with_tag(pen.json::<ReportShape<'_>>(description, ExampleShop::report));
            let description = "The whole topic is read for it, so the answer is kept and read anew in the background: a report \
                               may be as old as ten times what reading takes.";
            let summary =
                "Whether acting on warnings helps, as `churnwatch report --json` says it of the outcomes topic";
            let mut operation =
                operation("report", summary, description, good, &[Shared::Same, Shared::NotNow, Shared::Slow]);
            operation.parameters = pen.takes([known()]);
            let missing = Problem::new(StatusCode::NOT_FOUND, NO_WARNING_YET);
            pen.problem(
                &mut operation,
                "No warning has opened yet, or all outcomes are in another currency.",
                &missing,
            );
            operation
        }),
        Route::get("/v1/summary", summary, |pen| {
            let good = pen.json::<SummaryShape>("The counts, of a moment ago.", ExampleShop::summary);
            let summary = "How many customers there are of each sort, and what their warnings are worth";
            Operation {
                parameters: pen.takes([scope()]),
                ..operation("summary", summary, "", good, &[Shared::Wrong, Shared::NotNow, Shared::Slow])
            }
        }),
    ]
}

async fn model(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    running(&api).map(|_| tagged(&headers, JSON, api.models.json().to_string().into_bytes()))
}

async fn report(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    let seen = effect(&api).await?;
    Ok(tagged(&headers, JSON, report_json(&seen.answer).to_string().into_bytes()))
}

/// How far ahead is asked, and whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ahead {
    #[serde(default = "fortnight")]
    days: i32,
    #[serde(default)]
    scope: Scope,
}

const fn fortnight() -> i32 {
    FORTNIGHT
}

/// Whose partitions are counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Those of every replica that answers.
    #[default]
    All,
    /// This one's.
    Here,
}

/// Whom is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whom {
    #[serde(default)]
    scope: Scope,
}

async fn summary(
    State(api): State<Api>,
    whom: Result<Query<Whom>, QueryRejection>,
) -> Result<Json<SummaryShape>, Problem> {
    let wrong = |_| Problem::new(StatusCode::BAD_REQUEST, "there is one parameter, scope: all or here");
    let Query(Whom { scope }) = whom.map_err(wrong)?;
    let tally = ask::summary(&api, scope == Scope::Here).await?;
    Ok(Json(summary_json(&tally, &running(&api)?.setup)))
}

async fn forecast(State(api): State<Api>, ahead: Result<Query<Ahead>, QueryRejection>) -> Result<Json<Value>, Problem> {
    let wrong = || {
        let words = format!("days is a whole number from 1 to {MAX_AHEAD_DAYS}, scope is all or here");
        Problem::new(StatusCode::BAD_REQUEST, words)
    };
    let Query(Ahead { days, scope }) = ahead.map_err(|_| wrong())?;
    if !(1..=MAX_AHEAD_DAYS).contains(&days) {
        return Err(wrong());
    }
    let coming = ask::forecast(&api, days, scope == Scope::Here).await?;
    Ok(Json(coming_json(&coming, days, &running(&api)?.setup)))
}
