"""The estimator: parameters, fit, predict and score."""

from typing import Any, Self

from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)

from ._online._partial_fit import PartialFitMixin
from ._params import ParamsMixin, with_own_representation
from .answers._labels import check_output
from .growing._tasks import GrowingMixin
from .utils import _typing as t
from .utils._compat import fit_context
from .utils._state import reads_one_fit


@with_own_representation
class MultiTaskTextClassifier(
    ClassNamePrefixFeaturesOutMixin,
    ParamsMixin,
    TransformerMixin,
    ClassifierMixin,
    GrowingMixin,
    PartialFitMixin,
):
    """Classify texts by several label columns at once, empty cells included.

    One network learns all label columns (*tasks*) together: a trunk that they share,
    and a linear path of its own for each task. A cell without a label adds nothing to
    the loss, so rows need not be labelled for every task.

    The defaults suit most tables. The parameters that people set are `loss_weights`
    (how much each task counts), `task_types` (for labels that have an order, such as
    stars), `embedding` (a pretrained sentence encoder, for short texts with few
    labels), `n_jobs` and `random_state`. Most others accept "auto", which reads a value
    off the data; the fitted attribute of the same name holds it.

    Parameters
    ----------
    vectorizer : {"auto", "hashing"} or transformer, default="auto"
        Turns texts into rows. "auto" computes sublinear TF-IDF of words and pairs of
        words, and, for up to 5 million characters of text, of parts of words (4
        characters each). Above 200 texts it uses min_df=2; with many classes, or few
        labels for each, only above 5,000 texts. For trunks that read words in order it
        gives token ids. "hashing" needs no vocabulary, which suits `partial_fit`. Or
        pass a scikit-learn vectorizer or ColumnTransformer.

    term_weighting : {"auto", "information"} or None, default="auto"
        Supervised term weighting. "information" multiplies each sparse feature (or each
        embedding of the "conv" trunk) by the fourth root of its information about the
        labels, as a share of their entropy. "auto" does this above 200 texts for the
        default vectorizer and a shared trunk, if tasks have at most 25 classes on
        average and each class has at least 20 labelled cells.

    embedding : {"lsa", "use"}, transformer or None, default=None
        Adds a block of dense numbers to each row. "use" is a pretrained encoder,
        :class:`~sklearn_mtl.feature_extraction.UniversalSentenceEncoder` (extra
        ``embedding``), and helps most on short texts with few labels, at many times the
        prediction time. "lsa" takes the first 200 singular vectors of the rows. A
        transformer reads texts and returns a 2-D array. Not available for trunks that
        read words in order.

    embedding_weight : float or "auto", default="auto"
        Mean norm of the block, relative to that of the words. "auto" is 0.5, and less
        in proportion for texts longer than 30 words on average. "lsa" gets a quarter of
        this value. Lower it if the embedding hurts.

    trunk : {"auto", "bag", "dense", "conv", "recurrent", "attention"}, BaseTrunk \
            or None, default="auto"
        The shared part of the network, see :mod:`sklearn_mtl.trunks`. "auto" is "bag"
        for sparse rows and "dense" for dense rows. The bag has 128 units, or 64 above
        3,000 rows with up to 100 logits. "conv", "recurrent" and "attention" read words
        in order. None trains a linear model per task.

    sharing : {"auto", "shared-private", "hard", "separate", "mmoe", "ple", \
            "adversarial"} or BaseSharing, default="auto"
        Which weights the tasks share, see :mod:`sklearn_mtl.sharing`. "auto" is
        "shared-private", or "hard" if the private paths would need more than 1 GiB.
        "separate" trains a network per task, for comparison.

    loss_weights : str, dict, array-like, BaseBalancing or None, default="auto"
        Weight of each task in the loss: ``{task: weight}``, or a list in task order.
        "auto" gives every task the same weight, however many of its cells are labelled.
        None gives every labelled cell the same weight. The weights of a dict can be
        searched as ``loss_weights__<task>``. See
        :class:`~sklearn_mtl.balancing.FixedWeights`. Other names are methods that set
        the weights during training, such as "uncertainty", "dwa" and "gradnorm", or
        "famo" and "upgrad" of TorchJD (extra ``balancing``).
        :mod:`sklearn_mtl.balancing` lists them.

    class_weight : None, "balanced", dict or list, default=None
        Weights of classes: ``{task: {class: weight}}``, ``{task: "balanced"}``, or a
        list of such values in task order. For a single label column also
        ``{class: weight}``.

    logit_adjustment : float or "auto", default="auto"
        How strongly predictions favour rare classes. Training adds this value times
        the log of each class share to the logits, and prediction leaves it out. 0
        predicts the most probable class; 1 predicts as if all classes were equally
        frequent. "auto" is 1 up to 3,000 texts, above that 0.25 for two classes and 0.5
        for more. From 201 to 10,000 texts predictions then use the strength with the
        best mean of macro-F1 and accuracy on held-out rows, unless `class_weight` is
        given. Ordinal tasks ignore it.

    task_types : dict, default=None
        ``{task: type}`` where the type cannot be read off the labels: "binary",
        "multiclass", "multilabel" or "ordinal", or an object such as
        ``Ordinal(classes=[...])`` from :mod:`sklearn_mtl.tasks`.

    missing_label : object or list of objects, default=None
        Values that mean "no label", in addition to NaN, None and pandas.NA.

    max_iter : int or "auto", default="auto"
        Number of epochs. "auto" is 3 to 6 for sparse rows (more where classes have
        fewer than 267 cells), and more for small tables until there are 300 steps, at
        most 8. Up to 3,000 sparse rows it is 10 epochs of one batch, or 12 of smaller
        batches if those learn too little. It is 3 for dense rows and 5 for token ids
        (at least 300 steps), and 100 for up to 200 rows of either.

    batch_size : int or "auto", default="auto"
        Rows per optimizer step. "auto" is 256, or 128 for token ids; all rows up to 200
        rows; all or a twelfth of the rows up to 3,000 sparse rows.

    learning_rate_init : float or "auto", default="auto"
        Learning rate of the first step of the input layer; it decays linearly to 0. The
        rates of other layers scale with it. It is for rows with a mean squared norm of
        1, to which the network scales its input. "auto" is 500 for sparse rows, lower
        above 3 epochs, and down to 1/32 of that if labels of more than 3,000 rows are
        noisy; 0.007 for dense rows (0.03 up to 200 rows); 0.003 for token ids.

    alpha : float or "auto", default="auto"
        L2 penalty on all weights except biases. For sparse rows a step only shrinks the
        weights of features that occur in its batch. "auto" is 0, except for 201 to
        3,000 sparse rows: there the fit tries several penalties on part of the rows,
        because noisy labels need one.

    temperature : float or "auto", default="auto"
        Calibrates probabilities: the evidence for a class is divided by it, so values
        above 1 make probabilities less confident. "auto" finds one per task: up to
        3,000 texts together with `alpha`, and up to 200,000 on 150 to 500 held-out
        rows, which train last. A number switches this off; 1 leaves probabilities as
        trained.

    early_stopping : bool or "auto", default="auto"
        Whether to hold out rows, stop when their score no longer improves, and keep the
        best weights. "auto" holds out rows only if one of `callbacks` reads their
        score.

    early_stopping_metric : str, default="mean"
        The score for early stopping: "mean" or "worst" accuracy over tasks, or the name
        of a task. Put the name of another metric in front, as in "f1_macro_mean".

    validation_fraction : float, default=0.1
        Fraction of rows that early stopping holds out, stratified by the classes of all
        tasks.

    n_iter_no_change : int, default=5
        Number of epochs without improvement after which early stopping stops.

    n_jobs : int, default=None
        Number of threads, as joblib counts them. None means 1.

    warm_start : bool, default=False
        Whether `fit` continues from the previous fit and keeps its tasks, classes,
        vectorizer and embedding.

    grow : bool, default=False
        Whether a warm start adds new tasks and classes, and `partial_fit` new classes;
        otherwise they are an error.

    random_state : int, RandomState instance or None, default=None
        Seed for initial weights, dropout, the order of rows and held-out rows.

    device : str, default="auto"
        "cpu", "cuda" or "cuda:1". "auto" uses CUDA if it is available.

    memory : str, joblib.Memory or None, default=None
        Cache for vectorized texts and embeddings, which a search then computes once.

    checkpoint : str, path or None, default=None
        File that keeps the state of training. If a fit was killed, `fit` with the same
        parameters and data goes on from it, with the same result. It is removed when
        the fit has ended, and refused if it belongs to another fit.

    checkpoint_every : "epoch" or float, default="epoch"
        When the file is written: after each epoch, or after the first epoch that ends
        at least this number of minutes after the last time.

    verbose : int, default=0
        Above 0, shows a progress bar and the losses of each epoch.

    callbacks : list of skorch callbacks, default=None
        A fit uses copies, available as ``net_.callbacks_``. An ``LRScheduler`` replaces
        the linear decay.

    net_params : dict, default=None
        Further parameters of the skorch net, such as
        ``{"optimizer_dense__betas": (0.9, 0.99)}``.
        ``{"iterator_train__task_power": 0.5}`` samples rows of small tasks more often:
        0 samples all tasks equally often, 1 (the default) takes each row once.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or list of such arrays
        Classes of each task, with the dtype of the labels; a single array if y was 1-D.

    n_outputs_ : int
        Number of tasks.

    task_names_ : list of str
        Column names of y; ``task0``, ``task1``, ... if it has none.

    task_types_ : dict of {str: str}
        Type of each task.

    targets_ : object
        Converts labels to codes and back.

    vectorizer_, embedding_ : objects or None
        The fitted vectorizer, None if X was numeric; the fitted embedding, whose
        ``transformer`` is the fitted transformer.

    term_weights_, column_scales_ : ndarray of shape (n_features,) or None
        Factors of features from supervised term weighting, and those of columns that
        are not words.

    trunk_, sharing_, max_iter_, batch_size_, learning_rate_init_, alpha_, \
            early_stopping_, device_ : object
        The values used for the parameters of these names.

    loss_weights_ : dict of {str: float}
        Final weight of each task, with mean 1.

    temperatures_ : dict of {str: float}
        Temperature of each task. Probabilities are proportional to ``share of the class
        * exp(evidence / temperature)``.

    learning_rate_factor_ : float
        Factor for the learning rate that the fit chose for noisy labels.

    net_, calibration_, stream_ : objects
        Trained skorch net; logits to predictions; what `partial_fit` keeps, if called.

    history_ : list of dict
        One dict per epoch. ``loss`` is the sum of ``weighted_loss_<task>`` and
        ``regularization``, which includes each ``penalty_<name>`` of the sharing. Also
        ``loss_<task>`` and ``weight_<task>``, and with held-out rows
        ``valid_score_<...>``.

    n_iter_, best_iter_ : int
        Number of epochs; the epoch, counted from 1, whose weights were kept.

    n_features_in_, feature_names_in_ : int, ndarray of shape (n_features_in_,)
        If X was numeric; names of features only for a data frame.

    See Also
    --------
    sklearn.multioutput.MultiOutputClassifier : One model per column; needs all labels.

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
        grow: bool = False,
        random_state: t.RandomState = None,
        device: Any = "auto",
        memory: Any = None,
        checkpoint: Any = None,
        checkpoint_every: float | str = "epoch",
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
        self.grow = grow
        self.random_state = random_state
        self.device = device
        self.memory = memory
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.verbose = verbose
        self.callbacks = callbacks
        self.net_params = net_params

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: t.Weights = None) -> Self:
        """Fit the network to texts and labels.

        Parameters
        ----------
        X : iterable of str, array-like, sparse matrix, function or ChunkSource
            Texts (list, array, Series of pandas, polars or pyarrow), or numeric rows,
            which keep their float type; integers and texts give 32-bit floats. Or
            a :class:`~sklearn_mtl.datasets.ChunkSource` of more than fits into memory.

        y : array-like, dict or DataFrame, default=None
            Labels, one column per task, which has its name or key. A cell may be a list
            or set of labels. NaN, None, pandas.NA and `missing_label` mean "no label".

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell. Rows of weight 0, or without labels,
            are ignored. Up to 200 numeric rows, a weight of 2 has the same effect as
            the row given twice.

        Returns
        -------
        self : MultiTaskTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If X, y, weights or a parameter cannot be used. A previous fit is kept.
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
            was 1-D, with the common dtype of all labels, or object if there is none.
            "frame" (a DataFrame like y) and "dict" (arrays) keep each task's dtype.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            A label for each row and task.
        """
        check_output(output, ("array", "frame", "dict"))
        codes = self._codes(X)
        return self.targets_.decode(codes, output, like=X)

    @reads_one_fit
    def score(self, X: t.Rows, y: t.Labels, sample_weight: t.Weights = None) -> float:
        """Return the mean over tasks of the accuracy on labelled cells.

        Unlike scikit-learn's accuracy of whole rows, each task is scored on the rows
        that have a label for it, and all tasks count the same.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels. A label that fit did not see counts as wrong, with a warning.

        sample_weight : array-like, as in :meth:`fit`, default=None

        Returns
        -------
        score : float
            NaN, with a warning, if no cell is labelled.
        """
        return self._mean_accuracy(X, y, sample_weight)

    def transform(self, X: t.Rows) -> t.Array:
        """Return the hidden vector of each text, which all tasks share.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        Returns
        -------
        representation : ndarray of shape (n_samples, n_units)
        """
        return self._represent(X)
