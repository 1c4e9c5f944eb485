#!/usr/bin/env python3
"""Logs a churnwatch model to MLflow: artifact, ONNX graph, query, card, figures, and golden rows that are scored first.

    python3 log_model.py model.json --rows rows.csv --experiment churn

needs mlflow-skinny, onnx, onnxruntime, pandas and numpy, and finds the program as `churnwatch` or where --program says. The rows
are those of `churnwatch export rows`; a graph that does not score them as the service does is not logged.
MLFLOW_TRACKING_URI says where to, as always.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import onnx
import onnxruntime

# Both are the same sums of 64-bit floats, in another order.
TOLERANCE = 1e-9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path, help="artifact, as `churnwatch train` wrote it")
    parser.add_argument("--rows", type=Path, required=True, help="rows of `churnwatch export rows` under this model")
    parser.add_argument("--card", type=Path, help="model card of `churnwatch train --card`")
    parser.add_argument("--experiment", default="churnwatch")
    parser.add_argument("--program", default="churnwatch")
    args = parser.parse_args()
    artifact = json.loads(args.model.read_text())
    with tempfile.TemporaryDirectory() as folder:
        graph, query = Path(folder, "model.onnx"), Path(folder, "model.sql")
        for path, form in ((graph, "onnx"), (query, "sql")):
            command = [args.program, "export", "model", "--model", args.model, "--format", form, "--output", path]
            subprocess.run(command, check=True)
        worst = difference(graph, args.rows)
        if not worst <= TOLERANCE:
            print(f"the graph scores up to {worst:.1e} away from the rows: are they of this model?", file=sys.stderr)
            return 1
        mlflow.set_experiment(args.experiment)
        with mlflow.start_run(run_name=artifact["name"]):
            mlflow.log_params(
                {
                    "horizon_days": artifact["horizon_days"],
                    "currency": artifact["currency"],
                    "trained_from": artifact["training"]["from"],
                    "trained_until": artifact["training"]["until"],
                    "checksum": artifact["checksum"],
                }
            )
            for head, figures in zip(("silence", "forward"), artifact["validation"]):
                numbers = {k: v for k, v in (figures or {}).items() if isinstance(v, (int, float))}
                mlflow.log_metrics({f"{head}_{name}": value for name, value in numbers.items()})
            mlflow.log_metric("golden_rows_difference", worst)
            for path in filter(None, (args.model, query, args.rows, args.card)):
                mlflow.log_artifact(str(path))
            logged = mlflow.onnx.log_model(onnx.load(graph), name="onnx")
            print(logged.model_uri)
    return 0


def difference(graph: Path, rows: Path) -> float:
    """The largest difference between the graph's scores and those in the rows."""
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    notes = session.get_modelmeta().custom_metadata_map
    names = notes["features"].split(",")
    with open(rows, newline="", encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    if not known:
        return float("nan")
    features = np.array([[float(row[name]) for name in names] for row in known])
    scores = dict(zip(("silence", "forward"), session.run(["silence", "forward"], {"features": features})))
    worst = 0.0
    for head, got in scores.items():
        for row, score in zip(known, got[:, 0]):
            if row[f"{head}_score"]:
                worst = max(worst, abs(float(row[f"{head}_score"]) - score))
    return worst


if __name__ == "__main__":
    sys.exit(main())
