"""Loading a predictor from a model file."""

from functools import partial

import numpy as np

from ..answers._calibration import Calibration, by_task
from ..data._block import Components, DenseBlock
from ..data._columns import ColumnScales
from ..data._rows import RowSteps, made_rows
from ..persistence._codec import Decoder
from ..persistence._compact import DTYPES, expand
from ..persistence._document import opened, read_document
from ..persistence._errors import BadState, ModelFileError, RuntimeUnsupported
from ._layers import Spec, Thresholds, Weights
from ._network import WITH_REPRESENTATION, build_network
from ._predictor import MultiTaskPredictor
from ._registry import (
    INSTEAD,
    TRUNKS,
    VECTORIZERS,
    Foreign,
    Settings,
    make_registry,
)

_STEPS = ("vectorizer", "column_scales", "term_weights", "embedding")


def load_predictor(path, *, password=None, key=None):
    """Load a predictor, see :func:`sklearn_mtl.load`."""
    with opened(path, password=password, key=key) as reader:
        document = read_document(reader, map_arrays=True)
    return predictor_of(document)


def predictor_of(document):
    """Return the predictor for the content of a model file.

    Parameters
    ----------
    document : persistence._document.Document

    Returns
    -------
    predictor : MultiTaskPredictor

    Raises
    ------
    ModelFileError
        If the content is not valid, or needs more than numpy and scipy.
    """
    try:
        return _predictor_of(document)
    except ModelFileError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadState(
            f"The description of the classifier is not valid: {error!r:.200}. The file "
            "was changed; get it again."
        ) from error


def _predictor_of(document):
    tree = document.tree
    _refuse_trunk(tree["trunk"])
    stored = tree["dtype"]
    if stored not in DTYPES:
        raise BadState(f"Weights are stored as {stored!r:.50}.")
    # A frame needs its library, which is slow to import, so it is created on demand.
    own = dict(tree["targets"]["state"])
    frame = own.pop("template")
    decoder = Decoder(
        make_registry(lambda: decoder.decode(frame, "template")),
        expand(document.arrays, stored),
        Foreign(),
    )
    rows = (len(each) for each in document.weights.values() if each.ndim)
    decoder.most_texts = max(decoder.most_texts, *rows)
    tree = tree | {"targets": {"type": "Targets", "state": own}}
    names = ("targets", *_STEPS, "trunk", "sharing", "heads")
    parts = {name: decoder.decode(tree[name], name) for name in names}
    for group in ("spec", "calibration", "input"):
        parts[group] = {
            name: decoder.decode(node, f"{group}.{name}")
            for name, node in tree[group].items()
        }
    missing = decoder.decode(tree["params"]["missing_label"], "missing_label")
    labels, spec = parts["targets"], _spec(parts["spec"])
    _check_steps(parts, spec)
    network, links = _network(
        parts, spec, Weights(document.weights, stored, spec.dtype)
    )
    predictor = MultiTaskPredictor(
        labels=labels,
        steps=_steps(parts),
        network=network,
        links=links,
        calibration=_calibration(parts["calibration"], labels),
        spec=spec,
        input_names=parts["input"],
        missing_label=missing,
        strategies=(parts["trunk"], parts["sharing"]),
        has_representation=parts["trunk"] is not None
        and parts["sharing"].name in WITH_REPRESENTATION,
    )
    _try_out(predictor, parts["vectorizer"], spec)
    return predictor


def _try_out(predictor, vectorizer, spec):
    """Predict one row, so that invalid content is found on loading."""
    X = np.ones((1, spec.n_features), spec.dtype) if vectorizer is None else ["a text"]
    for answers in (predictor.predict(X, "dict"), predictor.predict_proba(X, "dict")):
        for name, own in answers.items():
            if len(own) != 1:
                raise BadState(
                    f"The task {name!r:.50} gives {len(own)} predictions for one row."
                )


def _refuse_trunk(node):
    name = None if node is None else node.get("type") or node.get("class")
    if name is not None and name not in TRUNKS:
        raise RuntimeUnsupported(
            f"trunk_ is a {name:.100}, which needs torch. runtime='numpy' supports "
            f"{', '.join(TRUNKS)} and trunk=None. {INSTEAD}"
        )


