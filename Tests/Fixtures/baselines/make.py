"""Writes logistic.json: what scikit-learn fits to 90 inputs of 8 channels and 4 classes.

Made with scikit-learn 1.9.1 and numpy; run it in this folder.
"""

import json

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

random = numpy.random.default_rng(5)
labels = random.integers(0, 4, 90)
centers = random.normal(0, 1, (4, 8))
# Channels of unlike means and deviations, one of which never varies.
scale, offset = numpy.array([1, 20, 0.1, 3, 1, 7, 0, 0.5]), random.normal(0, 10, 8)


def draw(labels):
    noise = random.normal(0, 1.2, (len(labels), 8))
    return ((centers[labels] + noise) * scale + offset).astype(numpy.float32)


x = draw(labels)
held_out_labels = random.integers(0, 4, 200)
held_out = draw(held_out_labels)
scaler = StandardScaler().fit(x.astype(numpy.float64))
model = LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000).fit(scaler.transform(x), labels)
rows = scaler.transform(held_out)
json.dump(
    {
        "x": x.flatten().tolist(),
        "labels": labels.tolist(),
        "weights": model.coef_.flatten().tolist(),
        "intercepts": model.intercept_.tolist(),
        "held_out": held_out.flatten().tolist(),
        "predictions": model.predict(rows).tolist(),
        "loss": log_loss(labels, model.predict_proba(scaler.transform(x))),
    },
    open("logistic.json", "w"),
)
open("logistic.json", "a").write("\n")
print(model.score(rows, held_out_labels))
