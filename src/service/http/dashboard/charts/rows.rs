//! Bars that lie in rows, each beginning where the one above ends: how parts make a sum.

use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoTextStyle, RGBColor};

use crate::effect_study::letters::width;
use crate::service::http::dashboard::charts::canvas::{COLUMN_WIDTH, GRID, LETTERS, LINE, WIDTH, drawn};

const ROW_HEIGHT: i32 = 30;
/// Room on the right for a figure.
const FIGURE_WIDTH: i32 = 80;

/// One row.
pub struct Row {
    /// What it is.
    pub name: String,
    /// Where its bar begins and ends.
    pub bar: [f64; 2],
    /// What is written beside it.
    pub figure: String,
    /// Its colour.
    pub colour: RGBColor,
}

/// The rows, one below the other; `None` without any.
pub fn rows(rows: &[Row]) -> Option<String> {
    let widest = rows.iter().map(|row| width(&row.name)).max()?;
    let ends = rows.iter().flat_map(|row| row.bar);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let left = (widest as u32 * COLUMN_WIDTH + 12) as i32;
    let room = f64::from(WIDTH as i32 - left - FIGURE_WIDTH);
    let across = |value: f64| left + ((value - low) / (high - low).max(f64::MIN_POSITIVE) * room).round() as i32;
    let height = rows.len() as i32 * ROW_HEIGHT;
    drawn(height as u32 + 8, |area| {
        let letters = LETTERS.into_text_style(area);
        let name = letters.clone().pos(Pos::new(HPos::Right, VPos::Center));
        let figure = letters.pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&PathElement::new(vec![(across(0.0), 0), (across(0.0), height)], LINE.stroke_width(1)))?;
        for (number, row) in (0..).zip(rows) {
            let top = number * ROW_HEIGHT;
            let middle = top + ROW_HEIGHT / 2;
            let [from, to] = row.bar.map(across);
            let [from, to] = [from.min(to), from.max(to).max(from.min(to) + 1)];
            area.draw(&Rectangle::new([(from, top + 6), (to, top + ROW_HEIGHT - 6)], row.colour.filled()))?;
            let ends = across(row.bar.into_iter().next_back().unwrap_or_default());
            area.draw(&PathElement::new(vec![(ends, top + 6), (ends, top + ROW_HEIGHT + 6)], GRID.stroke_width(1)))?;
            area.draw(&Text::new(row.name.as_str(), (left - 8, middle), name.clone()))?;
            area.draw(&Text::new(row.figure.as_str(), (WIDTH as i32 - FIGURE_WIDTH + 12, middle), figure.clone()))?;
        }
        Ok(())
    })
}
