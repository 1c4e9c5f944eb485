//! Lines over time, some of them broken because they have not happened yet, and levels that they may cross.

use std::ops::Range;

use plotters::element::{DashedPathElement, PathElement, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoTextStyle, RGBColor};

use crate::effect_study::letters::width;
use crate::service::http::dashboard::charts::canvas::{Axes, LETTERS, Mark, above, columns, drawn, level, plane};

const HEIGHT: u32 = 240;
/// From one name to the next.
const LINE_HEIGHT: i32 = 17;

/// One line.
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Its colour.
    pub colour: RGBColor,
    /// Its points, ascending.
    pub points: Vec<(f64, f64)>,
    /// Whether it is foretold.
    pub is_foretold: bool,
}

/// A level with its name.
pub struct Level {
    /// What begins there.
    pub name: String,
    /// Its colour.
    pub colour: RGBColor,
    /// Where it is.
    pub at: f64,
}

/// What lines are drawn in.
pub struct Frame<'f> {
    /// From left to right.
    pub across: Range<f64>,
    /// Where the scale ends; absent: a little above the lines.
    pub top: Option<f64>,
    /// What is written below.
    pub ticks: Vec<(f64, String)>,
    /// How values are written.
    pub value: &'f dyn Fn(f64) -> String,
}

/// Lines and levels; `None` where there is no point.
pub fn lines(lines: &[Line], levels: &[Level], frame: Frame<'_>) -> Option<String> {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    points().next()?;
    let most = frame.top.unwrap_or_else(|| above(points().map(|(_, value)| *value).fold(0.0, f64::max)));
    let across = frame.across.clone();
    // One line alone is what the title says.
    let legend = lines.iter().filter(|_| lines.len() > 1);
    let legend = legend.map(|line| Mark { name: line.name.clone(), colour: line.colour, is_broken: line.is_foretold });
    let axes = Axes {
        across: across.clone(),
        up: 0.0..most,
        ticks: frame.ticks,
        value: frame.value,
        columns: columns(most, frame.value),
        columns_right: levels.iter().map(|level| width(&level.name) as u32).max().unwrap_or_default(),
        legend: legend.collect(),
    };
    drawn(HEIGHT, |area| {
        let mut chart = plane(area, &axes)?;
        // Their names stand on the right, the highest first, where no line runs through them.
        let beside = LETTERS.into_text_style(area).pos(Pos::new(HPos::Left, VPos::Center));
        let mut ordered: Vec<&Level> = levels.iter().collect();
        ordered.sort_by(|one, other| other.at.total_cmp(&one.at));
        let mut free = i32::MIN;
        for one in ordered {
            level(&mut chart, &across, one.at, one.colour.stroke_width(1))?;
            let (right, down) = chart.backend_coord(&(across.end, one.at));
            let down = down.max(free);
            area.draw(&Text::new(one.name.as_str(), (right + 6, down), beside.clone()))?;
            free = down + LINE_HEIGHT;
        }
        for line in lines {
            let (points, stroke) = (line.points.clone(), line.colour.stroke_width(2));
            if line.is_foretold {
                chart.draw_series([DashedPathElement::new(points, 6, 5, stroke)])?;
            } else {
                chart.draw_series([PathElement::new(points, stroke)])?;
            }
        }
        Ok(())
    })
}
