//! Diagrams as SVG, by plotters; text and colours stand in the file, so that any browser draws them alike.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::PathElement;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, WHITE};

/// One line of a diagram.
pub struct Line<'a> {
    /// What it is.
    pub name: &'a str,
    /// Its points.
    pub points: &'a [(f64, f64)],
}

/// What surrounds the lines.
pub struct Frame<'a> {
    /// The heading.
    pub title: &'a str,
    /// What x is.
    pub x: &'a str,
    /// What y is.
    pub y: &'a str,
    /// Ends of x and y.
    pub ends: [(f64, f64); 2],
    /// Where the lines' names stand.
    pub legend: Legend,
}

/// A corner that the lines leave free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legend {
    /// For lines that rise.
    LowerRight,
    /// For lines that fall.
    LowerLeft,
}

const SIZE: (u32, u32) = (640, 420);
const COLOURS: [RGBColor; 3] = [RGBColor(31, 119, 180), RGBColor(150, 150, 150), RGBColor(214, 39, 40)];

/// Draws lines, each with dots at its points.
pub fn lines(frame: &Frame<'_>, lines: &[Line<'_>]) -> String {
    let mut svg = String::new();
    // Drawing into memory fails only for a frame without extent, which is then an empty picture.
    let _ = draw(&mut svg, frame, lines);
    svg
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw<'a>(svg: &'a mut String, frame: &Frame<'_>, lines: &[Line<'_>]) -> Drawn<'a> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let [(left, right), (bottom, top)] = frame.ends;
    let mut chart = ChartBuilder::on(&area)
        .caption(frame.title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(left..right, bottom..top)?;
    chart
        .configure_mesh()
        .x_desc(frame.x)
        .y_desc(frame.y)
        .x_label_formatter(&|x| number(*x, right - left))
        .y_label_formatter(&|y| number(*y, top - bottom))
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS) {
        let series = LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart
            .draw_series(series)?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .position(match frame.legend {
            Legend::LowerRight => SeriesLabelPosition::LowerRight,
            Legend::LowerLeft => SeriesLabelPosition::LowerLeft,
        })
        .draw()?;
    area.present()
}

/// A number at an axis: whole ones of a long axis stand without a point.
fn number(value: f64, extent: f64) -> String {
    if extent >= 5.0 && (value - value.round()).abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Legend, Line, lines};

    #[test]
    fn whole_numbers_stand_without_a_point() {
        let frame = Frame { title: "t", x: "x", y: "y", ends: [(1.0, 10.0), (0.0, 1.0)], legend: Legend::LowerLeft };
        let drawn = lines(&frame, &[Line { name: "n", points: &[(1.0, 0.5), (10.0, 0.1)] }]);
        let texts: Vec<&str> = drawn.lines().map(str::trim).collect();
        for there in ["1", "10", "0.0", "1.0"] {
            assert!(texts.contains(&there), "{there}: {drawn}");
        }
        assert!(!texts.contains(&"10.0"), "{drawn}");
    }
}
