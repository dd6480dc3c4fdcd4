"""
Predict a table in partitions
=============================

A saved file and two plain functions predict tables of any size: ``predict_partition``
for the partitions of a Dask data frame, ``predict_batches`` as a pandas UDF of Spark.
Workers need numpy, scipy and pandas, but neither torch nor scikit-learn; each loads the
file once.
"""

# %%
# What workers run
# ----------------
#
# Copy these functions into a module that workers can import.

from collections.abc import Iterator
from functools import cache

import dask.dataframe as dd
import pandas as pd

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts

PATH = "model.mtl"


@cache
def predictor_of(path):
    """Load a file, once in each process."""
    return sklearn_mtl.load(path, runtime="numpy")


def predict_texts(texts: pd.Series, path: str) -> pd.DataFrame:
    """Return a column of labels for each task; a missing text counts as empty."""
    predictor = predictor_of(path)
    if not len(texts):  # a partition may be empty
        return pd.DataFrame(columns=predictor.task_names_, dtype=object)
    found = predictor.predict(texts.fillna("").tolist(), output="dict")
    return pd.DataFrame(found, index=texts.index).astype(object)


def predict_partition(frame: pd.DataFrame, path: str, text="text") -> pd.DataFrame:
    """Return a partition with the predicted labels beside its own columns."""
    return frame.join(predict_texts(frame[text], path).add_prefix("predicted_"))


def predict_batches(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
    """Return labels for each batch of texts, for Spark.

    On a cluster::

        from pyspark.sql.functions import pandas_udf

        spark.sparkContext.addFile("model.mtl")  # path: SparkFiles.get("model.mtl")
        predict = pandas_udf(predict_batches, "task0 string, task1 string")
        table = spark.read.parquet("texts")
        table.select("id", predict("text").alias("label")).write.parquet("labels")
    """
    for texts in batches:
        yield predict_texts(texts, PATH)


# %%
# A saved file
# ------------

texts, labels = make_multitask_texts(500, n_tasks=2, random_state=0)
classifier = MultiTaskTextClassifier(random_state=0).fit(texts[:300], labels[:300])
classifier.save(PATH)
new = pd.DataFrame({"id": range(200), "text": texts[300:]})

# %%
# Partitions of Dask
# ------------------
#
# On a cluster: ``dd.read_parquet("s3://bucket/texts")``, and ``to_parquet`` at the end.

table = dd.from_pandas(new, npartitions=4)
meta = predict_partition(new.head(0), PATH)
predicted = table.map_partitions(predict_partition, PATH, meta=meta).compute()
print(predicted.drop(columns="text").head())

# %%
# Batches of Spark
# ----------------
#
# Spark calls the function with an iterator over batches.

batches = iter([new["text"][:90], new["text"][90:]])
by_batch = pd.concat(predict_batches(batches))

whole = classifier.predict(texts[300:])
own = predicted.filter(like="predicted_").to_numpy()
print("partitions like the classifier:", (own == whole).all())
print("batches like the classifier:", (by_batch.to_numpy() == whole).all())
