//! Charts as SVG. Their colours are names that the stylesheet gives a meaning to, in light and in dark.

pub mod canvas;
pub mod bars;
pub mod lines;
pub mod rows;
