#!/usr/bin/env python3
"""Takes a head out of scikit-learn: a fitted Pipeline of StandardScaler and LogisticRegression, for `churnwatch import`.

    from export_sklearn import export, export_onnx
    export(pipeline, feature_names, X_sample, "silence", "head.json")
    export_onnx(pipeline, feature_names, X_sample, "silence", "head.onnx")    # needs onnx and skl2onnx

or, for a pipeline kept by joblib or pickle (which run code as they are read: open your own alone),

    python3 export_sklearn.py pipeline.joblib rows.csv --head silence --output head.json

The columns carry the names of FEATURE_TABLE in src/engine/rfm/features.rs. With the head go golden rows of the sample
and the probabilities that scikit-learn gives them; `import` repeats them before it lets the head in.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

CLIP = 8.0  # churnwatch clips standardised values there
GOLDEN_ROWS = 20


class Head:
    """The pipeline as mean, scale and weight of each feature, and an intercept: log-odds of the class that churned."""

    def __init__(self, pipeline, feature_names, X_sample, head, positive):
        if head not in ("silence", "forward"):
            raise ValueError(f'head is "{head}", not silence or forward')
        scaler, classifier = _steps(pipeline)
        self.head, self.names = head, list(feature_names)
        X = np.asarray(X_sample, float)
        columns = classifier.coef_.shape[1]
        if len(self.names) != columns or X.ndim != 2 or X.shape[1] != columns:
            raise ValueError(f"the pipeline has {columns} columns: give as many names, and a sample as wide")
        self.classes = [value.item() if hasattr(value, "item") else value for value in classifier.classes_]
        wanted = self.classes[-1] if positive is None else positive
        if len(self.classes) != 2 or wanted not in self.classes:
            raise ValueError(f"positive is {wanted!r}, where one of two classes is wanted; there are {self.classes}")
        at = self.classes.index(wanted)
        self.positive, turn = self.classes[at], 1.0 if at == 1 else -1.0

        mean = scaler.mean_ if scaler is not None and scaler.with_mean else np.zeros(columns)
        scale = scaler.scale_ if scaler is not None and scaler.with_std else np.ones(columns)
        slope = turn * classifier.coef_[0] / scale
        self.mean, self.scale = mean, scale
        # A pipeline that does not standardise is told by the sample's mean and deviation: the same scores, but churnwatch
        # clips by deviations, and raw numbers would be cut at 8.
        self.standardised = scaler is not None and scaler.with_mean and scaler.with_std
        if not self.standardised:
            deviation = X.std(axis=0)
            self.mean, self.scale = X.mean(axis=0), np.where(deviation > 0.0, deviation, 1.0)
        self.weight = slope * self.scale
        self.intercept = turn * classifier.intercept_[0] + float(slope @ (self.mean - mean))
        self.golden = self._golden(X, pipeline.predict_proba(X_sample)[:, at])

    def _golden(self, X, probabilities):
        """Rows of the sample from the lowest to the highest probability, no feature beyond the clip."""
        z = (X - self.mean) / self.scale
        inside = np.flatnonzero((np.abs(z) <= CLIP).all(axis=1))
        if len(inside) == 0:
            raise ValueError(f"no row of the sample lies within {CLIP:g} deviations in every feature: give another sample")
        if len(inside) < len(X):
            print(
                f"{len(X) - len(inside)} of {len(X)} rows lie beyond {CLIP:g} deviations: churnwatch clips them and scores"
                " them otherwise, so none of them is a golden row",
                file=sys.stderr,
            )
        theirs = probabilities[inside]
        ours = 1.0 / (1.0 + np.exp(-(z[inside] @ self.weight + self.intercept)))
        if not np.allclose(ours, theirs, rtol=0.0, atol=1e-10):
            raise ValueError("the pipeline is not the sigmoid of a weighted sum: only logistic regression can be exported")
        order = np.argsort(theirs, kind="stable")

        def spread(count):
            return order[np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)].tolist()

        # A feature that stands still in all golden rows, as rare ones do, would go unchecked: it gets a row of its own.
        chosen, moving = spread(GOLDEN_ROWS), []
        for column in z[inside].T:
            if np.ptp(column[chosen]) == 0.0 and np.ptp(column) > 0.0:
                moving.append(int(np.argmax(np.abs(column - column[chosen[0]]))))
        moving = list(dict.fromkeys(moving))[: GOLDEN_ROWS // 2]
        chosen = spread(GOLDEN_ROWS - len(moving)) + moving
        return [
            {"features": dict(zip(self.names, X[inside[row]].tolist())), "probability": float(theirs[row])}
            for row in chosen
        ]


def _steps(pipeline):
    """The scaler, if there is one, and the classifier."""
    steps = [step for _, step in pipeline.steps] if isinstance(pipeline, Pipeline) else [pipeline]
    steps = [step for step in steps if step is not None and step != "passthrough"]
    scaler = steps.pop(0) if steps and isinstance(steps[0], StandardScaler) else None
    if len(steps) != 1 or not isinstance(steps[0], LogisticRegression):
        raise ValueError("only a Pipeline of StandardScaler (which may be left out) and LogisticRegression can be exported")
    return scaler, steps[0]


def export(pipeline, feature_names, X_sample, head, path, positive=None, horizon_days=None):
    """Writes the head as JSON. `positive` is the class that churned, the second one if absent; with `horizon_days`,
    `import` takes the head only into a base model of that horizon."""
    found = Head(pipeline, feature_names, X_sample, head, positive)
    numbers = zip(found.names, found.mean.tolist(), found.scale.tolist(), found.weight.tolist())
    file = {
        "format": "churnwatch-head",
        "version": 1,
        "head": found.head,
        "classes": found.classes,
        "positive": found.positive,
        "features": [dict(zip(("name", "mean", "scale", "weight"), number)) for number in numbers],
        "intercept": found.intercept,
        "golden": found.golden,
    }
    if horizon_days is not None:
        file["horizon_days"] = horizon_days
    Path(path).write_text(json.dumps(file, indent=1, allow_nan=False) + "\n")


def export_onnx(pipeline, feature_names, X_sample, head, path, positive=None, horizon_days=None, options=None):
    """Writes the head as ONNX of 32-bit floats, with what `import` needs in its metadata. `options` are skl2onnx's."""
    from onnx.helper import set_model_props
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    found = Head(pipeline, feature_names, X_sample, head, positive)
    model = to_onnx(pipeline, initial_types=[("features", FloatTensorType([None, len(found.names)]))], options=options)
    # ONNX knows whole numbers and texts: a class of True is its 1.
    label = found.positive if isinstance(found.positive, str) else int(found.positive)
    notes = {
        "churnwatch.features": json.dumps(found.names),
        "churnwatch.head": found.head,
        "churnwatch.positive": str(label),
    }
    if not found.standardised:
        standard = [{"mean": mean, "scale": scale} for mean, scale in zip(found.mean.tolist(), found.scale.tolist())]
        notes["churnwatch.standard"] = json.dumps(standard, allow_nan=False)
    if horizon_days is not None:
        notes["churnwatch.horizon_days"] = str(horizon_days)
    # Last in the file, so that one cut short anywhere lacks them and is refused.
    notes["churnwatch.golden"] = json.dumps(found.golden, allow_nan=False)
    set_model_props(model, notes)
    # skl2onnx lists them in the order of a set, with repeats; the same pipeline is to give the same bytes.
    opsets = {(opset.domain, opset.version): opset for opset in model.opset_import}
    ordered = [opsets[key] for key in sorted(opsets)]
    del model.opset_import[:]
    model.opset_import.extend(ordered)
    Path(path).write_bytes(model.SerializeToString())


