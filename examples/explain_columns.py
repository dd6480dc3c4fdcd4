"""
Explain answers from text, numbers and categories
=================================================

A classifier reads advertisements: a title, a body, a price and a category. For two
label columns, it says which words of which column, which number and which category
decide.
"""

# %%
# Advertisements
# --------------
#
# They are made up. An advertisement is "urgent" if its words say so, and a "bargain" if
# the price is low for its category. Some labels are missing.

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import FastTfidfVectorizer

rng = np.random.RandomState(0)
n_rows = 600
category = rng.choice(["phones", "bikes", "books"], n_rows)
usual = pd.Series({"phones": 300.0, "bikes": 200.0, "books": 10.0})
is_cheap, is_urgent = rng.rand(2, n_rows) < 0.5
price = usual[category].to_numpy() * np.where(is_cheap, 0.5, 1.0)
price *= rng.uniform(0.9, 1.1, n_rows)
things = {"phones": "phone", "bikes": "bike", "books": "book"}
states = rng.choice(["new", "used", "nearly new"], n_rows)
urgent = rng.choice(["must go today", "moving out, quick sale"], n_rows)
calm = rng.choice(["no hurry", "collection at any time"], n_rows)
table = pd.DataFrame(
    {
        "title": [f"{s} {things[c]}" for s, c in zip(states, category, strict=True)],
        "body": np.where(is_urgent, urgent, calm),
        "price": price.round(2),
        "category": category,
    }
)
labels = pd.DataFrame(
    {
        "urgency": np.where(is_urgent, "urgent", "calm").astype(object),
        "value": np.where(is_cheap, "bargain", "usual price").astype(object),
    }
)
labels = labels.mask(rng.rand(*labels.shape) < 0.2)
print(table.head(3).to_string(), end="\n\n")

# %%
# One classifier for all columns
# ------------------------------
#
# Each text has its own vectorizer. The price is relative to the category, so that the
# network has to read both.

vectorizer = make_column_transformer(
    (FastTfidfVectorizer(), "title"),
    (FastTfidfVectorizer(ngram_range=(1, 2)), "body"),
    ("passthrough", ["price"]),
    (OneHotEncoder(handle_unknown="ignore"), ["category"]),
)
classifier = MultiTaskTextClassifier(vectorizer, random_state=0)
classifier.fit(table[:500], labels[:500])
accuracy = classifier.score(table[500:], labels[500:])
print(f"mean accuracy {accuracy:.2f}", end="\n\n")

# %%
# Why these answers?
# ------------------
#
# Each unit names its column: a word of a text, the price, or the category. Only the
# words of the body should decide the urgency.

explanations = classifier.explain(table[500:])
print(explanations[0], end="\n\n")

# %%
# Which columns decide?
# ---------------------
#
# The mean absolute contribution of a column, over all advertisements, shows what a task
# reads. The share of each column is in percent.

frame = explanations.to_frame()
sizes = frame["contribution"].abs().groupby([frame["task"], frame["column"]]).sum()
shares = 100 * sizes / sizes.groupby("task").transform("sum")
shares = shares.unstack("task")[["urgency", "value"]]
print(shares.round(0).to_string())
