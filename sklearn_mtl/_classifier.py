"""The estimator: parameters, fit, predict and score."""

from typing import Any, Self

from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.metaestimators import available_if

from ._estimator import BaseMultiTask
from ._params import ParamsMixin, has_own_representation
from .answers._labels import check_output
from .utils import _typing as t
from .utils._compat import fit_context
from .utils._state import reads_one_fit


class MultiTaskTextClassifier(
    ClassNamePrefixFeaturesOutMixin,
    ParamsMixin,
    TransformerMixin,
    ClassifierMixin,
    BaseMultiTask,
):
    """Learn several label columns of the same texts with one shared network.

    Empty cells are left out everywhere. Rows are read through a shared trunk and, for
    each task, a private linear path.

    Parameters
    ----------
    vectorizer : "auto" or transformer, default="auto"
        "auto" makes TF-IDF rows of words and word pairs (sublinear, 32-bit; min_df=2
        above 200 texts, of many or small classes above 5,000) and, up to 5 million
        characters, of 4-character parts of words; token ids for trunks over sequences.

    term_weighting : {"auto", "information"} or None, default="auto"
        Supervised term weighting: "information" multiplies each sparse feature, or
        embedding of a "conv" trunk, by the fourth root of the share of the labels'
        entropy that it removes. "auto" does so above 200 texts with our vectorizer and
        a shared trunk, up to 25 classes a task and from 20 cells a class.

    embedding : {"lsa", "use"}, transformer or None, default=None
        A block of dense numbers beside words. "lsa" takes the first 200 singular
        vectors of the rows, "use" a pretrained
        :class:`~sklearn_mtl.feature_extraction.UniversalSentenceEncoder` (extra
        ``embedding``); a transformer reads texts and returns a 2-D array. Worth its
        time on short texts with few labels. Not for trunks over sequences.

    embedding_weight : float or "auto", default="auto"
        Norm of the block beside that of words; "lsa" gets a quarter of it. "auto" is
        0.5, and of texts that have more than 30 words each, as much less.

    trunk : {"auto", "bag", "dense", "conv", "recurrent", "attention"}, BaseTrunk \
            or None, default="auto"
        The shared part of the network, see :mod:`sklearn_mtl.trunks`. "auto" is "bag"
        for sparse rows (64 units above 3,000 rows with up to 100 logits), "dense" for
        dense ones; the last three read words in order. None: a linear model per task.

    sharing : {"auto", "shared-private", "hard", "separate", "mmoe", "ple", \
            "adversarial"} or BaseSharing, default="auto"
        "auto" is "shared-private" as long as the private paths fit into a gigabyte,
        else "hard". "separate" is the single-task baseline. See
        :mod:`sklearn_mtl.sharing`.

    loss_weights : "auto", dict, array-like, BaseBalancing or None, default="auto"
        Weight of each task's loss, by name or in task order, corrected for its labelled
        share, see :class:`~sklearn_mtl.balancing.FixedWeights`. "auto" gives all tasks
        weight 1; None counts all cells the same. With a dict, ``loss_weights__<task>``
        is a parameter.

    class_weight : None, "balanced", dict or list, default=None
        ``{task: {class: weight}}`` or ``{task: "balanced"}``, or a list of these values
        in task order; for a y of one column a flat ``{class: weight}``.

    logit_adjustment : float or "auto", default="auto"
        How far predictions make up for rare classes: training adds this times the
        logarithm of a class's share to its logit, prediction does not. 0 predicts the
        most probable class, 1 that with most evidence. "auto" is 0.25 for two classes
        and 0.5 for more, up to 3,000 texts 1; from 201 to 10,000 texts predictions take
        the power of shares with the best mean of macro-F1 and accuracy on rows set
        aside, unless `class_weight` is given. Not for ordinal tasks.

    task_types : dict, default=None
        ``{task: type}`` for types that are not to be inferred: "binary", "multiclass",
        "multilabel", "ordinal", or a MultiLabel or Ordinal of :mod:`sklearn_mtl.tasks`.

    missing_label : object, or list of them, default=None
        Further values that mean "no label", besides NaN, None and pandas.NA.

    max_iter : int or "auto", default="auto"
        Epochs. "auto" is 3 for sparse rows, up to 6 where classes have under 267 cells
        and up to 8 for 300 steps; up to 3,000 rows 10 full batches, or 12 epochs of
        smaller ones if those learn too little. For dense rows it is 3 and for token ids
        5, and at least 300 steps; up to 200 rows 100 full batches.

    batch_size : int or "auto", default="auto"
        Rows per step. "auto" is 256, of token ids 128; all up to 200 rows, and for
        sparse rows up to 3,000 all or a twelfth.

    learning_rate_init : float or "auto", default="auto"
        First step of the input layer, for rows of unit mean squared norm; it decays
        linearly to 0. Other rates scale alike. "auto" is 500 for sparse rows (less in
        over 3 epochs; down to a 32nd for noisy labels of over 3,000 rows), 0.007 for
        dense ones (0.03 up to 200 rows), 0.003 for token ids.

    alpha : float or "auto", default="auto"
        L2 penalty on all weights but biases. In sparse input layers a step decays only
        the features of its batch. "auto" is 0, but for 201 to 3,000 sparse rows, where
        noisy labels need more: it tries penalties on most of the rows.

    temperature : float or "auto", default="auto"
        Divides the evidence for a class, see `temperatures_`; above 1 probabilities are
        less certain. "auto" finds one for each task: up to 3,000 rows with `alpha`,
        to 200,000 on 150 to 500 that do not train. With 1 all rows train.

    early_stopping : bool or "auto", default="auto"
        Whether to set rows aside, stop when their score no longer rises, and keep the
        best weights. "auto" sets rows aside if a callback reads their score.

    early_stopping_metric : str, default="mean"
        "mean" or "worst" accuracy over tasks, or a task; other metrics stand in front:
        "f1_macro_mean".

    validation_fraction : float, default=0.1
        Share of rows set aside, every class of every task alike.

    n_iter_no_change : int, default=5
        Epochs without a better score before stopping.

    n_jobs : int, default=None
        Threads of torch, counted as joblib does: None means 1.

    warm_start : bool, default=False
        Continue from the previous fit, with its tasks, classes, vectorizer, embedding.

    random_state : int, RandomState instance or None, default=None
        Seed of weights, dropout, the order of rows and the validation split.

    device : str, default="auto"
        "cpu", "cuda" or "cuda:1"; "auto" is CUDA where there is one.

    memory : str, joblib.Memory or None, default=None
        Where to cache vectorised texts and embeddings, which a search then makes once.

    verbose : int, default=0
        Above 0, a progress bar and losses of each epoch.

    callbacks : list of skorch callbacks, default=None
        A fit has copies, read ``net_.callbacks_``; ``LRScheduler`` replaces the decay.

    net_params : dict, default=None
        For the skorch net, for instance ``{"optimizer_dense__betas": (0.9, 0.99)}``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        Classes of each task, in the dtype of the labels; one array for a 1-D y.

    n_outputs_, task_names_, task_types_ : int, list of str, dict of {str: str}
        Number of tasks; column names of y, ``task0``, ``task1``, ... where it has none;
        the type of each.

    vectorizer_, term_weights_, column_scales_, embedding_ : object
        None where X was numeric; no terms weighed; no columns scaled on their own; no
        embedding. ``embedding_.transformer`` is the fitted transformer.

    trunk_, sharing_, max_iter_, batch_size_, learning_rate_init_, alpha_, \
            early_stopping_, device_ : object
        What the parameters of these names came to.

    loss_weights_, temperatures_, learning_rate_factor_ : dict of {str: float}, float
        Effective weight of each task, their mean is 1; its temperature: probabilities
        are proportional to ``share of the class * exp(evidence / temperature)``; the
        part of the usual learning rate that noisy labels took.

    targets_, net_, calibration_ : objects
        From labels to codes and back; the skorch net; from its logits to probabilities
        and predictions.

    history_ : list of dict
        A dict per epoch: ``loss`` is the sum of ``weighted_loss_<task>`` and
        ``regularization``, which includes each ``penalty_<name>`` of the sharing;
        ``loss_<task>``, ``weight_<task>``; of a validation split ``valid_score_<...>``.

    n_iter_, best_iter_ : int
        Epochs run; the epoch, from 1, whose weights were kept.

    n_features_in_, feature_names_in_ : int, ndarray of shape (n_features_in_,)
        For numeric X; names for a DataFrame.

    See Also
    --------
    sklearn.multioutput.MultiOutputClassifier : A model for each column; no empty cells.

    References
    ----------
    A. K. Menon et al., "Long-tail learning via logit adjustment", ICLR 2021. F. Debole,
    F. Sebastiani, "Supervised term weighting for automated text categorization", 2003.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {
    ...     "tone": ["good", "bad", "good", "bad"] * 5,
    ...     "topic": ["tech", None, "arts", "arts"] + ["tech", "tech", None, None] * 4,
    ... }
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> clf.predict(["great film", "awful phone"])
    array([['good', 'arts'],
           ['bad', 'tech']], dtype='<U4')
    >>> clf.score(texts, labels)
    1.0
    """

    def __init__(
        self,
        vectorizer: Any = "auto",
        *,
        term_weighting: str | None = "auto",
        embedding: Any = None,
        embedding_weight: float | str = "auto",
        trunk: Any = "auto",
        sharing: Any = "auto",
        loss_weights: Any = "auto",
        class_weight: Any = None,
        logit_adjustment: float | str = "auto",
        task_types: Any = None,
        missing_label: object = None,
        max_iter: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate_init: float | str = "auto",
        alpha: float | str = "auto",
        temperature: float | str = "auto",
        early_stopping: bool | str = "auto",
        early_stopping_metric: Any = "mean",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        n_jobs: int | None = None,
        warm_start: bool = False,
        random_state: t.RandomState = None,
        device: Any = "auto",
        memory: Any = None,
        verbose: int = 0,
        callbacks: Any = None,
        net_params: dict[str, Any] | None = None,
    ) -> None:
        self.vectorizer = vectorizer
        self.term_weighting = term_weighting
        self.embedding = embedding
        self.embedding_weight = embedding_weight
        self.trunk = trunk
        self.sharing = sharing
        self.loss_weights = loss_weights
        self.class_weight = class_weight
        self.logit_adjustment = logit_adjustment
        self.task_types = task_types
        self.missing_label = missing_label
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.alpha = alpha
        self.temperature = temperature
        self.early_stopping = early_stopping
        self.early_stopping_metric = early_stopping_metric
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.memory = memory
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: t.Rows, y: t.Labels, sample_weight: t.Weights = None) -> Self:
        """Fit the network to texts and labels.

        Parameters
        ----------
        X : iterable of str, or array-like or sparse matrix of shape \
                (n_samples, n_features)
            Texts (list, array, Series of pandas, polars or pyarrow), or numeric rows,
            which keep their float type; integers and texts give 32-bit floats.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, one column per task, which has its name or key. A cell may be a list
            or set of labels; NaN, None, pandas.NA and `missing_label` mean "no label".

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell. Up to 200 rows a numeric row of weight
            2 equals the row given twice; one of weight 0, or without labels, is absent.

        Returns
        -------
        self : MultiTaskTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If X, y, weights or a parameter cannot be used; a previous fit stays.
        """
        return self._fit_aside(X, y, sample_weight)

    @reads_one_fit
    def predict(self, X: t.Rows, output: t.LabelForm = "array") -> Any:
        """Predict a label for every task.

        The class of the highest probability divided by a power of its share, see
        `logit_adjustment`; of ordinal tasks the median class.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        output : {"array", "frame", "dict"}, default="array"
            "array" is an ndarray of shape (n_samples, n_tasks), or (n_samples,) if y
            was 1-D, of the common dtype of all labels, object where there is none.
            "frame", a DataFrame like y, and "dict", arrays, keep each task's dtype.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            A label for each row and task.
        """
        check_output(output, ("array", "frame", "dict"))
        codes = self._codes(X)
        return self.targets_.decode(codes, output, like=X)

    @reads_one_fit
    def predict_proba(self, X: t.Rows, output: t.ListForm = "list") -> Any:
        """Predict the calibrated probability of every class of every task.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        output : {"list", "dict"}, default="list"

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes), or dict
            In task order, classes in the order of ``classes_``, as scikit-learn's
            forests give them; an ndarray if y was 1-D. Where cells hold several labels,
            each has a probability of its own.
        """
        check_output(output, ("list", "dict"))
        probabilities = self._probabilities(X)
        return self.targets_.arrange(probabilities, output)

    @reads_one_fit
    def score(self, X: t.Rows, y: t.Labels, sample_weight: t.Weights = None) -> float:
        """Return the mean over tasks of the accuracy on labelled cells.

        Not scikit-learn's accuracy of whole rows: each task is scored on the rows that
        carry its label, and tasks count alike.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels. One that fit never saw counts as wrong, with a warning.

        sample_weight : array-like, as in :meth:`fit`, default=None

        Returns
        -------
        score : float
            NaN, with a warning, if no cell is labelled.
        """
        return self._mean_accuracy(X, y, sample_weight)

    def transform(self, X: t.Rows) -> t.Array:
        """Return the hidden vector of each text that all tasks read.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        Returns
        -------
        representation : ndarray of shape (n_samples, n_units)
        """
        return self._represent(X)


# Not in the class, where scikit-learn would wrap `transform` and hide the condition.
for _name in ("transform", "get_feature_names_out"):
    _method = reads_one_fit(getattr(MultiTaskTextClassifier, _name))
    _method = available_if(has_own_representation)(_method)
    setattr(MultiTaskTextClassifier, _name, _method)
