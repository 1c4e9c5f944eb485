"""Scores the rows by onnxruntime and by DuckDB and compares with the service's own scores."""

import importlib.util
import sys

import duckdb

TOLERANCE = 1e-9

spec = importlib.util.spec_from_file_location("log_model", sys.argv[1])
log_model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(log_model)
worst = log_model.difference("model.onnx", "rows.csv")
print(f"export: ONNX scores differ by {worst:.1e} at most")
assert worst <= TOLERANCE, worst

connection = duckdb.connect()
connection.execute("CREATE TABLE known AS SELECT * FROM read_csv('rows.csv', all_varchar = true)")
connection.execute("CREATE VIEW rows AS SELECT * EXCLUDE (silence_score, forward_score) FROM known")
with open("model.sql", encoding="utf-8") as query:
    connection.execute(f"CREATE TABLE scored AS {query.read()}")
rows, worst = connection.execute(
    """SELECT count(*), max(greatest(
           coalesce(abs(scored.silence_score - CAST(nullif(known.silence_score, '') AS DOUBLE)), 0),
           abs(scored.forward_score - CAST(known.forward_score AS DOUBLE))))
       FROM scored JOIN known USING (customer_id)"""
).fetchone()
print(f"export: SQL scores of {rows} customers differ by {worst:.1e} at most")
assert rows > 1_000 and worst <= TOLERANCE, (rows, worst)
