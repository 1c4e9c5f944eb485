"""The rows of `cargo bench --bench fit -- rows.f64`, fitted with scikit-learn: python3 benches/fit_sklearn.py rows.f64"""

import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

rows = np.fromfile(sys.argv[1]).reshape(-1, 21)
labels, columns = rows[:, 0].astype(int), np.ascontiguousarray(rows[:, 1:])
for tolerance in (1e-4, 1e-8):
    for _ in range(3):
        start = time.perf_counter()
        scaled = StandardScaler().fit_transform(columns)
        model = LogisticRegression(C=1.0, tol=tolerance, max_iter=1000).fit(scaled, labels)
        took = time.perf_counter() - start
        loss = log_loss(labels, model.predict_proba(scaled))
        print(f"scikit-learn, tolerance {tolerance}: {took:.2f} s, {model.n_iter_[0]} iterations, log loss {loss:.12f}")
