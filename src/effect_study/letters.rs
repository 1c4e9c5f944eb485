//! How wide a text is, in columns: a Chinese letter takes two.

/// Columns of a terminal that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|letter| if is_wide(letter) { 2 } else { 1 }).sum()
}

/// The text, or as much of it as fits into so many columns with a mark that it goes on.
pub fn within(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fitting = text.chars().take_while(|letter| {
        let taken = if is_wide(*letter) { 2 } else { 1 };
        let fits = taken <= room;
        room = room.saturating_sub(taken);
        fits
    });
    fitting.chain(std::iter::once('…')).collect()
}

/// East Asian wide and fullwidth letters, as far as the report has them.
fn is_wide(letter: char) -> bool {
    matches!(letter, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}')
}

#[cfg(test)]
mod tests {
    use super::{width, within};

    #[test]
    fn chinese_letters_are_two_wide() {
        assert_eq!([width("abc"), width("行动组"), width("差, +1")], [3, 6, 6]);
        assert_eq!([within("abc", 3), within("abcd", 3), within("行动组", 5)], ["abc", "ab…", "行动…"]);
    }
}
