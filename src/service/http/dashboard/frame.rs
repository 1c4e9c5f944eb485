//! What every page has: head, navigation, foot; and the page that tells a problem.

use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::service::http::dashboard::reader::Reader;
use crate::service::http::problem::Problem;
use crate::service::http::tagged::tagged;
use crate::wire::texts::Language;

/// Where the stylesheet lies: it needs no token, since it says nothing.
pub const STYLE: &str = "/style.css";
/// Nothing from elsewhere, no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The pages of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What came up.
    Today,
    /// Everybody.
    Customers,
    /// Whether acting helps.
    Effect,
    /// The model in force.
    Model,
    /// The service.
    Health,
}

impl Place {
    /// Every page, in the order of the navigation.
    pub const ALL: [Self; 5] = [Self::Today, Self::Customers, Self::Effect, Self::Model, Self::Health];

    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Today => "/",
            Self::Customers => "/customers",
            Self::Effect => "/effect",
            Self::Model => "/model",
            Self::Health => "/health",
        }
    }

    /// What it is called.
    pub fn name(self, reader: &Reader) -> String {
        let words = &reader.words;
        match self {
            Self::Today => words.today(),
            Self::Customers => words.customers(),
            Self::Effect => words.effect(),
            Self::Model => words.model(),
            Self::Health => words.health(),
        }
    }
}

/// A page under `title`; `place`: where the navigation stands.
pub fn page(reader: &Reader, place: Option<Place>, title: &str, body: &Markup) -> Response {
    let words = &reader.words;
    let other = if words.language == Language::En { Language::Zh } else { Language::En };
    let page = html! {
        (DOCTYPE)
        html lang=(words.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · churnwatch" }
                link rel="stylesheet" href=(STYLE);
                link rel="icon" href="data:,";
            }
            body {
                a.skip href="#main" { (words.skip()) }
                header {
                    nav aria-label=(words.navigation()) {
                        a.brand href=(reader.link("/", &[])) { "churnwatch" }
                        @for one in Place::ALL {
                            a href=(reader.link(one.path(), &[])) aria-current=[(Some(one) == place).then_some("page")] {
                                (one.name(reader))
                            }
                        }
                        a.language href=(reader.here_in(other)) hreflang=(other.tag()) lang=(other.tag()) {
                            (other.own_name())
                        }
                    }
                }
                main id="main" { h1 { bdi { (title) } } (body) }
                footer { "churnwatch " (env!("CARGO_PKG_VERSION")) }
            }
        }
    };
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(page.into_string())).into_response()
}

/// The stylesheet.
pub async fn style(headers: HeaderMap) -> Response {
    tagged(&headers, "text/css; charset=utf-8", include_bytes!("style.css").to_vec())
}

/// Problems of pages are shown as a page to whoever reads pages.
pub async fn show_problems(request: Request, next: Next) -> Response {
    let reads = |accepted: &HeaderValue| accepted.to_str().is_ok_and(|accepted| accepted.contains("text/html"));
    let is_page = !request.uri().path().starts_with("/v1/") && request.headers().get(ACCEPT).is_some_and(reads);
    let reader = is_page.then(|| Reader::of(request.uri(), request.headers()));
    let response = next.run(request).await;
    let told = response.extensions().get::<Problem>().filter(|problem| problem.location.is_none()).cloned();
    let Some((reader, problem)) = reader.zip(told) else { return response };
    let (mut head, _) = response.into_parts();
    let (shown, body) = problem_page(&reader, &problem).into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(shown.headers);
    Response::from_parts(head, body)
}

/// A problem in the reader's language, with its own words where they tell more. Those are English, and shown to other readers
/// only where the service is at fault.
fn problem_page(reader: &Reader, problem: &Problem) -> Response {
    let words = &reader.words;
    let (title, says, tells_more) = match problem.status {
        StatusCode::NOT_FOUND if reader.path.starts_with("/customers") => {
            (words.not_found(), words.no_customer(), false)
        }
        StatusCode::NOT_FOUND => (words.not_found(), words.not_found_says(), false),
        StatusCode::UNAUTHORIZED => (words.token_needed(), words.token_needed_says(), false),
        StatusCode::SERVICE_UNAVAILABLE => (words.not_now(), words.not_now_says(), true),
        _ => (words.not_possible(), words.not_possible_says(), words.language == Language::En),
    };
    let body = html! {
        p.lead { (says) }
        @if tells_more { p.note lang="en" { (problem.detail) } }
        p { a href=(reader.link("/customers", &[])) { (words.customers()) } }
    };
    page(reader, None, &title, &body)
}
