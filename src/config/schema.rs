//! The JSON Schema of the configuration file, and what of a file does not fit it.

use serde_json::Value;

use crate::config::fault::Fault;
use crate::config::file::ConfigFile;

/// The JSON Schema of the configuration file.
pub fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(ConfigFile)).unwrap_or_default()
}

/// A fault with the JSON pointer of what to leave out, so that the rest can be looked at too.
pub struct ShapeFault {
    /// The fault.
    pub fault: Fault,
    /// The keys that lead to the place.
    pub place: Vec<String>,
}

/// Unknown keys and wrong types.
pub fn shape_faults(value: &Value, schema: &Value) -> Vec<ShapeFault> {
    let Ok(validator) = jsonschema::validator_for(schema) else {
        let fault = Fault::new("", "the built-in schema of the configuration is broken: please report this");
        return vec![ShapeFault { fault, place: Vec::new() }];
    };
    validator.iter_errors(value).flat_map(|error| faults_of(&error, schema)).collect()
}

fn faults_of(error: &jsonschema::ValidationError<'_>, schema: &Value) -> Vec<ShapeFault> {
    let place: Vec<String> = error.instance_path().as_str().split('/').skip(1).map(unescaped).collect();
    match error.kind() {
        jsonschema::error::ValidationErrorKind::AdditionalProperties { unexpected } => {
            let table = property(schema, &place).or(Some(schema).filter(|_| place.is_empty()));
            let known: Vec<String> = table
                .and_then(|table| table.get("properties"))
                .and_then(Value::as_object)
                .map(|keys| keys.keys().cloned().collect())
                .unwrap_or_default();
            let fault = |key: &String| {
                let place = [place.as_slice(), std::slice::from_ref(key)].concat();
                ShapeFault { fault: Fault::new(place.join("."), unknown_key(key, &known, schema)), place }
            };
            unexpected.iter().map(fault).collect()
        }
        // An optional table: what is wrong with it as a table, not that it is not absent.
        jsonschema::error::ValidationErrorKind::AnyOf { context } => {
            let as_table = context.iter().find(|errors| !errors.iter().all(|error| is_wrong_type(error)));
            match as_table {
                Some(errors) => errors.iter().flat_map(|error| faults_of(error, schema)).collect(),
                None => vec![ShapeFault { fault: Fault::new(place.join("."), unusable(schema, &place)), place }],
            }
        }
        // The sentence never holds the value, which may be a secret.
        kind => {
            let wanted = match kind {
                jsonschema::error::ValidationErrorKind::Type { kind } => match kind {
                    jsonschema::error::TypeKind::Single(one) => format!("must be of type {one}"),
                    jsonschema::error::TypeKind::Multiple(several) => {
                        let names: Vec<String> = several.iter().map(|one| one.to_string()).collect();
                        format!("must be of type {}", names.join(" or "))
                    }
                },
                jsonschema::error::ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
                jsonschema::error::ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
                jsonschema::error::ValidationErrorKind::Enum { options } => format!("must be one of {options}"),
                jsonschema::error::ValidationErrorKind::Required { property } => format!("must have {property}"),
                _ => unusable(schema, &place),
            };
            vec![ShapeFault { fault: Fault::new(place.join("."), wanted), place }]
        }
    }
}

/// What is said of a value where nothing better is known than, perhaps, the words that may stand there.
fn unusable(schema: &Value, place: &[String]) -> String {
    let options = property(schema, place).and_then(|value| value.get("oneOf")).and_then(Value::as_array);
    let words: Vec<&str> =
        options.into_iter().flatten().filter_map(|option| option.get("const").and_then(Value::as_str)).collect();
    if words.is_empty() {
        "has no usable value: see `churnwatch config schema`".to_owned()
    } else {
        format!("must be {}", words.join(" or "))
    }
}

fn is_wrong_type(error: &jsonschema::ValidationError<'_>) -> bool {
    error.instance_path().as_str().is_empty()
        || matches!(error.kind(), jsonschema::error::ValidationErrorKind::Type { .. })
}

/// A part of a JSON pointer as the key it stands for (RFC 6901).
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// What is said of a key that its table does not know: a slip of the pen first, then the table that knows it, then what is
/// merely alike.
fn unknown_key(key: &str, known: &[String], schema: &Value) -> String {
    let nearest = known.iter().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let alike = |more: f64| nearest.filter(|nearest| strsim::jaro_winkler(key, nearest) > more).cloned();
    match alike(0.9).or_else(|| elsewhere(key, schema)).or_else(|| alike(0.7)) {
        Some(meant) => format!("unknown key; did you mean \"{meant}\"?"),
        None => format!("unknown key; known here are {}", known.join(", ")),
    }
}

/// The key in the table that it belongs to.
fn elsewhere(key: &str, schema: &Value) -> Option<String> {
    let mut tables = schema.get("properties")?.as_object()?.keys();
    let knows = |table: &&String| {
        let properties = property(schema, std::slice::from_ref(*table)).and_then(|table| table.get("properties"));
        properties.is_some_and(|properties| properties.get(key).is_some())
    };
    tables.find(knows).map(|table| format!("{table}.{key}"))
}

/// The schema of the value at `path`, references followed; of a table whose names are the user's own, that of any value.
pub fn property<'a>(schema: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(schema, |table, key| {
        let known = table.get("properties").and_then(|properties| properties.get(key));
        let entry = || table.get("items").filter(|_| key.bytes().all(|byte| byte.is_ascii_digit()));
        let any = || table.get("additionalProperties").filter(|any| any.is_object());
        resolve(schema, known.or_else(entry).or_else(any)?)
    })
}

/// Follows `$ref`, also as the one part of an `anyOf` that is not null.
fn resolve<'a>(schema: &'a Value, part: &'a Value) -> Option<&'a Value> {
    let options = part.get("anyOf").and_then(Value::as_array);
    let part = options.and_then(|options| options.iter().find(|one| one.get("$ref").is_some())).unwrap_or(part);
    match part.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(reference.trim_start_matches('#')),
        None => Some(part),
    }
}
