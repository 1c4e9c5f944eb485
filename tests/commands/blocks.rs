//! The commands that a document shows: the `$ ` lines of its console blocks with the output below each, and its sh blocks,
//! each as one.

/// What a person is told to type, and what the document says comes of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) text: String,
    pub(crate) shown: Vec<String>,
}

/// All of a document's, in order.
pub(crate) fn commands(document: &str) -> Vec<Command> {
    let (mut found, mut block) = (Vec::<Command>::new(), "");
    for line in document.lines() {
        match (block, line.strip_prefix("```")) {
            ("", Some(kind)) => {
                block = if kind.is_empty() { "plain" } else { kind };
                if block == "sh" {
                    found.push(Command { text: String::new(), shown: Vec::new() });
                }
            }
            (_, Some(_)) => block = "",
            ("console", None) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(text), _) => found.push(Command { text: text.into(), shown: Vec::new() }),
                (None, Some(last)) => last.shown.push(line.into()),
                (None, None) => {}
            },
            ("sh", None) => found.last_mut().unwrap().text.extend([line, "\n"]),
            (_, None) => {}
        }
    }
    found
}

/// The first line shown that nothing printed begins like, in order. `…` stands for any lines.
pub(crate) fn unlike(shown: &[String], printed: &str) -> Option<String> {
    let mut printed = printed.lines();
    let shown = shown.iter().filter(|line| line.trim() != "…");
    shown.into_iter().find(|line| !printed.any(|other| shape(other) == shape(line))).cloned()
}

/// The first three words; what has a digit in it is another one each time.
fn shape(line: &str) -> Vec<&str> {
    let word = |word| if str::contains(word, |letter: char| letter.is_ascii_digit()) { "#" } else { word };
    line.split_whitespace().take(3).map(word).collect()
}

#[test]
fn commands_are_found_with_what_they_print() {
    let document = "```toml\na = 1\n```\n```console\n$ one 1\n7 made\n$ two\n```\ntext\n```sh\na <<END\nb\nEND\n```\n";
    let command = |text: &str, shown: &[&str]| Command {
        text: text.into(),
        shown: shown.iter().map(|line| (*line).to_owned()).collect(),
    };
    let found = [command("one 1", &["7 made"]), command("two", &[]), command("a <<END\nb\nEND\n", &[])];
    assert_eq!(commands(document), found);
}

#[test]
fn what_is_shown_must_be_printed_in_order() {
    let shown = ["7 topics made".to_owned(), "…".into(), "ok   brokers  3 of them".into()];
    assert_eq!(unlike(&shown, "13 topics made at last\nnone\n  ok brokers 5 or so"), None);
    assert_eq!(unlike(&shown, "ok brokers 5 or so\n13 topics made"), Some("ok   brokers  3 of them".into()));
    assert_eq!(unlike(&shown, "7 topics kept"), Some("7 topics made".into()));
}
