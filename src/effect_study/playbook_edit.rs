//! The playbook as text whose weights are changed in place: comments, order and everything else stay as people wrote them.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, TableLike, value};

use crate::effect_study::episode::Episode;

/// The action that is none.
pub const NONE: &str = "none";

/// A rule, as far as outcomes can be told apart by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name; without one its number, as outcomes name it.
    pub name: String,
    /// Tiers it is for; absent: all.
    pub tiers: Option<Vec<String>>,
    /// Segments it is for; absent: all.
    pub segments: Option<Vec<String>>,
    /// Actions with their weights, those of weight 0 left out.
    pub weights: Vec<(String, f64)>,
}

impl Rule {
    /// Whether an episode belongs here: by the rule's name where the outcome has one, else by tier, segment and action.
    pub fn takes(&self, episode: &Episode) -> bool {
        if let Some(recorded) = episode.rule.as_deref() {
            return self.name == recorded;
        }
        let within = |list: &Option<Vec<String>>, name: Option<&str>| {
            list.as_ref().is_none_or(|list| name.is_some_and(|name| list.iter().any(|one| one == name)))
        };
        within(&self.tiers, Some(episode.tier.name()))
            && within(&self.segments, episode.segment.as_deref())
            && episode.action.as_deref().is_some_and(|action| self.weights.iter().any(|(name, _)| name == action))
    }
}

/// A playbook that is being edited.
pub struct Playbook {
    document: DocumentMut,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    /// Most that an action may cost, by action.
    pub cost_caps: BTreeMap<String, f64>,
    /// Whether there is an action that is none.
    pub has_none: bool,
}

impl Playbook {
    /// Reads the text; the fault says where.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: DocumentMut = text.parse().map_err(|fault: toml_edit::TomlError| fault.to_string())?;
        let actions = document.get("actions").and_then(Item::as_table_like).ok_or("it has no [actions]")?;
        let mut cost_caps = BTreeMap::new();
        for (name, action) in actions.iter() {
            let cap = match action.get("cost_cap") {
                None => 0.0,
                Some(cap) => amount(cap).ok_or_else(|| format!("actions.{name}.cost_cap is no amount"))?,
            };
            cost_caps.insert(name.to_owned(), cap);
        }
        let tables = tables(&document)?;
        let rules = (0..).zip(tables).map(|(at, table)| rule(at, table, &cost_caps)).collect::<Result<_, _>>()?;
        let has_none = cost_caps.contains_key(NONE);
        Ok(Self { document, rules, cost_caps, has_none })
    }

    /// Changes the weights of a rule; those that are not named become 0.
    pub fn set(&mut self, at: usize, weights: &[(String, f64)]) {
        let rules = self.document.get_mut("rules");
        let table: Option<&mut dyn TableLike> = match rules {
            Some(Item::ArrayOfTables(tables)) => tables.get_mut(at).map(|table| table as &mut dyn TableLike),
            Some(rules) => {
                let array = rules.as_array_mut().and_then(|array| array.get_mut(at));
                array.and_then(|rule| rule.as_inline_table_mut()).map(|table| table as &mut dyn TableLike)
            }
            None => None,
        };
        let Some(own) = table.and_then(|table| table.get_mut("weights")).and_then(Item::as_table_like_mut) else {
            return;
        };
        for (_, old) in own.iter_mut() {
            put(old, 0.0);
        }
        for (action, weight) in weights {
            match own.get_mut(action) {
                Some(old) => put(old, *weight),
                None => {
                    own.insert(action, value(*weight));
                }
            }
        }
    }

    /// The text as it is now.
    pub fn text(&self) -> String {
        self.document.to_string()
    }
}

/// Puts a number where another stood, with the white space and comment around it.
fn put(item: &mut Item, weight: f64) {
    let around = item.as_value().map(|value| value.decor().clone());
    *item = value(weight);
    if let (Some(around), Some(new)) = (around, item.as_value_mut()) {
        *new.decor_mut() = around;
    }
}

