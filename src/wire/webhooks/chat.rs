//! An alert as a message for a room of people: Slack, DingTalk and WeCom (企业微信).
//!
//! Invariant: nothing of a customer's id or of a playbook's text is markup, a mention or a link in any of them.

use fluent_bundle::FluentArgs;
use serde_json::{Value, json};

use crate::wire::texts::{Language, sentence};
use crate::wire::webhooks::told::{Action, Told};

/// Most reasons that are told.
const MAX_REASONS: usize = 3;
/// Most of a title and of a text, in characters: less than Slack's 150 and 3,000 of a header and a section.
const MAX_TITLE: usize = 140;
const MAX_TEXT: usize = 2_800;
/// The same for WeCom, whose 4,096 are bytes, of which a Chinese character takes three.
const MAX_WECOM_TEXT: usize = 1_200;

/// What is told: a title, and lines below it.
struct Message {
    title: String,
    lines: Vec<String>,
}

impl Message {
    fn of(told: &Told, language: Language) -> Self {
        let say = |id: &str, parameters: FluentArgs<'_>| sentence(language, id, &parameters);
        let title = match (told.transition(), told.data.cause.as_deref()) {
            ("opened", _) => "webhook-opened",
            ("escalated", _) => "webhook-escalated",
            ("resolved", Some("score")) => "webhook-calmed",
            ("resolved", _) => "webhook-resolved",
            ("lapsed", _) => "webhook-lapsed",
            (_, Some("erasure")) => "webhook-erased",
            (_, Some("merged")) => "webhook-merged",
            _ => "webhook-withdrawn",
        };
        let title = say(title, FluentArgs::from_iter([("customer", told.subject.as_str())]));
        let data = &told.data;
        if !told.is_open() {
            return Self { title, lines: Vec::new() };
        }
        let mut lines = Vec::new();
        if let Some(band) = data.band.as_deref().filter(|band| ["watch", "high", "critical"].contains(band)) {
            let band = say(&format!("webhook-band-{band}"), FluentArgs::new());
            let percent = format!("{:.0}", data.score.unwrap_or_default() * 100.0);
            lines.push(say("webhook-risk", FluentArgs::from_iter([("band", band), ("percent", percent)])));
        }
        if let Some((days, day)) = data.silence_days.zip(data.expected_churn_day.as_deref()) {
            let mut parameters = FluentArgs::new();
            parameters.set("days", days);
            parameters.set("day", day);
            lines.push(say("webhook-silence", parameters));
        }
        if let Some((amount, currency)) = data.value_at_risk.as_deref().zip(data.currency.as_deref()) {
            lines.push(say("webhook-stake", FluentArgs::from_iter([("amount", amount), ("currency", currency)])));
        }
        let between = match language {
            Language::En => "; ",
            Language::Zh => "；",
        };
        let reasons: Vec<&str> = data.reasons.iter().take(MAX_REASONS).map(|reason| reason.get(language)).collect();
        if !reasons.is_empty() {
            lines.push(say("webhook-why", FluentArgs::from_iter([("reasons", reasons.join(between))])));
        }
        lines.extend(data.action.iter().flat_map(|action| what_to_do(action, language)));
        Self { title, lines }
    }

    /// The title and one text, made harmless and cut.
    fn harmless(&self, harmless: impl Fn(&str) -> String, line_break: &str, most: usize) -> (String, String) {
        let lines: Vec<String> = self.lines.iter().map(|line| harmless(line)).collect();
        (harmless(&cut(&self.title, MAX_TITLE)), cut(&lines.join(line_break), most))
    }
}

/// The recommended action, and who is to do it by when.
fn what_to_do(action: &Action, language: Language) -> Vec<String> {
    let text = action.text.get(language);
    if text.is_empty() {
        return Vec::new();
    }
    let parameters = FluentArgs::from_iter([("action", text)]);
    let mut lines = vec![sentence(language, "webhook-do", &parameters)];
    let who = action.owner.as_deref().zip(action.channel.as_deref()).zip(action.deadline_day.as_deref());
    if let Some(((owner, channel), day)) = who {
        let parameters = FluentArgs::from_iter([("owner", owner), ("channel", channel), ("day", day)]);
        lines.push(sentence(language, "webhook-who", &parameters));
    }
    lines
}

