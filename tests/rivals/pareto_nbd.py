#!/usr/bin/env python3
"""Pareto/NBD (Schmittlein, Morrison, Colombo 1987), the rival that the forward head is judged against.

Fitted by maximum likelihood, in the form of Fader & Hardie (2005, "A Note on Deriving the Pareto/NBD Model"), on the
purchase days before T alone; writes the purchases expected of each customer in the H days from T on.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1
from sklearn.metrics import roc_auc_score

HORIZON_DAYS = 90
CUTOFFS = {"cdnow": "1998-04-01", "online_retail_ii": "2011-09-10"}
DAY = pd.Timedelta(days=1)


def customers_at(log: Path, cutoff: pd.Timestamp) -> pd.DataFrame:
    """x repeat purchase days, tx days from first to last, age days from first to the cutoff; and what came after it."""
    rows = pd.read_csv(log, dtype={"customer_id": str})
    rows = rows[rows["type"] == "purchase"]
    rows["day"] = pd.to_datetime(rows["timestamp"], utc=True).dt.tz_localize(None).dt.floor("D")
    days = rows[["customer_id", "day"]].drop_duplicates()
    known = days[days["day"] < cutoff].groupby("customer_id")["day"].agg(["count", "min", "max"])
    later = days[(days["day"] >= cutoff) & (days["day"] < cutoff + HORIZON_DAYS * DAY)]
    return pd.DataFrame(
        {
            "x": known["count"] - 1,
            "tx": (known["max"] - known["min"]) / DAY,
            "age": (cutoff - known["min"]) / DAY,
            "churned": ~known.index.isin(later["customer_id"]),
        }
    ).sort_index()


def terms(parameters, x, tx, age):
    """Logarithms of the likelihood's two terms: the customer is alive at `age`, or died between `tx` and `age`."""
    r, alpha, s, beta = parameters
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    alive = common - (r + x) * np.log(alpha + age) - s * np.log(beta + age)
    larger, power = max(alpha, beta), r + s + x
    second = s + 1 if alpha >= beta else r + x

    def integral(time):
        return np.log(hyp2f1(power, second, power + 1, abs(alpha - beta) / (larger + time))) - power * np.log(larger + time)

    from_last, from_now = integral(tx), integral(age)
    # At the extremes that the search visits the two are equal in floating point; a logarithm of zero would end it.
    gap = np.maximum(-np.expm1(np.minimum(from_now - from_last, 0.0)), 1e-300)
    dead = common + np.log(s / power) + from_last + np.log(gap)
    return alive, dead


def fit(x, tx, age):
    """Maximum likelihood in the logarithms of r, alpha, s, beta, over the distinct histories, from several starts."""
    histories, counts = np.unique(np.column_stack([x, tx, age]), axis=0, return_counts=True)
    columns = histories.T

    def loss(log_parameters):
        with np.errstate(all="ignore"):
            value = -(counts * np.logaddexp(*terms(np.exp(log_parameters), *columns))).sum() / counts.sum()
        return value if np.isfinite(value) else 1e9

    def search(start):
        rough = minimize(loss, np.log(start), method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10})
        return minimize(loss, rough.x, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-8})

    starts = [(0.5, 60.0, 0.5, 60.0), (1.0, 30.0, 1.0, 300.0), (1.0, 120.0, 0.3, 30.0)]
    best = min((search(start) for start in starts), key=lambda found: found.fun)
    return np.exp(best.x), -best.fun * counts.sum()


def expected_purchases(parameters, x, tx, age):
    """E[X(H) | x, tx, age]: purchases of a customer who is alive, times the probability of that."""
    r, alpha, s, beta = parameters
    alive, dead = terms(parameters, x, tx, age)
    shrinking = (s - 1.0) * np.log((beta + age) / (beta + age + HORIZON_DAYS))
    lasting = -np.expm1(shrinking) / (s - 1.0)
    return (r + x) * (beta + age) / (alpha + age) * lasting / (1.0 + np.exp(dead - alive))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with cdnow.csv.gz and online_retail_ii.csv.gz")
    data = parser.parse_args().data
    for name, cutoff in CUTOFFS.items():
        customers = customers_at(data / f"{name}.csv.gz", pd.Timestamp(cutoff))
        x, tx, age = (customers[column].to_numpy(float) for column in ("x", "tx", "age"))
        parameters, log_likelihood = fit(x, tx, age)
        expected = expected_purchases(parameters, x, tx, age)
        assert np.isfinite(expected).all() and (expected >= 0).all()
        lines = [f"{customer},{value:.6g}\n" for customer, value in zip(customers.index, expected)]
        text = "customer_id,expected_purchases\n" + "".join(lines)
        Path(__file__).with_name(f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        churned, active = customers["churned"].to_numpy(), age - tx <= HORIZON_DAYS
        print(
            f"{name}: {len(customers)} customers, r {parameters[0]:.4f} alpha {parameters[1]:.2f} s {parameters[2]:.4f}"
            f" beta {parameters[3]:.2f}, log likelihood {log_likelihood:.1f},"
            f" AUC {roc_auc_score(churned, -expected):.3f}"
            f" act {roc_auc_score(churned[active], -expected[active]):.3f}"
        )


if __name__ == "__main__":
    main()
