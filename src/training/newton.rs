//! Newton's method for penalised logistic regression: iteratively reweighted least squares, solved by Cholesky.
//!
//! linfa-logistic starts from its result (docs/decisions/0003-newton-start.md). Rows are taken in blocks, so that no copy
//! of the whole matrix is ever made.

use linfa_linalg::cholesky::SolveCInplace;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use crate::engine::scoring::logistic::sigmoid;

/// Most steps.
const STEPS: usize = 30;
/// A step whose largest part is smaller ends the method.
const STEP_LIMIT: f64 = 1e-9;
/// Rows of one block.
const BLOCK: usize = 4_096;
/// Rows that the first steps are taken with: they only look for the neighbourhood.
const SUBSAMPLE: usize = 50_000;

/// Weights and intercept that minimise log loss + `alpha`/2 · |weights|², from a subsample to all rows; all zero where
/// the method fails. `matrix`: rows × columns, standardised.
pub fn newton(matrix: ArrayView2<'_, f64>, churned: &[bool], alpha: f64) -> (Vec<f64>, f64) {
    let columns = matrix.ncols();
    let mut parameters = Array1::<f64>::zeros(columns + 1);
    let stride = (matrix.nrows() / SUBSAMPLE).max(1);
    if stride > 1 {
        let few = matrix.slice_axis(Axis(0), Slice::new(0, None, stride as isize)).to_owned();
        let few_churned: Vec<bool> = churned.iter().step_by(stride).copied().collect();
        descend(few.view(), &few_churned, alpha / stride as f64, &mut parameters);
    }
    descend(matrix, churned, alpha, &mut parameters);
    match parameters.as_slice().and_then(|all| all.split_last()) {
        Some((intercept, weights)) if parameters.iter().all(|part| part.is_finite()) => (weights.to_vec(), *intercept),
        _ => (vec![0.0; columns], 0.0),
    }
}

fn descend(matrix: ArrayView2<'_, f64>, churned: &[bool], alpha: f64, parameters: &mut Array1<f64>) {
    let columns = matrix.ncols();
    let penalty: Array1<f64> = (0..=columns).map(|at| if at < columns { alpha } else { 0.0 }).collect();
    for _ in 0..STEPS {
        let (mut gradient, mut hessian) = derivatives(matrix, churned, parameters);
        gradient += &(&penalty * &*parameters);
        // A whisper on the whole diagonal keeps collinear columns solvable; linfa polishes what it bends.
        hessian.diag_mut().iter_mut().zip(&penalty).for_each(|(part, penalty)| *part += penalty + 1e-9);
        let Ok(step) = hessian.solvec_into(gradient.insert_axis(Axis(1))) else { break };
        *parameters -= &step.column(0);
        if step.iter().all(|part| part.abs() < STEP_LIMIT) {
            break;
        }
    }
}

/// Gradient and Hessian of the log loss, summed over the rows; the intercept stands last.
fn derivatives(matrix: ArrayView2<'_, f64>, churned: &[bool], parameters: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
    let columns = matrix.ncols();
    let mut gradient = Array1::zeros(columns + 1);
    let mut hessian = Array2::zeros((columns + 1, columns + 1));
    let mut block = Array2::ones((BLOCK, columns + 1));
    for (rows, churned) in matrix.axis_chunks_iter(Axis(0), BLOCK).zip(churned.chunks(BLOCK)) {
        let mut block = block.slice_axis_mut(Axis(0), Slice::from(..churned.len()));
        block.slice_axis_mut(Axis(1), Slice::from(..columns)).assign(&rows);
        block.column_mut(columns).fill(1.0);
        let probability = block.dot(parameters).mapv(sigmoid);
        let target = churned.iter().map(|churned| f64::from(u8::from(*churned)));
        let error: Array1<f64> =
            probability.iter().zip(target).map(|(probability, target)| probability - target).collect();
        gradient += &block.t().dot(&error);
        let weights = probability.mapv(|p| libm::sqrt((p * (1.0 - p)).max(1e-12)));
        block *= &weights.insert_axis(Axis(1));
        general_mat_mul(1.0, &block.t(), &block, 1.0, &mut hessian);
    }
    (gradient, hessian)
}

#[cfg(test)]
mod tests {
    use linfa::DatasetBase;
    use linfa::traits::Fit;
    use linfa_logistic::LogisticRegression;
    use ndarray::{Array1, Array2};

    use super::newton;
    use crate::engine::customer::uniform;
    use crate::engine::scoring::logistic::sigmoid;

    /// Rows of independent columns, and labels drawn from a logistic model of them.
    fn rows(count: usize, columns: usize) -> (Array2<f64>, Vec<bool>) {
        let draw = |at: usize, column: usize| uniform(&[&at.to_le_bytes(), &column.to_le_bytes()]);
        let matrix = Array2::from_shape_fn((count, columns), |(at, column)| 3.4 * (draw(at, column) - 0.5));
        let truth =
            |at: usize| matrix.row(at).iter().enumerate().map(|(column, x)| x * (column as f64 - 1.5)).sum::<f64>();
        let churned = (0..count).map(|at| draw(at, 99) < sigmoid(0.5 * truth(at) + 1.0)).collect();
        (matrix, churned)
    }

    #[test]
    fn the_optimum_is_that_of_linfa() {
        let (matrix, churned) = rows(120_000, 4);
        let (weights, intercept) = newton(matrix.view(), &churned, 10.0);
        let dataset = DatasetBase::new(matrix.view(), Array1::from(churned.clone()));
        let linfa = LogisticRegression::default()
            .alpha(10.0)
            .max_iterations(500)
            .gradient_tolerance(1e-6)
            .fit(&dataset)
            .unwrap();
        let sign = if linfa.labels().pos.class { 1.0 } else { -1.0 };
        for (ours, theirs) in weights.iter().zip(linfa.params()) {
            assert!((ours - sign * theirs).abs() < 1e-6, "{ours} {theirs}");
        }
        assert!((intercept - sign * linfa.intercept()).abs() < 1e-6);
    }
}
