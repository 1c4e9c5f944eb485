//! Two diagrams as SVG: what was known week by week, and the cells with their intervals.

use std::collections::BTreeMap;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::chart::ChartBuilder;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoTextStyle, RGBColor, ShapeStyle, WHITE};

use crate::effect_study::document::{cell_labels, points};
use crate::effect_study::letters::{width, within};
use crate::effect_study::report::Report;
use crate::effect_study::words::Words;

const BLUE: RGBColor = RGBColor(31, 119, 180);
const GREY: RGBColor = RGBColor(110, 110, 110);
const WIDTH: u32 = 760;
const SEQUENCE_HEIGHT: u32 = 380;
const ROW_HEIGHT: u32 = 22;
/// Size of captions, and of everything else that is written; about five quarters of the letters' height.
const CAPTION: (&str, u32) = ("sans-serif", 20);
const LETTERS: (&str, u32) = ("sans-serif", 16);
/// About how wide a column of [`LETTERS`] is.
const COLUMN_WIDTH: u32 = 7;
/// Most columns that a cell's name takes, and fewest that are left to its action.
const MOST_COLUMNS: usize = 54;
const LEAST_COLUMNS: usize = 8;
/// Most cells drawn; the table has them all.
const MOST_CELLS: usize = 60;

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

/// What was known at each look; `None` before there is an interval.
pub fn sequence_svg(report: &Report, words: &Words) -> Option<String> {
    let usable = report.looks.iter().filter(|look| look.returns.bound.is_finite());
    let known: Vec<Known> = usable
        .map(|look| Known {
            year: look.year,
            number: f64::from((look.year - 1) * 52 + look.number),
            estimate: points(look.returns.contrast.difference),
            interval: look.returns.interval().map(points),
        })
        .collect();
    let (first, last) = (known.first()?.number, known.last()?.number);
    let [low, high] = extent(known.iter().map(|known| known.interval));
    let mut svg = String::new();
    // Drawing into memory fails only for a frame without extent, which is then an empty picture.
    let _ = draw_sequence(&mut svg, &known, [first - 0.5, last + 0.5, low - 1.0, high + 1.0], words);
    Some(svg)
}

/// What was known at a look, in points.
struct Known {
    year: u32,
    /// Counted from the first look of the first year.
    number: f64,
    estimate: f64,
    interval: [f64; 2],
}

/// The least and the greatest of the ends and 0.
fn extent(intervals: impl Iterator<Item = [f64; 2]>) -> [f64; 2] {
    let (low, high) = intervals.flatten().fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    [low, high]
}

fn draw_sequence<'a>(
    svg: &'a mut String,
    known: &[Known],
    [left, right, bottom, top]: [f64; 4],
    words: &Words,
) -> Drawn<'a> {
    let area = SVGBackend::with_string(svg, (WIDTH, SEQUENCE_HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(words.chart_sequence(), CAPTION)
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(left..right, bottom..top)?;
    chart
        .configure_mesh()
        .x_desc(words.chart_week())
        .y_desc(words.chart_points())
        .label_style(LETTERS)
        .axis_desc_style(LETTERS)
        .x_label_formatter(&|number| format!("{number:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    // Each year is a study of its own, so nothing leads from one to the next.
    for year in known.chunk_by(|one, next| one.year == next.year) {
        let upper = year.iter().map(|Known { number, interval: [_, high], .. }| (*number, *high));
        let lower = year.iter().rev().map(|Known { number, interval: [low, _], .. }| (*number, *low));
        let band: Vec<(f64, f64)> = upper.chain(lower).collect();
        chart.draw_series([Polygon::new(band, BLUE.mix(0.2))])?;
        let line: Vec<(f64, f64)> = year.iter().map(|known| (known.number, known.estimate)).collect();
        chart.draw_series(line.iter().map(|point| Circle::new(*point, 3, BLUE.filled())))?;
        chart.draw_series([PathElement::new(line, BLUE.stroke_width(2))])?;
    }
    chart.draw_series([PathElement::new(vec![(left, 0.0), (right, 0.0)], GREY.stroke_width(1))])?;
    area.present()
}

/// A cell that is drawn, in points.
struct Row {
    name: String,
    estimate: f64,
    interval: [f64; 2],
}

/// The cells, one below the other; `None` without cells.
pub fn cells_svg(report: &Report, words: &Words, names: &BTreeMap<String, String>) -> Option<String> {
    let drawn = report.cells.iter().take(MOST_CELLS).map(|cell| Row {
        name: cell_name(cell_labels(cell, words, names)),
        estimate: points(cell.pooled.estimate),
        interval: cell.pooled.interval.map(points),
    });
    let drawn: Vec<Row> = drawn.collect();
    let widest = drawn.iter().map(|row| width(&row.name)).max()?;
    let [low, high] = extent(drawn.iter().map(|row| row.interval));
    let mut svg = String::new();
    let _ = draw_cells(&mut svg, &drawn, [low - 1.0, high + 1.0], widest as u32 * COLUMN_WIDTH, words);
    Some(svg)
}

/// A cell's name in a line; what is too long is cut from the action, which the others don't tell apart.
fn cell_name([action, segment, tier]: [String; 3]) -> String {
    let rest = format!(" · {segment} · {tier}");
    within(&action, MOST_COLUMNS.saturating_sub(width(&rest)).max(LEAST_COLUMNS)) + &rest
}

fn draw_cells<'a>(
    svg: &'a mut String,
    cells: &[Row],
    [low, high]: [f64; 2],
    names_width: u32,
    words: &Words,
) -> Drawn<'a> {
    let rows = cells.len() as u32;
    let area = SVGBackend::with_string(svg, (WIDTH, rows * ROW_HEIGHT + 110)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(words.chart_cells(), CAPTION)
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(names_width + 12)
        .build_cartesian_2d(low..high, f64::from(rows)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_desc(words.chart_points())
        .label_style(LETTERS)
        .axis_desc_style(LETTERS)
        .light_line_style(WHITE)
        .draw()?;
    let zero = vec![(0.0, 0.0), (0.0, f64::from(rows))];
    chart.draw_series([PathElement::new(zero, GREY.stroke_width(1))])?;
    let beside = LETTERS.into_text_style(&area).pos(Pos::new(HPos::Right, VPos::Center));
    for (number, Row { name, estimate, interval: [from, to] }) in (0..).map(f64::from).zip(cells) {
        let middle = number + 0.5;
        let style: ShapeStyle = BLUE.stroke_width(2);
        chart.draw_series([PathElement::new(vec![(*from, middle), (*to, middle)], style)])?;
        chart.draw_series([Circle::new((*estimate, middle), 4, BLUE.filled())])?;
        let (left, height) = chart.backend_coord(&(low, middle));
        area.draw(&Text::new(name.as_str(), (left - 8, height), beside.clone()))?;
    }
    area.present()
}
