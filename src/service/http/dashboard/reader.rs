//! Who reads a page: the language, and the links that keep it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::service::http::dashboard::words::Words;
use crate::wire::texts::Language;

/// The parameter that chooses a language.
pub const LANGUAGE: &str = "lang";

/// Who reads.
pub struct Reader {
    /// The words of the language.
    pub words: Words,
    /// The path that was asked for.
    pub path: String,
    /// Its parameters, the language apart.
    pub parameters: Vec<(String, String)>,
    /// Whether the language was chosen on a page: links keep it then.
    chosen: bool,
}

impl Reader {
    /// Of a request.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let (mut parameters, mut chosen) = (Vec::new(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            if name == LANGUAGE {
                chosen = Language::ALL.into_iter().find(|language| language.code() == value);
            } else {
                parameters.push((name, value));
            }
        }
        let language = chosen.unwrap_or_else(|| preferred(headers));
        Self { words: Words { language }, path: uri.path().to_owned(), parameters, chosen: chosen.is_some() }
    }

    /// A path of this house with parameters; those that are empty are left out.
    pub fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        link_in(self.chosen.then_some(self.words.language), path, parameters)
    }

    /// The link to a customer.
    pub fn customer(&self, id: &str) -> String {
        if steps_in_path(id) {
            return self.link("/customers", &[("id", id)]);
        }
        self.link(&format!("/customers/{}", utf8_percent_encode(id, NON_ALPHANUMERIC)), &[])
    }

    /// This page in another language.
    pub fn here_in(&self, language: Language) -> String {
        let parameters: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        link_in(Some(language), &self.path, &parameters)
    }

    /// The language, where links keep it.
    pub fn kept_language(&self) -> Option<&'static str> {
        self.chosen.then(|| self.words.language.code())
    }
}

/// Whether a browser takes an id in a path for a step in it, however it is encoded.
pub fn steps_in_path(id: &str) -> bool {
    matches!(id, "." | "..")
}

fn link_in(language: Option<Language>, path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    query.extend_pairs(language.map(|language| (LANGUAGE, language.code())));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// The first language that the browser asks for and that there is; they come in the order of preference.
fn preferred(headers: &HeaderMap) -> Language {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok()).unwrap_or_default();
    let known = |tag: &str| {
        let name = tag.trim().split(['-', ';']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(name))
    };
    asked.split(',').find_map(known).unwrap_or(Language::En)
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::ACCEPT_LANGUAGE;

    use super::Reader;
    use crate::wire::texts::Language;

    fn reader(uri: &str, asked: &str) -> Reader {
        let headers: HeaderMap = [(ACCEPT_LANGUAGE, asked.parse().unwrap())].into_iter().collect();
        Reader::of(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn the_chosen_language_goes_before_the_browsers() {
        for (uri, asked, language) in [
            ("/", "", Language::En),
            ("/", "fr, zh-CN;q=0.9, en;q=0.8", Language::Zh),
            ("/", "EN-GB, zh", Language::En),
            ("/?lang=en", "zh", Language::En),
            ("/?lang=fr", "zh", Language::Zh),
        ] {
            assert_eq!(reader(uri, asked).words.language, language, "{uri} {asked}");
        }
    }

    #[test]
    fn links_keep_a_chosen_language_and_any_id_in_its_place() {
        let chosen = reader("/customers?lang=zh&band=high", "en");
        assert_eq!(chosen.link("/customers", &[("band", "high"), ("tier", "")]), "/customers?band=high&lang=zh");
        assert_eq!(chosen.here_in(Language::En), "/customers?band=high&lang=en");
        assert_eq!(reader("/", "zh").customer(".."), "/customers?id=..");
        assert_eq!(reader("/", "zh").customer("a/b?c#d%&\"<"), "/customers/a%2Fb%3Fc%23d%25%26%22%3C");
    }
}
