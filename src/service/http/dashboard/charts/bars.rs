//! Upright bars: stacked by kind, side by side, or one for each day of a long time.

use plotters::element::Rectangle;
use plotters::style::{Color, RGBColor};

use crate::service::http::dashboard::charts::canvas::{
    Axes, Drawn, LINE, Mark, Plane, above, columns, drawn, level, plane,
};

const HEIGHT: u32 = 210;
/// Most texts below the bars.
const MOST_TICKS: usize = 7;

/// What a bar is made of, from below.
pub type Parts<const N: usize> = [f64; N];
/// A kind with its colour.
pub type Kinds<const N: usize> = [(String, RGBColor); N];

/// Bars with what stands below them, their parts upon one another.
pub fn stacked<const N: usize>(
    bars: &[(String, Parts<N>)],
    kinds: &Kinds<N>,
    value: &dyn Fn(f64) -> String,
) -> Option<String> {
    let most = bars.iter().map(|(_, parts)| parts.iter().sum()).fold(0.0, f64::max);
    let draw = |chart: &mut Plane<'_>, at: f64, parts: &Parts<N>, kinds: &Kinds<N>| -> Drawn {
        let mut below = 0.0;
        for (part, (_, colour)) in parts.iter().zip(kinds).filter(|(part, _)| **part > 0.0) {
            let corners = [(at + 0.15, below), (at + 0.85, below + part)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            below += part;
        }
        Ok(())
    };
    upright(bars, kinds, most, value, draw)
}

/// Bars of each group side by side.
pub fn grouped<const N: usize>(
    bars: &[(String, Parts<N>)],
    kinds: &Kinds<N>,
    value: &dyn Fn(f64) -> String,
) -> Option<String> {
    let most = bars.iter().flat_map(|(_, parts)| parts.iter().copied()).fold(0.0, f64::max);
    let draw = |chart: &mut Plane<'_>, at: f64, parts: &Parts<N>, kinds: &Kinds<N>| -> Drawn {
        let wide = 0.8 / N as f64;
        for (place, (part, (_, colour))) in parts.iter().zip(kinds).enumerate() {
            let left = at + 0.1 + place as f64 * wide;
            chart.draw_series([Rectangle::new([(left, 0.0), (left + wide * 0.9, *part)], colour.filled())])?;
        }
        Ok(())
    };
    upright(bars, kinds, most, value, draw)
}

fn upright<const N: usize>(
    bars: &[(String, Parts<N>)],
    kinds: &Kinds<N>,
    most: f64,
    value: &dyn Fn(f64) -> String,
    draw: impl Fn(&mut Plane<'_>, f64, &Parts<N>, &Kinds<N>) -> Drawn,
) -> Option<String> {
    let every = bars.len().div_ceil(MOST_TICKS).max(1);
    let ticks = bars.iter().enumerate().step_by(every).map(|(at, (name, _))| (at as f64 + 0.5, name.clone()));
    let axes = Axes {
        across: 0.0..bars.len().max(1) as f64,
        up: 0.0..above(most),
        ticks: ticks.collect(),
        value,
        columns: columns(most, value),
        columns_right: 0,
        legend: kinds
            .iter()
            .map(|(name, colour)| Mark { name: name.clone(), colour: *colour, is_broken: false })
            .collect(),
    };
    drawn(HEIGHT, |area| {
        let mut chart = plane(area, &axes)?;
        for (at, (_, parts)) in bars.iter().enumerate() {
            draw(&mut chart, at as f64, parts, kinds)?;
        }
        Ok(())
    })
}

/// What each of so many days brought, above the line or below it; `days` before the last one.
pub fn by_day(
    days: f64,
    bars: &[(f64, f64)],
    ticks: Vec<(f64, String)>,
    [risen, fallen]: [RGBColor; 2],
    value: &dyn Fn(f64) -> String,
) -> Option<String> {
    let most = bars.iter().map(|(_, amount)| *amount).fold(0.0, f64::max);
    let least = bars.iter().map(|(_, amount)| *amount).fold(0.0, f64::min);
    let least = if least < 0.0 { least * 1.08 } else { 0.0 };
    let across = -days..1.0;
    let columns = columns(most, value).max(columns(least, value));
    let axes = Axes {
        across: across.clone(),
        up: least..above(most),
        ticks,
        value,
        columns,
        columns_right: 0,
        legend: Vec::new(),
    };
    drawn(HEIGHT, |area| {
        let mut chart = plane(area, &axes)?;
        for (day, amount) in bars {
            let colour = if *amount < 0.0 { fallen } else { risen };
            chart.draw_series([Rectangle::new([(*day - 1.1, 0.0), (*day + 1.1, *amount)], colour.filled())])?;
        }
        level(&mut chart, &across, 0.0, LINE.stroke_width(1))
    })
}
