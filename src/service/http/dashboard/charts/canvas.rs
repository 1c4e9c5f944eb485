//! What every chart is drawn on: size, colours, letters, axes.

use std::ops::Range;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoTextStyle, RGBColor, ShapeStyle};

use crate::effect_study::letters::width;
use crate::effect_study::numbers::count;

/// Colours by what they mean; style.css knows each by its number.
pub const LINE: RGBColor = RGBColor(1, 1, 1);
/// Of the grid.
pub const GRID: RGBColor = RGBColor(2, 2, 2);
/// What is shown first.
pub const MAIN: RGBColor = RGBColor(3, 3, 3);
/// What is shown beside it.
pub const OTHER: RGBColor = RGBColor(4, 4, 4);
/// What speaks for trouble.
pub const BAD: RGBColor = RGBColor(5, 5, 5);
/// What is between.
pub const MIDDLE: RGBColor = RGBColor(6, 6, 6);
/// Letters, as wide as 7 units a column.
pub const LETTERS: (&str, u32) = ("sans-serif", 15);
/// About how wide a column of them is.
pub const COLUMN_WIDTH: u32 = 8;
/// Width of every chart.
pub const WIDTH: u32 = 420;

/// A backend into memory.
pub type Svg<'a> = SVGBackend<'a>;
/// The whole picture.
pub type Area<'a> = DrawingArea<Svg<'a>, Shift>;
/// The plane inside the axes.
pub type Plane<'a> = ChartContext<'a, Svg<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// Whether it was drawn.
pub type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<<Svg<'static> as DrawingBackend>::ErrorType>>;

/// What a colour stands for.
#[derive(Clone)]
pub struct Mark {
    /// What it is called.
    pub name: String,
    /// The colour.
    pub colour: RGBColor,
    /// Whether its line is broken.
    pub is_broken: bool,
}

/// Axes of a chart.
pub struct Axes<'f> {
    /// From left to right.
    pub across: Range<f64>,
    /// From below to above.
    pub up: Range<f64>,
    /// Where something is written below, and what.
    pub ticks: Vec<(f64, String)>,
    /// How values are written on the left.
    pub value: &'f dyn Fn(f64) -> String,
    /// Columns that such a value takes at most.
    pub columns: u32,
    /// Columns of what is written on the right.
    pub columns_right: u32,
    /// Names with their colours, above.
    pub legend: Vec<Mark>,
}

/// Draws on a picture so high; `None` where nothing could be drawn.
pub fn drawn(height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Option<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    let done = draw(&area).is_ok() && area.present().is_ok();
    drop(area);
    done.then_some(svg)
}

/// Draws the axes; gives the plane.
pub fn plane<'a>(area: &Area<'a>, axes: &Axes<'_>) -> Drawn<Plane<'a>> {
    let legend_height = if axes.legend.is_empty() { 8 } else { 30 };
    let mut chart = ChartBuilder::on(area)
        .margin_top(legend_height)
        .margin_right(20 + axes.columns_right * COLUMN_WIDTH)
        .margin_bottom(4)
        .x_label_area_size(28)
        .y_label_area_size(axes.columns * COLUMN_WIDTH + 14)
        .build_cartesian_2d(axes.across.clone(), axes.up.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(5)
        .y_label_formatter(&|value| (axes.value)(*value))
        .label_style(LETTERS)
        .bold_line_style(GRID.stroke_width(1))
        .light_line_style(GRID.mix(0.0))
        .axis_style(LINE.stroke_width(1))
        .draw()?;
    let below = LETTERS.into_text_style(area).pos(Pos::new(HPos::Center, VPos::Top));
    for (at, text) in &axes.ticks {
        let (across, down) = chart.backend_coord(&(*at, axes.up.start));
        let half = (text.chars().count() as u32 * COLUMN_WIDTH / 2) as i32;
        area.draw(&Text::new(text.as_str(), (across.clamp(half, WIDTH as i32 - half), down + 8), below.clone()))?;
    }
    let beside = LETTERS.into_text_style(area).pos(Pos::new(HPos::Left, VPos::Center));
    let mut across = (axes.columns * COLUMN_WIDTH + 14) as i32;
    for Mark { name, colour, is_broken } in &axes.legend {
        let parts: &[(i32, i32)] = if *is_broken { &[(0, 5), (8, 13)] } else { &[(0, 13)] };
        for (from, to) in parts {
            area.draw(&Rectangle::new([(across + from, 9), (across + to, 18)], colour.filled()))?;
        }
        area.draw(&Text::new(name.as_str(), (across + 18, 14), beside.clone()))?;
        across += 18 + width(name) as i32 * COLUMN_WIDTH as i32 + 14;
    }
    Ok(chart)
}

/// A level line over the whole width.
pub fn level(plane: &mut Plane<'_>, across: &Range<f64>, at: f64, style: impl Into<ShapeStyle>) -> Drawn {
    plane.draw_series([PathElement::new(vec![(across.start, at), (across.end, at)], style)]).map(|_| ())
}

/// A count on a scale; between two counts there is none.
pub fn whole_value(value: f64) -> String {
    if value.fract().abs() < 1e-9 { count(value.round() as u64) } else { String::new() }
}

/// Columns that the longest of the values up to `most` takes; counts are written where they are whole.
pub fn columns(most: f64, value: &dyn Fn(f64) -> String) -> u32 {
    let ends = [most, most.floor(), most.ceil()].map(|end| width(&value(end)));
    ends.into_iter().max().unwrap_or_default() as u32
}

/// A scale that ends a little above what is shown.
pub fn above(most: f64) -> f64 {
    if most > 0.0 { most * 1.08 } else { 1.0 }
}
