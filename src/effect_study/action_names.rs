//! What actions are called in a report: the first clause of the playbook's text, where that is short enough for a table.

use std::collections::BTreeMap;

use crate::effect_study::letters::width;
use crate::effect_study::words::Words;
use crate::engine::alerting::playbook::Playbook;
use crate::wire::texts::Language;

/// Widest clause, in columns, that still is a name; with a wider one the action goes by its own name.
const WIDEST_NAME: usize = 36;
/// What ends a clause.
const ENDS: [char; 10] = ['.', ',', ';', ':', '!', '。', '，', '；', '：', '！'];

/// The actions whose text in the language of `words` begins with a short clause that no other begins with.
pub fn action_names(playbook: &Playbook, words: &Words) -> BTreeMap<String, String> {
    let clause = |text: &str| text.split(ENDS).next().unwrap_or_default().trim().to_owned();
    let texts = playbook.actions.iter().map(|action| {
        let text = match words.language {
            Language::En => &action.en,
            Language::Zh => &action.zh,
        };
        (action.name.to_string(), clause(text))
    });
    let texts: BTreeMap<String, String> = texts.collect();
    let is_name = |text: &String| {
        let alike = texts.values().filter(|other| *other == text).count();
        !text.is_empty() && width(text) <= WIDEST_NAME && alike == 1
    };
    texts.iter().filter(|(_, text)| is_name(text)).map(|(name, text)| (name.clone(), text.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::action_names;
    use crate::effect_study::words::Words;
    use crate::engine::alerting::playbook::{Action, Playbook};
    use crate::wire::texts::Language;

    #[test]
    fn short_clauses_of_their_own_are_names_and_the_rest_is_not() {
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
        let actions = vec![
            action("call", "Call, and ask what is missing.", "由专属经理致电，了解原因。"),
            action("letter", instruction, "寄信"),
            action("voucher", "Say sorry, and send a voucher.", "致歉，并赠送代金券。"),
            action("apology", "Say sorry.", "致歉。"),
        ];
        let playbook = Playbook { actions, ..Playbook::default() };
        let names = |language| action_names(&playbook, &Words { language }).into_iter().collect::<Vec<_>>();
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(names(Language::Zh), [pair("call", "由专属经理致电"), pair("letter", "寄信")]);
        assert_eq!(names(Language::En), [pair("call", "Call")]);
    }
}
