//! The whole document, of the routes that there are.

use aide::openapi::{Info, License, OpenApi, Paths, ReferenceOr, SecurityScheme, Server, Tag};

use crate::service::http::openapi::pen::{Pen, TOKEN};
use crate::service::http::openapi::route::Route;

/// The document of these routes, as its file holds it.
pub fn document(routes: &[Route]) -> String {
    let mut pen = Pen::begin();
    let mut paths = Paths::default();
    for route in routes {
        paths.paths.insert(route.path.to_owned(), ReferenceOr::Item(route.told(&mut pen)));
    }
    let mut components = pen.components();
    components.security_schemes.insert(TOKEN.to_owned(), ReferenceOr::Item(token()));
    let document = OpenApi {
        openapi: "3.1.0".into(),
        info: info(),
        servers: vec![Server {
            url: "/".to_owned(),
            description: Some(
                "`http.listen`, 127.0.0.1:8080 unless set otherwise; encrypted with `[http.tls]`. `http.admin_listen` \
                 answers the paths of tag `operations` alone."
                    .to_owned(),
            ),
            ..Server::default()
        }],
        tags: vec![
            tag("operations", "Probes and metrics. They hold no customer data and need no token."),
            tag("customers", "What the CRM asks."),
            tag("document", "What there is."),
        ],
        paths: Some(paths),
        components: Some(components),
        ..OpenApi::default()
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn info() -> Info {
    Info {
        title: "churnwatch".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: Some(
            "What the service knows of its customers, its models and itself. Only GET and HEAD are answered, no request has \
             a body, and every error is a problem document (RFC 9457), but those for heads that can't be read. Examples are \
             what the program answers of a shop that is made up, figures rounded and long lists cut short."
                .to_owned(),
        ),
        license: Some(License {
            name: "Apache-2.0".to_owned(),
            identifier: Some("Apache-2.0".to_owned()),
            ..License::default()
        }),
        ..Info::default()
    }
}

fn tag(name: &str, description: &str) -> Tag {
    Tag { name: name.to_owned(), description: Some(description.to_owned()), ..Tag::default() }
}

fn token() -> SecurityScheme {
    SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some(
            "The content of `http.token_file`. On loopback the service may do without; then only requests to `localhost`, \
             `127.0.0.1` and `[::1]` are answered."
                .to_owned(),
        ),
        extensions: <_>::default(),
    }
}
