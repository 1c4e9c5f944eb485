//! What is wrong with `[schema_registry]`, and what a request to it needs. Secrets are never in what it tells.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use secrecy::{ExposeSecret, SecretString};

use crate::config::checker::{Checker, is_open, names_user, secret};
use crate::config::fault::Fault;
use crate::config::file::ConfigFile;
use crate::config::file_inputs::Encoding;
use crate::config::file_registry::SchemaRegistry;
use crate::config::http_tls::read_authority;

/// Where schemas are asked for.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Its address, without a slash at the end.
    pub url: String,
    file: SchemaRegistry,
}

impl Registry {
    /// The header that lets us in, where it takes one: files are read anew, so that a change is in force at once.
    pub fn authorization(&self) -> Result<Option<SecretString>, Fault> {
        let SchemaRegistry { username, password_file, password, token_file, token, .. } = &self.file;
        if let Some(token) = one("token_file", token_file.as_ref(), token.as_ref())? {
            return Ok(Some(SecretString::from(format!("Bearer {}", token.expose_secret()))));
        }
        let Some(username) = username else { return Ok(None) };
        let password = one("password_file", password_file.as_ref(), password.as_ref())?;
        let password = password.as_ref().map_or("", ExposeSecret::expose_secret);
        let both = STANDARD.encode(format!("{username}:{password}"));
        Ok(Some(SecretString::from(format!("Basic {both}"))))
    }

    /// The authority that vouches for its certificate, as PEM.
    pub fn authority(&self) -> Result<Option<Vec<u8>>, Fault> {
        let read = self.file.ca_file.as_deref().map(read_authority).transpose();
        read.map_err(|sentence| fault("ca_file", sentence))
    }
}

fn fault(name: &str, sentence: String) -> Fault {
    Fault::new(format!("schema_registry.{name}"), sentence)
}

/// The secret in a file, or the one that the configuration holds itself. It goes into a header, so it is one line.
fn one(name: &str, path: Option<&PathBuf>, itself: Option<&SecretString>) -> Result<Option<SecretString>, Fault> {
    let found = path.map(|path| secret(path)).transpose().map_err(|sentence| fault(name, sentence))?;
    let found = found.or_else(|| itself.cloned());
    let is_line = found.as_ref().is_none_or(|secret| !secret.expose_secret().contains(['\n', '\r']));
    if is_line { Ok(found) } else { Err(fault(name, "holds more than one line".into())) }
}

/// Checks the table; every fault is noted. `None` where it names no address.
pub fn registry(file: &ConfigFile, check: &mut Checker) -> Option<Registry> {
    let table = &file.schema_registry;
    let (by_password, by_token) = (
        table.password_file.is_some() || table.password.is_some(),
        table.token_file.is_some() || table.token.is_some(),
    );
    check.must("schema_registry.username", !by_password || table.username.is_some(), "is missing");
    check.must(
        "schema_registry.password_file",
        table.username.is_none() || by_password,
        "give the file of the password",
    );
    let one_way = !(by_token && (by_password || table.username.is_some()));
    check.must("schema_registry.token_file", one_way, "give a token or a user name with its password, not both");
    let needed = file.inputs.iter().find(|(_, input)| input.encoding == Encoding::SchemaRegistry);
    let Some(url) = &table.url else {
        if let Some((topic, _)) = needed {
            let sentence = format!("name where the schemas of {topic} are, like \"https://registry.example:8081\"");
            check.faults.push(fault("url", sentence));
        }
        return None;
    };
    let has_secret = by_password || by_token;
    check.take("schema_registry.url", check_url(url, has_secret && !table.allow_http), ());
    let registry = Registry { url: url.trim_end_matches('/').to_owned(), file: table.clone() };
    check.faults.extend(registry.authorization().err());
    check.faults.extend(registry.authority().err());
    Some(registry)
}

fn check_url(url: &str, must_be_safe: bool) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| "is no URL: write it like \"https://registry.example:8081\"".to_owned())?;
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || names_user(&uri) || uri.query().is_some() {
        return Err("must name a host, and no user, password or query: give those by username and password_file".into());
    }
    match uri.scheme_str() {
        Some("https" | "http") if !is_open(&uri) || !must_be_safe => Ok(()),
        Some("http") => {
            Err("must begin with https://, or the password can be read on the way; allow_http = true lets it".into())
        }
        _ => Err("must begin with https:// or http://".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::load::check;

    fn faults(table: &Value) -> Vec<String> {
        let file = json!({"topics": {"events": ["a", "b"]}, "inputs": {"b": {"encoding": "schema_registry"}},
            "schema_registry": table});
        check(file).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_registry_that_could_not_be_asked_is_refused_with_what_to_do() {
        let right = [
            json!({"url": "http://registry:8081"}),
            json!({"url": "https://registry.example/apis/ccompat/v7/", "username": "u", "password": "word"}),
            json!({"url": "http://127.0.0.1:8081", "token": "word"}),
            json!({"url": "http://registry:8081", "username": "u", "password": "word", "allow_http": true}),
        ];
        for right in right {
            assert_eq!(faults(&right), Vec::<String>::new(), "{right}");
        }
        for (wrong, words) in [
            (json!({}), "schema_registry.url: name where the schemas of b are"),
            (json!({"url": "registry:8081"}), "schema_registry.url: must"),
            (json!({"url": "ftp://registry"}), "must begin with https://"),
            (json!({"url": "http://u:word@registry"}), "no user, password or query"),
            (json!({"url": "http://registry", "token": "word"}), "allow_http"),
            (json!({"url": "https://r", "password": "word"}), "username: is missing"),
            (json!({"url": "https://r", "username": "u"}), "password_file: give the file"),
            (json!({"url": "https://r", "username": "u", "password": "word", "token": "word"}), "not both"),
            (json!({"url": "https://r", "token_file": "/nowhere/word"}), "token_file: cannot read"),
            (json!({"url": "https://r", "ca_file": "/nowhere"}), "ca_file: cannot read"),
            (json!({"url": "https://r", "token": "a\nword"}), "token_file: holds more than one line"),
            (json!({"url": "https://r", "pasword": "word"}), "did you mean \"password\"?"),
        ] {
            let faults = faults(&wrong).join("\n");
            assert!(
                faults.contains(words) && !faults.replace("/nowhere/word", "").contains(" word"),
                "{wrong}: {faults}"
            );
        }
    }

    #[test]
    fn its_secrets_are_never_printed() {
        let table = json!({"url": "https://r", "username": "u", "password": "word"});
        let settings = check(json!({"schema_registry": table})).unwrap();
        let shown = format!("{} {settings:?}", settings.print());
        assert!(shown.contains("[hidden]") && !shown.contains("\"word\""), "{shown}");
    }
}
