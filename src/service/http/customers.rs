//! What is answered about customers: one, a list of them, and what a purchase would change.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use serde_json::Value;

use crate::service::http::api::Api;
use crate::service::http::ask::{Followed, list, one, paid};
use crate::service::http::problem::Problem;
use crate::service::status::Question;
use crate::wire::shapes::listing::CustomersShape;

/// A customer's id as it came.
pub type Id = Result<Path<String>, PathRejection>;
/// Parameters as they came.
pub type Parameters = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// `/v1/customers/{id}`.
pub async fn customer(State(api): State<Api>, asked: Uri, id: Id) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    one(&api, path(&asked), Followed::ByTheAsker, &customer, |answer| Question::Customer {
        customer: customer.clone(),
        answer,
    })
    .await
    .map(Json)
}

/// `/v1/customers/{id}/timeline`.
pub async fn timeline(State(api): State<Api>, asked: Uri, id: Id) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    one(&api, path(&asked), Followed::ByTheAsker, &customer, |answer| Question::Timeline {
        customer: customer.clone(),
        answer,
    })
    .await
    .map(Json)
}

/// `/v1/customers/{id}/what-if`.
pub async fn what_if(
    State(api): State<Api>,
    asked: Uri,
    id: Id,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let customer = customer_id(id)?;
    let amount = paid(&api, &told(parameters)?)?;
    let question = |answer| Question::WhatIf { customer: customer.clone(), amount, answer };
    one(&api, path(&asked), Followed::ByTheAsker, &customer, question).await.map(Json)
}

/// `/v1/customers`.
pub async fn customers(State(api): State<Api>, parameters: Parameters) -> Result<Json<CustomersShape>, Problem> {
    list(&api, &told(parameters)?, false).await.map(Json)
}

/// `/v1/alerts`.
pub async fn alerts(State(api): State<Api>, parameters: Parameters) -> Result<Json<CustomersShape>, Problem> {
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
