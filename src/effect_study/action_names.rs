//! What actions are called in a report: as the playbook says it, where that is short enough for a table.

use std::collections::BTreeMap;

use crate::effect_study::words::table::Words;
use crate::engine::alerting::playbook::Playbook;

/// Longest text, in characters, that still is a name; a longer one is an instruction, and the action goes by its own name.
const LONGEST_NAME: usize = 30;

/// The actions that have a short text in the language of `words`.
pub fn action_names(playbook: &Playbook, words: &Words) -> BTreeMap<String, String> {
    let texts = playbook.actions.iter().map(|action| {
        let text = if words.language == "zh" { &action.zh } else { &action.en };
        (action.name.to_string(), text.to_string())
    });
    texts.filter(|(_, text)| text.chars().count() <= LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::action_names;
    use crate::effect_study::words::en::EN;
    use crate::effect_study::words::zh::ZH;
    use crate::engine::alerting::playbook::{Action, Playbook};

    #[test]
    fn short_texts_are_names_and_instructions_are_not() {
        let action = |name: &str, en: &str, zh: &str| Action {
            name: name.into(),
            channel: "phone".into(),
            owner: "sales".into(),
            deadline_days: 3,
            cost_cap: None,
            offer: None,
            en: en.into(),
            zh: zh.into(),
        };
        let instruction = "Write a letter in person with a look at what is new.";
        let actions = vec![action("call", "Call", "致电客户"), action("letter", instruction, "寄信")];
        let playbook = Playbook { actions, rules: Vec::new() };
        let names = |words| action_names(&playbook, words).into_iter().collect::<Vec<_>>();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(names(&ZH), [pair("call", "致电客户"), pair("letter", "寄信")]);
        assert_eq!(names(&EN), [pair("call", "Call")]);
    }
}
