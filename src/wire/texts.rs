//! Sentences for people, from one file of templates a language (Project Fluent).
//!
//! Both files hold the same messages with the same parameters; a test checks it.

#[cfg(test)]
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language that sentences are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    Zh,
}

impl Language {
    /// Every language, in the order of declaration.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// What a browser or a screen reader knows it by (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// What it calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// The file of templates.
    const fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("texts/en.ftl"),
            Self::Zh => include_str!("texts/zh.ftl"),
        }
    }
}

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> Bundle {
    let locale = language.code().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![locale]);
    // Marks of writing direction are of no use where a sentence is one language throughout.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(parsed, _)| parsed);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The sentence `id` with its parameters.
pub fn sentence(language: Language, id: &str, parameters: &FluentArgs<'_>) -> String {
    let Some(bundle) = BUNDLES.get(language as usize) else { return id.to_owned() };
    let pattern = bundle.get_message(id).and_then(|message| message.value());
    debug_assert!(pattern.is_some(), "there is no sentence {id}");
    let Some(pattern) = pattern else { return id.to_owned() };
    let mut faults = Vec::new();
    let text = bundle.format_pattern(pattern, Some(parameters), &mut faults).into_owned();
    debug_assert!(faults.is_empty(), "{id}: {faults:?}");
    text
}

/// The sentence `id` if there is one; it has no parameters.
pub fn known(language: Language, id: &str) -> Option<String> {
    let bundle = BUNDLES.get(language as usize)?;
    let pattern = bundle.get_message(id)?.value()?;
    Some(bundle.format_pattern(pattern, None, &mut Vec::new()).into_owned())
}

/// The sentence in every language, in the order of [`Language::ALL`].
pub fn in_all_languages(id: &str, parameters: &FluentArgs<'_>) -> [String; 2] {
    Language::ALL.map(|language| sentence(language, id, parameters))
}

/// Gives a struct `Words { language }` a method for each of its words, so that none can be asked for that there is not. They
/// stand among the templates as `PREFIX-NAME`.
macro_rules! words {
    ($prefix:literal; plain { $($plain:ident),* $(,)? } filled { $($filled:ident($($value:ident),*)),* $(,)? }) => {
        impl Words {
            /// Every word with what is filled in.
            pub const ALL: &[(&str, &[&str])] = &[
                $((concat!($prefix, "-", stringify!($plain)), &[])),*,
                $((concat!($prefix, "-", stringify!($filled)), &[$(stringify!($value)),*])),*
            ];

            $(
                #[doc = concat!("`", $prefix, "-", stringify!($plain), "`.")]
                pub fn $plain(&self) -> String {
                    self.say(concat!($prefix, "-", stringify!($plain)), &[])
                }
            )*

            $(
                #[doc = concat!("`", $prefix, "-", stringify!($filled), "`, with", $(" `", stringify!($value), "`",)* ".")]
                pub fn $filled(&self, values: &[(&str, &str)]) -> String {
                    self.say(concat!($prefix, "-", stringify!($filled)), values)
                }
            )*

            fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
                use fluent_bundle::FluentValue;
                // A count is a number to Fluent too, so that a sentence can tell one day from two; all else stays as it is written.
                let told = |value: &'_ str| match value.parse::<u32>() {
                    Ok(count) if value.bytes().all(|byte| byte.is_ascii_digit()) => FluentValue::from(count),
                    Ok(_) | Err(_) => FluentValue::from(value.to_owned()),
                };
                let parameters = values.iter().map(|(name, value)| (*name, told(value))).collect();
                $crate::wire::texts::sentence(self.language, id, &parameters)
            }
        }
    };
}
pub(crate) use words;

/// The messages of a language with the parameters that each names.
#[cfg(test)]
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    FluentResource::try_new(language.source().to_owned()).expect("every template can be read");
    let mut messages = BTreeMap::new();
    let mut current = String::new();
    for line in language.source().lines().filter(|line| !line.starts_with('#')) {
        if let Some((id, _)) = line.split_once(" = ").filter(|_| !line.starts_with([' ', '}'])) {
            current = id.to_owned();
        }
        let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        let named = line.split('$').skip(1).filter_map(|rest| rest.split(|letter| !is_of_name(letter)).next());
        if !current.is_empty() {
            let parameters: &mut BTreeSet<String> = messages.entry(current.clone()).or_default();
            parameters.extend(named.map(str::to_owned));
        }
    }
    messages
}

/// The words that the program knows, each with what it fills in.
#[cfg(test)]
pub(crate) fn told(words: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    words.iter().map(|(id, values)| ((*id).to_owned(), owned(values))).collect()
}

/// The templates whose names begin so, each with what it names.
#[cfg(test)]
pub(crate) fn kept(prefix: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut kept = messages(Language::En);
    kept.retain(|id, _| id.starts_with(prefix));
    kept
}

#[cfg(test)]
mod tests {
    use fluent_bundle::FluentArgs;

    use super::{Language, messages, sentence};

    #[test]
    fn both_languages_hold_the_same_messages_with_the_same_parameters() {
        assert_eq!(messages(Language::En), messages(Language::Zh));
        assert!(messages(Language::En).len() > 100);
    }

    #[test]
    fn each_file_is_in_its_language() {
        let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        let lines = |language: Language| language.source().lines().filter(|line| line.contains(" = "));
        let in_english = lines(Language::En).filter(|line| line.contains(is_han)).collect::<Vec<_>>();
        let in_chinese = lines(Language::Zh).filter(|line| !line.contains(is_han) && !line.ends_with("->"));
        assert_eq!((in_english, in_chinese.collect::<Vec<_>>()), (Vec::new(), Vec::new()));
    }

    #[test]
    fn one_day_is_not_one_days() {
        let say = |language, days: i32, gap: i32| {
            let mut parameters = FluentArgs::new();
            parameters.set("days", days);
            parameters.set("gap", gap);
            sentence(language, "reason-silence", &parameters)
        };
        assert_eq!(say(Language::En, 47, 19), "47 days of silence; usually buys every 19");
        assert_eq!(say(Language::En, 1, 1), "1 day of silence; usually buys every day");
        assert_eq!(say(Language::Zh, 47, 19), "已 47 天未购买；平时每 19 天购买一次");
    }
}
