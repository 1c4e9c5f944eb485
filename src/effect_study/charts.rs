//! Two diagrams as SVG: what was known week by week, and the cells with their intervals.

use std::collections::BTreeMap;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::chart::ChartBuilder;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Text};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, WHITE};

use crate::effect_study::document::{action_label, label, points};
use crate::effect_study::report::Report;
use crate::effect_study::words::table::Words;
use crate::engine::alerting::value::Tier;

const BLUE: RGBColor = RGBColor(31, 119, 180);
const GREY: RGBColor = RGBColor(110, 110, 110);
const WIDTH: u32 = 760;
const SEQUENCE_HEIGHT: u32 = 380;
const ROW_HEIGHT: u32 = 22;
/// Most cells drawn; the table has them all.
const MOST_CELLS: usize = 60;

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

/// What was known at each look; `None` before there is an interval.
pub fn sequence_svg(report: &Report, words: &Words) -> Option<String> {
    let usable = report.looks.iter().filter(|look| look.returns.bound.is_finite());
    let known: Vec<(f64, f64, [f64; 2])> = (1..)
        .map(f64::from)
        .zip(usable)
        .map(|(_, look)| {
            let number = f64::from((look.year - 1) * 52 + look.number);
            (number, points(look.returns.contrast.difference), look.returns.interval().map(points))
        })
        .collect();
    let (first, last) = (known.first()?.0, known.last()?.0);
    let ends = known.iter().flat_map(|(_, _, interval)| interval);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(*end), high.max(*end)));
    let mut svg = String::new();
    // Drawing into memory fails only for a frame without extent, which is then an empty picture.
    let _ = draw_sequence(&mut svg, &known, [first - 0.5, last + 0.5, low - 1.0, high + 1.0], words);
    Some(svg)
}

fn draw_sequence<'a>(
    svg: &'a mut String,
    known: &[(f64, f64, [f64; 2])],
    [left, right, bottom, top]: [f64; 4],
    words: &Words,
) -> Drawn<'a> {
    let area = SVGBackend::with_string(svg, (WIDTH, SEQUENCE_HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(words.chart_sequence, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(left..right, bottom..top)?;
    chart
        .configure_mesh()
        .x_desc(words.chart_week)
        .y_desc(words.chart_points)
        .x_label_formatter(&|number| format!("{number:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    let upper = known.iter().map(|(number, _, [_, high])| (*number, *high));
    let lower = known.iter().rev().map(|(number, _, [low, _])| (*number, *low));
    let band: Vec<(f64, f64)> = upper.chain(lower).collect();
    chart.draw_series([Polygon::new(band, BLUE.mix(0.2))])?;
    chart.draw_series([PathElement::new(vec![(left, 0.0), (right, 0.0)], GREY.stroke_width(1))])?;
    let line: Vec<(f64, f64)> = known.iter().map(|(number, estimate, _)| (*number, *estimate)).collect();
    chart.draw_series(line.iter().map(|point| Circle::new(*point, 3, BLUE.filled())))?;
    chart.draw_series([PathElement::new(line, BLUE.stroke_width(2))])?;
    area.present()
}

/// The cells, one below the other; `None` without cells.
pub fn cells_svg(report: &Report, words: &Words, names: &BTreeMap<String, String>) -> Option<String> {
    let drawn: Vec<(String, f64, [f64; 2])> = report
        .cells
        .iter()
        .take(MOST_CELLS)
        .map(|cell| {
            let tier = match cell.name.tier {
                Tier::Low => words.low,
                Tier::Mid => words.mid,
                Tier::High => words.high,
            };
            let action = action_label(cell.name.action.as_deref(), names, words);
            let segment = label(cell.name.segment.as_deref(), words);
            let pooled = &cell.pooled;
            (format!("{action} · {segment} · {tier}"), points(pooled.estimate), pooled.interval.map(points))
        })
        .collect();
    let (low, high) = drawn
        .iter()
        .flat_map(|(_, _, interval)| interval)
        .fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(*end), high.max(*end)));
    if drawn.is_empty() {
        return None;
    }
    let mut svg = String::new();
    let _ = draw_cells(&mut svg, &drawn, [low - 1.0, high + 1.0], words);
    Some(svg)
}

fn draw_cells<'a>(
    svg: &'a mut String,
    cells: &[(String, f64, [f64; 2])],
    [low, high]: [f64; 2],
    words: &Words,
) -> Drawn<'a> {
    let rows = cells.len() as u32;
    let area = SVGBackend::with_string(svg, (WIDTH, rows * ROW_HEIGHT + 100)).into_drawing_area();
    area.fill(&WHITE)?;
    // A third of the width is for the names.
    let left = low - (high - low) / 2.0;
    let mut chart = ChartBuilder::on(&area)
        .caption(words.chart_cells, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .build_cartesian_2d(left..high, f64::from(rows)..0.0)?;
    chart.configure_mesh().disable_y_mesh().x_desc(words.chart_points).light_line_style(WHITE).draw()?;
    let zero = vec![(0.0, 0.0), (0.0, f64::from(rows))];
    chart.draw_series([PathElement::new(zero, GREY.stroke_width(1))])?;
    for (number, (name, estimate, [from, to])) in (0..).map(f64::from).zip(cells) {
        let middle = number + 0.5;
        let style: ShapeStyle = BLUE.stroke_width(2);
        chart.draw_series([PathElement::new(vec![(*from, middle), (*to, middle)], style)])?;
        chart.draw_series([Circle::new((*estimate, middle), 4, BLUE.filled())])?;
        chart.draw_series([Text::new(name.clone(), (left, number + 0.25), ("sans-serif", 13).into_font())])?;
    }
    area.present()
}
