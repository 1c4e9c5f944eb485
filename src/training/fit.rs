//! The fit: standardise, clip, L2 logistic regression by linfa-logistic, and our own look at the gradient.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use crate::engine::rfm::features::Features;
use crate::engine::scoring::logistic::{Column, Head, sigmoid};
use crate::training::newton::newton;
use crate::training::rows::Row;

/// Largest mean gradient, over all parameters, at what counts as an optimum.
const GRADIENT_LIMIT: f64 = 1e-4;
/// Most iterations of the library's solver, which starts next to the optimum.
const MAX_ITERATIONS: u64 = 200;
/// Fewest rows, and fewest of the rarer class, that a fit is tried with.
const MIN_ROWS: usize = 50;
const MIN_CLASS: usize = 10;

/// Why there is no fit.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FitFault {
    /// Too little to learn from.
    #[error("only {rows} rows, {rarer} of the rarer class: give a longer history, or a later --at")]
    TooLittle {
        /// Rows there are.
        rows: usize,
        /// Rows of the rarer class.
        rarer: usize,
    },
    /// No feature tells two rows apart.
    #[error("every feature is constant: all customers look the same in this history")]
    Constant,
    /// The solver did not reach the optimum.
    #[error("the fit did not converge (mean gradient {0:.1e}): a wider history or a stronger L2 may help")]
    NotConverged(f64),
    /// What the library said.
    #[error("the fit failed: {0}")]
    Solver(String),
}

/// A standardised design matrix with its labels.
pub struct Design {
    columns: Vec<Column>,
    matrix: Array2<f64>,
    churned: Vec<bool>,
    /// Rows of the log; the others stand behind them.
    own: usize,
    /// Whether some feature tells two of them apart.
    differ: bool,
}

impl Design {
    /// Standardises the features at `indices` over the rows of the log and those `beside` them. A constant feature says
    /// nothing and is left out.
    pub fn new(rows: &[&Row], beside: &[Row], indices: &[usize]) -> Self {
        let differ = indices.iter().any(|feature| column(rows, *feature).is_some());
        let own = rows.len();
        let rows: Vec<&Row> = rows.iter().copied().chain(beside).collect();
        let columns: Vec<Column> = indices.iter().filter_map(|feature| column(&rows, *feature)).collect();
        let mut matrix = Array2::zeros((rows.len(), columns.len()));
        for (mut values, row) in matrix.rows_mut().into_iter().zip(&rows) {
            for (value, column) in values.iter_mut().zip(&columns) {
                *value = column.standardise(&row.features);
            }
        }
        Self { columns, matrix, churned: rows.iter().map(|row| row.churned).collect(), own, differ }
    }

    /// Fits with L2 strength `alpha` (1/C of scikit-learn). The head comes uncalibrated: slope 1, offset 0.
    pub fn fit(&self, alpha: f64) -> Result<Head, FitFault> {
        let churned = |rows: usize| self.churned.iter().take(rows).filter(|churned| **churned).count();
        let rarer = churned(self.own).min(self.own - churned(self.own));
        if self.own < MIN_ROWS || rarer < MIN_CLASS {
            return Err(FitFault::TooLittle { rows: self.own, rarer });
        }
        if !self.differ {
            return Err(FitFault::Constant);
        }
        let (start_weights, start_intercept) = newton(self.matrix.view(), &self.churned, alpha);
        // The majority class is linfa's positive one, so the start is turned to suit it.
        let rows = self.churned.len();
        let turn = if 2 * churned(rows) > rows { 1.0 } else { -1.0 };
        let start = start_weights.iter().chain([&start_intercept]).map(|part| turn * part).collect::<Array1<f64>>();
        let dataset = DatasetBase::new(self.matrix.view(), Array1::from(self.churned.clone()));
        // The tolerance is on the summed gradient, so it grows with the rows.
        let fitted = LogisticRegression::default()
            .alpha(alpha)
            .max_iterations(MAX_ITERATIONS)
            .gradient_tolerance(rows as f64 * GRADIENT_LIMIT / 10.0)
            .initial_params(start)
            .fit(&dataset)
            .map_err(|fault| FitFault::Solver(fault.to_string()))?;
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        let weights: Vec<f64> = fitted.params().iter().map(|weight| sign * weight).collect();
        let intercept = sign * fitted.intercept();
        let gradient = self.mean_gradient(&weights, intercept, alpha);
        if gradient.is_nan() || gradient > GRADIENT_LIMIT {
            return Err(FitFault::NotConverged(gradient));
        }
        let columns = self.columns.iter().zip(&weights).map(|(column, weight)| Column { weight: *weight, ..*column });
        Ok(Head { columns: columns.collect(), intercept, slope: 1.0, offset: 0.0 })
    }

    /// Largest component of the mean gradient of the penalised log loss.
    fn mean_gradient(&self, weights: &[f64], intercept: f64, alpha: f64) -> f64 {
        let mut gradient = vec![0.0; weights.len()];
        let mut by_intercept = 0.0;
        for (values, churned) in self.matrix.rows().into_iter().zip(&self.churned) {
            let log_odds = values.iter().zip(weights).fold(intercept, |sum, (value, weight)| sum + value * weight);
            let error = sigmoid(log_odds) - f64::from(u8::from(*churned));
            by_intercept += error;
            gradient.iter_mut().zip(values).for_each(|(sum, value)| *sum += error * value);
        }
        let penalised = gradient.iter().zip(weights).map(|(sum, weight)| sum + alpha * weight);
        let largest = penalised.fold(by_intercept.abs(), |largest, part| largest.max(part.abs()));
        largest / self.churned.len() as f64
    }
}

fn column(rows: &[&Row], feature: usize) -> Option<Column> {
    let value = |features: &Features| features.get(feature).copied().unwrap_or_default();
    let count = rows.len() as f64;
    let mean = rows.iter().map(|row| value(&row.features)).sum::<f64>() / count;
    let variance = rows.iter().map(|row| (value(&row.features) - mean).powi(2)).sum::<f64>() / count;
    let deviation = libm::sqrt(variance);
    let says_something = deviation > 1e-9 * mean.abs().max(1.0);
    says_something.then_some(Column { feature, mean, deviation, weight: 0.0 })
}
