//! The answers that several routes give, most of them problems. Their examples are the program's own sentences.

use std::collections::BTreeMap;

use aide::openapi::{Header, ReferenceOr, Response, SchemaObject};
use axum::http::StatusCode;
use serde_json::json;

use crate::service::http::ask::{BUSY, NOBODY, elsewhere};
use crate::service::http::gate::{AT_HOME_ONLY, NO_BODY, TOKEN_NEEDED, TOO_LONG, TOO_OFTEN};
use crate::service::http::list_query::ListQuery;
use crate::service::http::openapi::parts::{header, response};
use crate::service::http::problem::Problem;

/// An answer that several routes give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The client has the answer already.
    Same,
    /// Another replica has the customer.
    Elsewhere,
    /// A parameter is wrong.
    Wrong,
    /// The token is missing or another.
    Token,
    /// Nobody knows the customer.
    Nobody,
    /// The request has a body.
    Body,
    /// The service has no token, and another machine is named.
    Misdirected,
    /// Too many requests.
    Often,
    /// Ask again in a moment.
    NotNow,
    /// It took too long.
    Slow,
}

impl Shared {
    /// Every one, by status.
    pub const ALL: [Self; 10] = [
        Self::Same,
        Self::Elsewhere,
        Self::Wrong,
        Self::Token,
        Self::Nobody,
        Self::Body,
        Self::Misdirected,
        Self::Often,
        Self::NotNow,
        Self::Slow,
    ];
    /// What the gate answers where it lets everybody in.
    pub const OPEN: [Self; 2] = [Self::Body, Self::Often];
    /// What it answers elsewhere.
    pub const GUARDED: [Self; 4] = [Self::Token, Self::Body, Self::Misdirected, Self::Often];

    /// What it is called in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Elsewhere => "elsewhere",
            Self::Wrong => "wrong",
            Self::Token => "token",
            Self::Nobody => "nobody",
            Self::Body => "body",
            Self::Misdirected => "misdirected",
            Self::Often => "often",
            Self::NotNow => "notNow",
            Self::Slow => "slow",
        }
    }

    /// Its status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Same => StatusCode::NOT_MODIFIED,
            Self::Elsewhere => StatusCode::TEMPORARY_REDIRECT,
            Self::Wrong => StatusCode::BAD_REQUEST,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Nobody => StatusCode::NOT_FOUND,
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Often => StatusCode::TOO_MANY_REQUESTS,
            Self::NotNow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Same => "The answer that the client has still holds.",
            Self::Elsewhere => "Another replica has the customer's partition.",
            Self::Wrong => "A parameter is wrong; `detail` says what it may be.",
            Self::Token => "The token is missing or another.",
            Self::Nobody => {
                "This replica knows no such customer, and none that says where it is reached has its partition (`http.advertise`)."
            }
            Self::Body => "The request has a body.",
            Self::Misdirected => "The service has no token, and the request names another host than this machine.",
            Self::Often => "More requests than `http.requests_per_second`.",
            Self::NotNow => {
                "Starting, joining its group, restoring, draining, or a worker has ended; `detail` says which."
            }
            Self::Slow => "It took more than 130 s.",
        }
    }

    /// A sentence that the program says then; none where the answer is no problem.
    fn sentence(self) -> Option<String> {
        Some(match self {
            Self::Same => return None,
            Self::Elsewhere => elsewhere("http://10.0.0.7:8080", 3),
            Self::Wrong => {
                let wrong = BTreeMap::from([("limit".to_owned(), "0".to_owned())]);
                ListQuery::read(&wrong, false).err().unwrap_or_default()
            }
            Self::Token => TOKEN_NEEDED.to_owned(),
            Self::Nobody => NOBODY.to_owned(),
            Self::Body => NO_BODY.to_owned(),
            Self::Misdirected => AT_HOME_ONLY.to_owned(),
            Self::Often => TOO_OFTEN.to_owned(),
            Self::NotNow => BUSY.to_owned(),
            Self::Slow => TOO_LONG.to_owned(),
        })
    }

    /// What the document says of it; `problem`: the schema of problem documents.
    pub fn response(self, problem: &SchemaObject) -> Response {
        let mut told = match self.sentence() {
            None => Response { description: self.description().to_owned(), ..Response::default() },
            Some(sentence) => {
                let example = serde_json::to_value(Problem::new(self.status(), sentence).document()).ok();
                response(self.description(), "application/problem+json", problem.clone(), example)
            }
        };
        let (name, header) = match self {
            Self::Same => ("ETag", tag()),
            Self::Elsewhere => (
                "Location",
                header(
                    "The same page of that replica. It needs the token too, which most clients don't send on to another host by themselves.",
                    json!({"type": "string", "format": "uri"}),
                    json!("http://10.0.0.7:8080/v1/customers/c0000001"),
                ),
            ),
            Self::Token => (
                "WWW-Authenticate",
                header("What is asked for.", json!({"type": "string", "pattern": "^Bearer"}), json!("Bearer")),
            ),
            Self::Often => ("Retry-After", header("Seconds.", json!({"type": "integer", "minimum": 1}), json!(1))),
            Self::Wrong | Self::Nobody | Self::Body | Self::Misdirected | Self::NotNow | Self::Slow => return told,
        };
        told.headers.insert(name.to_owned(), ReferenceOr::Item(header));
        told
    }
}

/// The tag of an answer that changes seldom.
pub fn tag() -> Header {
    header(
        "The tag of the answer, to be sent as `If-None-Match`.",
        json!({"type": "string", "pattern": "^\"[0-9a-f]{16}\"$"}),
        json!("\"9b1c4d5e6f708192\""),
    )
}

/// An answer that changes seldom: it has a tag.
pub fn tagged(mut answer: Response) -> Response {
    answer.headers.insert("ETag".to_owned(), ReferenceOr::Item(tag()));
    answer
}
