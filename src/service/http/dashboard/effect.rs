//! *Effect*: the report of `churnwatch report`, as of the outcomes topic.

use maud::{Markup, PreEscaped, html};

use crate::effect_study::action_names::action_names;
use crate::effect_study::document::document;
use crate::effect_study::page::body;
use crate::effect_study::report::Report;
use crate::effect_study::words::Words;
use crate::engine::alerting::playbook::Playbook;
use crate::service::http::dashboard::reader::Reader;

/// The page.
pub fn effect(reader: &Reader, report: &Report, playbook: &Playbook) -> Markup {
    let words = Words { language: reader.words.language };
    let names = action_names(playbook, &words);
    html! { (PreEscaped(body(&document(report, &words, &names), report, &words, &names))) }
}

/// The page before there is anything to compare.
pub fn nothing_yet(reader: &Reader) -> Markup {
    html! { p.lead { (reader.words.effect_none()) } }
}
