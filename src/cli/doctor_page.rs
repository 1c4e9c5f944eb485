//! How a report looks to people: a line a check, below it what was found and what to do.

use anstyle::{AnsiColor, Style};

use crate::service::doctor::finding::{Checked, Finding};
use crate::service::doctor::report::{Report, librdkafka};
use crate::wire::shapes::doctor::{CheckResult, Severity};

/// Width of the columns before what was seen.
const MARK: usize = 8;
const NAME: usize = 14;

/// The report, with or without colours.
pub fn page(report: &Report, coloured: bool) -> String {
    let paint = |style: Style, text: &str| {
        if coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let mut lines: Vec<String> = report.checks.iter().flat_map(|checked| check_lines(checked, &paint)).collect();
    lines.push(String::new());
    lines.push(summary(report, &paint));
    lines.join("\n")
}

fn check_lines(checked: &Checked, paint: &impl Fn(Style, &str) -> String) -> Vec<String> {
    let worst = checked.findings.first().map(|finding| finding.kind.severity);
    let (mark, style) = match (worst, checked.result) {
        (Some(severity), _) => (severity.word(), style_of(severity)),
        (None, CheckResult::Skipped) => ("skipped", AnsiColor::BrightBlack.on_default()),
        (None, CheckResult::Ok | CheckResult::Found) => ("ok", AnsiColor::Green.on_default()),
    };
    let mark = paint(style, &format!("{mark:<MARK$}"));
    let name = paint(Style::new().bold(), &format!("{:<NAME$}", checked.check.words()));
    let mut lines = vec![format!("{mark}{name}{}", checked.seen)];
    lines.extend(checked.findings.iter().flat_map(|finding| finding_lines(finding, paint)));
    lines
}

fn finding_lines(finding: &Finding, paint: &impl Fn(Style, &str) -> String) -> [String; 4] {
    let Finding { kind, about, seen, remedy } = finding;
    let mark = paint(style_of(kind.severity), &format!("{:<MARK$}", kind.severity.word()));
    let about = if about.is_empty() { String::new() } else { format!("  {about}") };
    let indent = " ".repeat(MARK);
    [
        format!("  {mark}{}{about}", paint(Style::new().bold(), kind.code)),
        format!("  {indent}what  {}", kind.means),
        format!("  {indent}seen  {seen}"),
        format!("  {indent}do    {remedy}"),
    ]
}

fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default(),
        Severity::Note => AnsiColor::Cyan.on_default(),
    }
}

fn summary(report: &Report, paint: &impl Fn(Style, &str) -> String) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let many = report.count(severity);
        (many > 0).then(|| {
            let ending = if many == 1 { "" } else { "s" };
            paint(style_of(severity), &format!("{many} {}{ending}", severity.word()))
        })
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let skipped = report.checks.iter().filter(|one| one.result == CheckResult::Skipped).count();
    let found = match (counts.is_empty(), skipped) {
        (true, 0) => paint(AnsiColor::Green.on_default(), "nothing is wrong"),
        (true, _) => format!("nothing is wrong with what was looked at; {skipped} skipped"),
        (false, 0) => counts.join(", "),
        (false, _) => format!("{}; {skipped} skipped", counts.join(", ")),
    };
    let seconds = report.took.as_secs_f64();
    format!("{found}  (churnwatch {}, librdkafka {}, {seconds:.1} s)", env!("CARGO_PKG_VERSION"), librdkafka())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::page;
    use crate::engine::day::Millis;
    use crate::service::doctor::finding::{Checked, UNFINISHED};
    use crate::service::doctor::report::Report;
    use crate::wire::shapes::doctor::Check;

    fn report() -> Report {
        let findings = vec![UNFINISHED.found("churn.profiles", "28 s", &[])];
        let checks = vec![
            Checked::new(Check::Topics, "7 topics", Vec::new()),
            Checked::new(Check::State, "did not end", findings),
            Checked::skipped(Check::Service, "no service answers"),
        ];
        Report { time: Millis(0), took: Duration::from_millis(2_340), checks }
    }

    #[test]
    fn each_finding_stands_below_its_check_with_what_to_do() {
        let text = page(&report(), false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok      topics        7 topics");
        assert_eq!(lines[1], "error   state         did not end");
        assert_eq!(lines[2], "  error   unfinished  churn.profiles");
        assert_eq!(lines[4], "          seen  28 s");
        assert_eq!(lines[5], format!("          do    {}", UNFINISHED.remedy));
        assert_eq!(lines[6], "skipped service       no service answers");
        assert!(lines[8].starts_with("1 error; 1 skipped  (churnwatch "), "{}", lines[8]);
    }

    #[test]
    fn colours_add_nothing_but_colours() {
        let (plain, coloured) = (page(&report(), false), page(&report(), true));
        assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}["));
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, plain);
    }
}
