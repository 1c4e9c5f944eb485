//! What is answered about customers: one, a list of them, and what a purchase would change.

use std::collections::BTreeMap;

use aide::openapi::Operation;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::service::http::api::Api;
use crate::service::http::ask::{Followed, list, one, paid};
use crate::service::http::list_parameters::ListParameter;
use crate::service::http::openapi::example::ExampleShop;
use crate::service::http::openapi::parameters;
use crate::service::http::openapi::pen::operation;
use crate::service::http::openapi::route::Route;
use crate::service::http::openapi::shared::Shared;
use crate::service::http::problem::Problem;
use crate::service::status::Question;
use crate::wire::shapes::listing::{CustomersShape, WhatIfShape};
use crate::wire::shapes::profile::ProfileShape;
use crate::wire::shapes::timeline::TimelineShape;

/// A customer's id as it came.
pub type Id = Result<Path<String>, PathRejection>;
/// Parameters as they came.
pub type Parameters = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// What is said of an answer by one replica.
const OWN: &str = "A replica knows the customers of its own partitions, and who knows the others.";
/// What a list answers.
const PAGE: &str = "A page of the customers of every replica that answers.";
/// What may come of asking for one customer.
const OF_ONE: [Shared; 4] = [Shared::Elsewhere, Shared::Wrong, Shared::Nobody, Shared::NotNow];
/// What may come of asking for a list.
const OF_MANY: [Shared; 3] = [Shared::Wrong, Shared::NotNow, Shared::Slow];

/// Its routes.
pub fn routes() -> [Route; 5] {
    [
        Route::get("/v1/alerts", alerts, |pen| {
            let good = pen.json::<CustomersShape>(PAGE, |shop| shop.page(true));
            let description = "Those that the CRM has heard of, by the value at stake unless told otherwise. Held-out \
                               customers are not among them.";
            Operation {
                parameters: pen.takes(ListParameter::of(true).map(ListParameter::told)),
                ..operation("alerts", "Customers with an open warning", description, good, &OF_MANY)
            }
        }),
        Route::get("/v1/customers", customers, |pen| {
            let good = pen.json::<CustomersShape>(PAGE, |shop| shop.page(false));
            let description = "The order is that of a moment ago (`age_seconds`); each customer shown is as of now, and one \
                               that no longer fits is left out.";
            Operation {
                parameters: pen.takes(ListParameter::of(false).map(ListParameter::told)),
                ..operation("customers", "Customers, filtered and in order", description, good, &OF_MANY)
            }
        }),
        Route::get("/v1/customers/{id}", customer, |pen| {
            let good = pen.json::<ProfileShape<'_>>("The profile.", ExampleShop::customer);
            let summary = "A customer's profile, as `churnwatch inspect` shows it";
            Operation {
                parameters: pen.takes([parameters::customer()]),
                ..operation("customer", summary, OWN, good, &OF_ONE)
            }
        }),
        Route::get("/v1/customers/{id}/timeline", timeline, |pen| {
            let good = pen.json::<TimelineShape<'_>>("The days.", ExampleShop::timeline);
            let summary =
                "A customer's last 400 days, the score of its silence day by day, and why the score is what it is";
            Operation {
                parameters: pen.takes([parameters::customer()]),
                ..operation("timeline", summary, OWN, good, &OF_ONE)
            }
        }),
        Route::get("/v1/customers/{id}/what-if", what_if, |pen| {
            let description = "How the customer is judged now, and would be then.";
            let good = pen.json::<WhatIfShape<'_>>(description, ExampleShop::what_if);
            let description = "What would be paid, in base currency; absent, what the customer pays on average.";
            let schema = json!({"type": "string", "pattern": "^[0-9]{1,9}([.][0-9]{1,2})?$"});
            let amount = parameters::query("amount", description, schema, Some(json!("49.90")));
            Operation {
                parameters: pen.takes([parameters::customer(), amount]),
                ..operation("whatIf", "What a purchase today would change", OWN, good, &OF_ONE)
            }
        }),
    ]
}

async fn customer(State(api): State<Api>, asked: Uri, id: Id) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    one(&api, path(&asked), Followed::ByTheAsker, &customer, |answer| Question::Customer {
        customer: customer.clone(),
        answer,
    })
    .await
    .map(Json)
}

async fn timeline(State(api): State<Api>, asked: Uri, id: Id) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    one(&api, path(&asked), Followed::ByTheAsker, &customer, |answer| Question::Timeline {
        customer: customer.clone(),
        answer,
    })
    .await
    .map(Json)
}

async fn what_if(State(api): State<Api>, asked: Uri, id: Id, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    let amount = paid(&api, &told(parameters)?)?;
    let question = |answer| Question::WhatIf { customer: customer.clone(), amount, answer };
    one(&api, path(&asked), Followed::ByTheAsker, &customer, question).await.map(Json)
}

async fn customers(State(api): State<Api>, parameters: Parameters) -> Result<Json<CustomersShape>, Problem> {
    list(&api, &told(parameters)?, false).await.map(Json)
}

async fn alerts(State(api): State<Api>, parameters: Parameters) -> Result<Json<CustomersShape>, Problem> {
    list(&api, &told(parameters)?, true).await.map(Json)
}

fn path(asked: &Uri) -> String {
    asked.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// The id that a path names.
pub fn customer_id(id: Id) -> Result<String, Problem> {
    let sentence = "a customer's id is UTF-8, with what is special in a path encoded by %";
    id.map(|Path(id)| id).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, sentence))
}

/// The parameters, if they can be read.
pub fn told(parameters: Parameters) -> Result<BTreeMap<String, String>, Problem> {
    parameters.map(|Query(told)| told).map_err(|fault| Problem::new(StatusCode::BAD_REQUEST, fault.body_text()))
}
