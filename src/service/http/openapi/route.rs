//! A route of the API together with what is told of it: there is no other way to make one, so none lacks its documentation.

use aide::openapi::{Operation, PathItem};
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get};

use crate::service::http::api::Api;
use crate::service::http::gate::OPEN;
use crate::service::http::openapi::pen::{Pen, TOKEN, answer};
use crate::service::http::openapi::shared::Shared;

/// One route, which answers GET and HEAD.
pub struct Route {
    /// Its path.
    pub path: &'static str,
    handler: MethodRouter<Api>,
    tell: fn(&mut Pen) -> Operation,
}

impl Route {
    /// `tell`: what it is for, its parameters and its answers but those that the gate gives.
    pub fn get<H, T>(path: &'static str, handler: H, tell: fn(&mut Pen) -> Operation) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self { path, handler: get(handler), tell }
    }

    /// Whether the gate lets everybody in.
    pub fn is_open(&self) -> bool {
        OPEN.contains(&self.path)
    }

    /// Puts it among the others.
    pub fn join(self, router: Router<Api>) -> Router<Api> {
        router.route(self.path, self.handler)
    }

    /// What is told of it.
    pub fn told(&self, pen: &mut Pen) -> PathItem {
        let mut operation = (self.tell)(pen);
        let gate: &[Shared] = if self.is_open() { &Shared::OPEN } else { &Shared::GUARDED };
        if !self.is_open() {
            operation.security.push([(TOKEN.to_owned(), Vec::new())].into_iter().collect());
        }
        if operation.tags.is_empty() {
            operation.tags.push(if self.is_open() { "operations" } else { "customers" }.to_owned());
        }
        let answers = &mut operation.responses.get_or_insert_default().responses;
        answers.extend(gate.iter().map(|shared| answer(*shared)));
        answers.sort_unstable_keys();
        PathItem { get: Some(operation), ..PathItem::default() }
    }
}