def main():
    import joblib
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", help="fitted pipeline, by joblib or pickle")
    parser.add_argument("rows", help="CSV with a column for each feature; others are left alone")
    parser.add_argument("--head", required=True, choices=["silence", "forward"])
    parser.add_argument("--output", required=True, help="JSON, or ONNX where the name ends in .onnx")
    parser.add_argument("--features", help="names of the pipeline's columns, by commas; its own, or the CSV's, if absent")
    parser.add_argument("--positive", help="the class that churned; the second one if absent")
    parser.add_argument("--horizon-days", type=int, help="the horizon that the head was fitted for")
    arguments = parser.parse_args()
    pipeline, rows = joblib.load(arguments.pipeline), pd.read_csv(arguments.rows)
    own = getattr(pipeline, "feature_names_in_", rows.columns)
    names = arguments.features.split(",") if arguments.features else list(own)
    classes = {str(value): value.item() if hasattr(value, "item") else value for value in pipeline.classes_}
    if arguments.positive is not None and arguments.positive not in classes:
        parser.error(f"--positive must be one of {', '.join(classes)}")
    write = export_onnx if arguments.output.endswith(".onnx") else export
    positive = classes.get(arguments.positive)
    try:
        write(pipeline, names, rows[names], arguments.head, arguments.output, positive, arguments.horizon_days)
    except (KeyError, ValueError) as fault:
        parser.error(str(fault))


if __name__ == "__main__":
    main()