def _spec(own):
    dtype = {"float32": np.dtype("f4"), "float64": np.dtype("f8")}[own["dtype"]]
    numbers = own["n_features"], own["n_dense"], own["scale"]
    if (
        [type(number) for number in numbers] != [int, int, float]
        or min(numbers) < 0
        or type(own["sparse"]) is not bool
    ):
        raise BadState(f"The description of the rows is not valid: {own!s:.200}.")
    spec = Spec(own["n_features"], own["sparse"], own["scale"], own["n_dense"], dtype)
    if own["tokens"]:
        raise RuntimeUnsupported(
            f"The network reads sequences of tokens, which needs torch. {INSTEAD}"
        )
    return spec


def _check_steps(parts, spec):
    """Raise a BadState if arrays do not have one number per feature."""
    kinds = {
        "vectorizer": VECTORIZERS,
        "column_scales": ColumnScales,
        "term_weights": np.ndarray,
        "embedding": DenseBlock,
        "trunk": Settings,
    }
    for name, kind in kinds.items():
        if parts[name] is not None and not isinstance(parts[name], kind):
            raise BadState(f"{name} is a {type(parts[name]).__name__}.")
    weights, scales = parts["term_weights"], parts["column_scales"]
    if weights is not None and weights.shape != (spec.n_features,):
        raise BadState("There must be one weight for each term.")
    if scales is not None:
        columns = scales.columns
        shapes = {scales.means.shape, scales.factors.shape, (len(columns),)}
        outside = len(columns) and not (
            columns.min() >= 0 and columns.max() < spec.n_features
        )
        if len(shapes) > 1 or outside:
            raise BadState("The column scales do not match the rows.")
    n_features = parts["input"].get("n_features_in_")
    if parts["vectorizer"] is not None:
        n_features = parts["vectorizer"].n_features
    if n_features != spec.n_features:
        raise BadState(
            f"The network does not have {n_features!r:.50} columns, as the rows do."
        )
    embedding = parts["embedding"]
    if (embedding is None) != (not spec.n_dense) or (
        embedding is not None and embedding.mean.shape != (spec.n_dense,)
    ):
        raise BadState("The embedding does not match the network.")
    if embedding is not None:
        shape = spec.n_dense, spec.n_features
        if not isinstance(embedding.transformer, Components):
            raise BadState("The embedding has no components.")
        if embedding.transformer.components_.shape != shape:
            raise BadState(
                f"The components of the embedding must have the shape {shape}."
            )


def _steps(parts):
    vectorizer = parts["vectorizer"]
    return RowSteps(
        None if vectorizer is None else partial(_vectorize, vectorizer),
        *(parts[name] for name in _STEPS[1:]),
    )


def _vectorize(vectorizer, texts):
    return made_rows(vectorizer.transform(texts), texts)


def _network(parts, spec, weights):
    """Return the network, and the link of each task."""
    tasks = parts["targets"].tasks
    trunk = parts["trunk"]
    network = build_network(
        parts["sharing"],
        None if trunk is None else trunk.params["n_units"],
        spec,
        [task.n_logits for task in tasks],
        parts["heads"],
        weights,
    )
    links = [None] * len(tasks)
    for k, task in enumerate(tasks):
        if f"links.{k}.slope" in weights:
            links[k] = Thresholds(weights, f"links.{k}", len(task.classes_))
    # Weights that only training uses.
    weights.refuse_others("balancing.", "network.discriminator.")
    return network, links


def _calibration(own, labels):
    sizes = labels.layout.sizes
    n_tasks, strengths = len(labels.tasks), own["strengths"]
    codes = {name: _split(own[name], sizes) for name in ("adjustments", "log_shares")}
    for each in (own["temperatures"], strengths):
        if each is not None and each.shape != (n_tasks,):
            raise BadState(
                "There must be one temperature and one strength for each task."
            )
    return Calibration(
        by_task(labels.tasks, codes["adjustments"]),
        by_task(labels.tasks, codes["log_shares"]),
        own["temperatures"],
        strengths,
    )


def _split(values, sizes):
    if values.shape != (sum(sizes),):
        raise BadState(f"There are {len(values)} numbers for {sum(sizes)} classes.")
    return np.split(values, np.cumsum(sizes)[:-1])