fn tables(document: &DocumentMut) -> Result<Vec<&dyn TableLike>, String> {
    let none = "it has no [[rules]]";
    match document.get("rules") {
        Some(Item::ArrayOfTables(tables)) => Ok(tables.iter().map(|table| table as &dyn TableLike).collect()),
        Some(rules) => {
            let array = rules.as_array().ok_or(none)?;
            let table = |rule: &'_ toml_edit::Value| rule.as_inline_table().is_some();
            if !array.iter().all(table) {
                return Err(none.into());
            }
            Ok(array.iter().filter_map(|rule| rule.as_inline_table()).map(|table| table as &dyn TableLike).collect())
        }
        None => Err(none.into()),
    }
}

fn rule(at: usize, table: &dyn TableLike, actions: &BTreeMap<String, f64>) -> Result<Rule, String> {
    let list = |key: &str| -> Result<Option<Vec<String>>, String> {
        let Some(item) = table.get(key) else { return Ok(None) };
        let texts = item.as_array().and_then(|array| {
            array.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        let texts = texts.ok_or_else(|| format!("rules[{at}].{key} is no list of names"))?;
        // An empty list fits everybody, as one that is absent does.
        Ok(Some(texts).filter(|texts| !texts.is_empty()))
    };
    let own = table.get("weights").and_then(Item::as_table_like);
    let mut weights = Vec::new();
    for (name, weight) in own.ok_or_else(|| format!("rules[{at}] has no weights"))?.iter() {
        let weight = amount(weight).filter(|weight| (0.0..=1.0).contains(weight));
        let weight = weight.ok_or_else(|| format!("rules[{at}].weights.{name} is no number from 0 to 1"))?;
        if !actions.contains_key(name) {
            return Err(format!("rules[{at}].weights.{name} is no action under [actions]"));
        }
        if weight > 0.0 {
            weights.push((name.to_owned(), weight));
        }
    }
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    if (sum - 1.0).abs() > 1e-6 {
        return Err(format!("rules[{at}].weights sum to {sum}, not to 1"));
    }
    let name = table.get("name").and_then(Item::as_str).map_or_else(|| (at + 1).to_string(), str::to_owned);
    Ok(Rule { name, tiers: list("tier")?, segments: list("segment")?, weights })
}

/// A number, or a decimal string.
fn amount(item: &Item) -> Option<f64> {
    let text = || item.as_str().and_then(|text| text.parse::<f64>().ok());
    let whole = || item.as_integer().map(|number| number as f64);
    item.as_float().or_else(whole).or_else(text).filter(|amount| amount.is_finite())
}

#[cfg(test)]
mod tests {
    use super::Playbook;

    const TEXT: &str = r#"# Agreed with sales in March.
[actions.call]
channel = "phone" # never before ten
cost_cap = "20.00"
[actions.letter]
[actions.none]

[[rules]]
tier = ["high"] # the best customers
weights = { call = 0.6, letter = 0.4 } # by feeling

[[rules]]
[rules.weights]
letter = 1 # for everybody else
"#;

    #[test]
    fn only_weights_change() {
        let mut playbook = Playbook::read(TEXT).unwrap();
        assert_eq!(playbook.text(), TEXT);
        assert!(playbook.has_none && playbook.cost_caps["call"] == 20.0);
        playbook.set(0, &[("call".into(), 0.05), ("letter".into(), 0.95)]);
        playbook.set(1, &[("none".into(), 1.0)]);
        let expected = TEXT
            .replace("call = 0.6, letter = 0.4 }", "call = 0.05, letter = 0.95 }")
            .replace("letter = 1 # for", "letter = 0.0 # for");
        assert_eq!(playbook.text(), expected + "none = 1.0\n");
    }

    #[test]
    fn what_is_no_playbook_is_refused() {
        let broken = [
            ("[actions.call]", "[[rules]", "line 9"),
            ("[actions.letter]", "", "weights.letter is no action"),
            ("call = 0.6", "call = 0.7", "sum to 1.1"),
            ("call = 0.6", "call = -1", "no number from 0 to 1"),
            ("\"20.00\"", "\"dear\"", "actions.call.cost_cap"),
            ("[\"high\"]", "3", "rules[0].tier is no list"),
        ];
        for (from, to, said) in broken {
            let fault = Playbook::read(&TEXT.replacen(from, to, 1)).err().unwrap();
            assert!(from == "[actions.call]" || fault.contains(said), "{fault}");
        }
        assert!(Playbook::read("[actions]").is_err());
    }
}