/// An incoming webhook of Slack: blocks, and the text that a notification shows (docs.slack.dev/messaging).
pub fn slack(told: &Told, language: Language) -> Value {
    let message = Message::of(told, language);
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (title, text) = message.harmless(escaped, "\n", MAX_TEXT);
    // What is plain text to Slack is shown as it is.
    let header = json!({"type": "header", "text": {"type": "plain_text", "text": cut(&message.title, MAX_TITLE)}});
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    let blocks = if text.is_empty() { vec![header] } else { vec![header, section] };
    json!({"text": title, "blocks": blocks})
}

/// A custom robot of DingTalk (open.dingtalk.com, custom robots: markdown).
pub fn dingtalk(told: &Told, language: Language) -> Value {
    let (title, text) = Message::of(told, language).harmless(without_markdown, "\n- ", MAX_TEXT);
    let text = if text.is_empty() { format!("### {title}") } else { format!("### {title}\n- {text}") };
    json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
}

/// A group robot of WeCom (developer.work.weixin.qq.com/document/path/91770: markdown).
pub fn wecom(told: &Told, language: Language) -> Value {
    let (title, text) = Message::of(told, language).harmless(without_markdown, "\n> ", MAX_WECOM_TEXT);
    let text = if text.is_empty() { format!("### {title}") } else { format!("### {title}\n> {text}") };
    json!({"msgtype": "markdown", "markdown": {"content": text}})
}

/// Neither robot's document says how a sign is escaped, so those that mean something become their full-width likes.
fn without_markdown(text: &str) -> String {
    let plain = |letter: char| match letter {
        '<' => '＜',
        '>' => '＞',
        '[' => '［',
        ']' => '］',
        '*' => '＊',
        '`' => '｀',
        '#' => '＃',
        '@' => '＠',
        '!' => '！',
        '\\' => '＼',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().map(plain).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{dingtalk, slack, wecom};
    use crate::wire::texts::Language;
    use crate::wire::webhooks::told::Told;

    fn told(kind: &str, subject: &str, data: &serde_json::Value) -> Told {
        let alert = json!({"id": "1", "type": format!("churnwatch.alert.{kind}"), "subject": subject, "data": data});
        Told::read(alert.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn every_ending_is_told_in_both_languages() {
        let endings = [
            ("resolved", "purchase", "Customer 0017 is back: bought again", "客户 0017 已回归：再次购买"),
            ("resolved", "score", "Customer 0017 has calmed: the warning is over", "客户 0017 风险回落，预警结束"),
            ("lapsed", "", "Customer 0017 is lost: the silence is churn by now", "客户 0017 已流失：沉默期已满"),
            ("withdrawn", "opt_out", "Customer 0017 opted out: the warning is withdrawn", "客户 0017 已退订：预警撤回"),
            (
                "withdrawn",
                "erasure",
                "Customer 0017 asked to be forgotten: delete what you keep of them",
                "客户 0017 要求被遗忘：请删除您保存的相关数据",
            ),
        ];
        for (kind, cause, en, zh) in endings {
            let told = told(kind, "0017", &json!({"cause": cause, "band": "high"}));
            for (language, sentence) in [(Language::En, en), (Language::Zh, zh)] {
                assert_eq!(slack(&told, language)["text"], sentence);
                assert_eq!(wecom(&told, language)["markdown"]["content"], format!("### {sentence}"));
                assert_eq!(dingtalk(&told, language)["markdown"]["title"], sentence);
            }
        }
    }

    #[test]
    fn nobody_is_mentioned_and_nothing_linked_by_a_customer_s_id() {
        let told = told("lapsed", "<!channel> [x](http://y) @all\n# *b*", &json!({}));
        let slack = slack(&told, Language::En);
        assert!(slack["text"].as_str().unwrap().contains("&lt;!channel&gt;"), "{slack}");
        for text in [
            dingtalk(&told, Language::En)["markdown"]["text"].to_string(),
            wecom(&told, Language::En)["markdown"]["content"].to_string(),
        ] {
            assert!(text.contains("＜！channel＞ ［x］(http://y) ＠all ＃ ＊b＊"), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_to_what_is_taken() {
        let long = "很".repeat(5_000);
        let data = json!({"action": {"en": long, "zh": long}, "score": 0.5, "band": "high"});
        let told = told("opened", "bob", &data);
        let slack = slack(&told, Language::Zh);
        assert!(slack["blocks"][1]["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
        assert!(wecom(&told, Language::Zh)["markdown"]["content"].as_str().unwrap().len() <= 4_096);
    }
}
