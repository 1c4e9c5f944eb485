"""`write`: the shop's histories as pyarrow and DuckDB write Parquet. `check`: the exported tables, as pyarrow, pandas and
DuckDB read them, hold what replay wrote, value for value."""

import datetime
import json
import sys
from decimal import Decimal

import duckdb
import pandas
import pyarrow
import pyarrow.parquet

MAPS = {"interactions"}


def lines(name):
    with open(name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write():
    sales = pandas.read_csv("sales.csv", dtype=str)
    times = pandas.to_datetime(sales.timestamp, format="ISO8601", utc=True)
    columns = {
        "customer_id": pyarrow.array(sales.customer_id, pyarrow.large_string()).dictionary_encode(),
        "timestamp": pyarrow.array(times.dt.as_unit("us")),
        "amount": pyarrow.array(sales.amount.astype(float)),
        "type": pyarrow.array(sales.type).dictionary_encode(),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), "sales_arrow.parquet", row_group_size=5_000)
    # As older Spark has it: nanoseconds in 96 bits, amounts as decimals in bytes.
    columns["amount"] = pyarrow.array([Decimal(amount) for amount in sales.amount], pyarrow.decimal128(30, 4))
    pyarrow.parquet.write_table(
        pyarrow.table(columns), "sales_spark.parquet", use_deprecated_int96_timestamps=True, compression="gzip"
    )
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        """COPY (SELECT customer_id AS buyer, CAST("timestamp" AS TIMESTAMPTZ)::TIMESTAMP AS sold,
                        CAST(amount AS DECIMAL(10, 2)) AS price, type AS kind
                 FROM read_csv('sales.csv', all_varchar = true))
           TO 'sales_duck.parquet' (COMPRESSION snappy, ROW_GROUP_SIZE 4096)"""
    )
    connection.execute(
        "COPY (SELECT * FROM read_json('shop.jsonl', sample_size = -1)) TO 'events_duck.parquet' (COMPRESSION zstd)"
    )
    events = pyarrow.Table.from_pylist(wide(lines("shop.jsonl")))
    pyarrow.parquet.write_table(events, "events_arrow.parquet", compression="none")


def wide(events):
    """Every event with every field, for the fields of the first are otherwise those of all."""
    names = dict.fromkeys(name for event in events for name in event)
    return [{name: event.get(name) for name in names} for event in events]


def flat(record):
    """A record's fields by the names of their columns."""
    found = {}

    def walk(value, prefix):
        for name, inner in value.items():
            key = name if not prefix or name.startswith(f"{prefix}_") else f"{prefix}_{name}"
            if isinstance(inner, dict) and name not in MAPS:
                walk(inner, "" if name == "data" else key)
            else:
                found["customer_id" if name == "subject" else key] = inner

    walk(record, "")
    return found


def same(cell, told):
    if told is None or cell is None:
        return cell is None and told is None
    if isinstance(cell, Decimal):
        return str(cell) == told
    if isinstance(cell, datetime.datetime):
        return cell == datetime.datetime.fromisoformat(told)
    if isinstance(cell, datetime.date):
        return cell.isoformat() == told
    if isinstance(told, (list, dict)):
        return json.loads(cell) == told
    return (isinstance(cell, float) or type(cell) is type(told)) and cell == told


def check():
    connection = duckdb.connect()
    for table, money in (("profiles", "net_spend"), ("alerts", "value_at_risk"), ("outcomes", "revenue")):
        told = [flat(record) for record in lines(f"{table}.jsonl")]
        rows = pyarrow.parquet.read_table(f"{table}.parquet").to_pylist()
        assert len(rows) == len(told) > 1_000, (table, len(rows), len(told))
        compared = 0
        for row, record in zip(rows, told):
            for name, cell in row.items():
                if name in record or table != "profiles":
                    assert same(cell, record.get(name)), (table, name, cell, record.get(name))
                    compared += cell is not None
        total = sum(Decimal(record[money]) for record in told if record.get(money) is not None)
        by_pandas = pandas.read_parquet(f"{table}.parquet")
        assert by_pandas[money].dropna().sum() == total and by_pandas.customer_id.nunique() == len(
            {record["customer_id"] for record in told}
        )
        for file in (f"'{table}.parquet'", f"read_csv('{table}.csv', sample_size = -1)"):
            query = f"SELECT count(*), sum(CAST({money} AS DECIMAL(18, 2))), min(day), max(day) FROM {file}"
            days = [datetime.date.fromisoformat(record["day"]) for record in told]
            found = connection.execute(query).fetchone()
            assert found == (len(told), total, min(days), max(days)), (file, found, total)
        print(f"export: {compared} values of {len(rows)} {table} are those of replay, {money} {total} in all")


write() if sys.argv[1] == "write" else check()
