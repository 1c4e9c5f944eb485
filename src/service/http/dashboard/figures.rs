//! Pieces that several pages have: figures with their units, tables, pictures. Everything that comes from customers is text.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use crate::effect_study::numbers::{count, percent, priced};
use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::service::http::dashboard::words::Words;

/// Looks into JSON.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    /// A text.
    pub fn text(self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str()
    }

    /// A number.
    pub fn number(self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer)?.as_f64()
    }

    /// A count.
    pub fn count(self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer)?.as_i64()
    }

    /// Whether a flag is set; `None` where there is none.
    pub fn flag(self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer)?.as_bool()
    }

    /// What is in a list.
    pub fn list(self, pointer: &str) -> impl Iterator<Item = Fields<'a>> {
        self.0.pointer(pointer).and_then(Value::as_array).into_iter().flatten().map(Fields)
    }

    /// An amount with its currency, as the reader writes it.
    pub fn money(self, pointer: &str, currency: &str, words: &Words) -> Option<String> {
        self.text(pointer).map(|amount| priced(amount, currency, words.language))
    }

    /// A share in percent, as the reader writes it.
    pub fn percent(self, pointer: &str, words: &Words) -> Option<String> {
        self.number(pointer).map(|share| percent(share, words.language))
    }
}

/// What is said where there is nothing.
pub const NONE: &str = "–";

/// The text or a dash.
pub fn or_none(text: Option<impl Into<String>>) -> String {
    text.map_or_else(|| NONE.to_owned(), Into::into)
}

/// Figures under their names, each with a line of small print.
pub fn tiles(tiles: &[[String; 3]]) -> Markup {
    html! {
        dl.tiles {
            @for [name, figure, below] in tiles {
                div.tile { dt { (name) } dd { (figure) @if !below.is_empty() { small { (below) } } } }
            }
        }
    }
}

/// A picture; `title` says what it shows, to those who don't see it. It moves sideways on a narrow screen.
pub fn picture(title: &str, svg: Option<String>) -> Markup {
    html! {
        @if let Some(svg) = svg {
            div.picture.scroll tabindex="0" role="region" aria-label=(title) {
                div role="img" aria-label=(title) { (PreEscaped(svg)) }
            }
        }
    }
}

/// The same under its title.
pub fn titled_picture(title: &str, svg: Option<String>) -> Markup {
    html! { div { h3 { (title) } (picture(title, svg)) } }
}

/// A table: its head, then its rows; the columns of `words` hold words, the others figures.
pub fn table(title: &str, words: &[usize], head: &[String], rows: &[Vec<Markup>]) -> Markup {
    let class = |column: usize| words.contains(&column).then_some("name");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(title) {
            table {
                thead {
                    tr {
                        @for (column, name) in head.iter().enumerate() {
                            th scope="col" class=[class(column)] { (name) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr { @for (column, cell) in row.iter().enumerate() { td class=[class(column)] { (cell) } } }
                    }
                }
            }
        }
    }
}

/// A cell with a text.
pub fn cell(text: impl Into<String>) -> Markup {
    let text: String = text.into();
    html! { (text) }
}

/// A count with thousands apart.
pub fn whole(number: i64) -> String {
    let digits = count(number.unsigned_abs());
    if number < 0 { format!("-{digits}") } else { digits }
}

/// A band in its colour.
pub fn band(words: &Words, name: Option<&str>) -> Markup {
    let known = Band::ALL.into_iter().find(|band| name == Some(band.name()));
    html! {
        @if let Some(band) = known {
            span class=(format!("band {}", band.name())) { (band_name(words, band)) }
        } @else { (NONE) }
    }
}

/// What a band is called.
pub fn band_name(words: &Words, band: Band) -> String {
    match band {
        Band::Low => words.band_low(),
        Band::Watch => words.band_watch(),
        Band::High => words.band_high(),
        Band::Critical => words.band_critical(),
    }
}

/// What a tier is called.
pub fn tier_name(words: &Words, tier: Tier) -> String {
    match tier {
        Tier::Low => words.tier_low(),
        Tier::Mid => words.tier_mid(),
        Tier::High => words.tier_high(),
    }
}

/// The same of its name.
pub fn tier(words: &Words, name: Option<&str>) -> String {
    let known = Tier::ALL.into_iter().find(|tier| name == Some(tier.name()));
    or_none(known.map(|tier| tier_name(words, tier)))
}
