"""The systems that are compared: the rows of the tables, in their order."""

from typing import NamedTuple

OURS, BASELINE = "shared", "linear_svc"


class System(NamedTuple):
    """A row of the table.

    `factory` is "module:function" and not the function: a linear model must not carry
    the memory of torch, nor the parent process that of anything. `family` says what a
    summary compares it as. `seeded` says whether another seed gives another result
    worth averaging, `same_labels` whether tasks must have the same labels, `needs`
    which module must be importable, in the interpreter for peers. `fewest` gives, for
    a set on which all tasks would take hours, how many are measured: those with the
    fewest classes.
    """

    label: str
    factory: str
    family: str = ""
    seeded: bool = False
    same_labels: bool = False
    needs: str = ""
    fewest: dict = {}


SYSTEMS = {
    "linear_svc": System("TF-IDF + LinearSVC per task", "_linear:linear_svc", "tfidf"),
    "balanced_svc": System(
        'TF-IDF + LinearSVC(class_weight="balanced") per task',
        "_linear:balanced_svc",
        "tfidf_balanced",
    ),
    "sgd": System(
        "TF-IDF + SGDClassifier per task", "_linear:sgd", "tfidf", seeded=True
    ),
    "sgd_sparse": System(
        "TF-IDF + SGDClassifier(alpha=3e-6) per task",
        "_linear:sgd_sparse",
        "tfidf",
        seeded=True,
    ),
    "logistic": System(
        "TF-IDF + LogisticRegression per task",
        "_linear:logistic",
        "tfidf",
        fewest={"debtags": 4},
    ),
    "complement_nb": System(
        "TF-IDF + ComplementNB per task", "_linear:complement_nb", "tfidf"
    ),
    "pooled_svc": System(
        "TF-IDF + one LinearSVC for all tasks",
        "_linear:pooled_svc",
        "tfidf_pooled",
        same_labels=True,
    ),
    "mlp": System(
        "TF-IDF + MLPClassifier(early_stopping=True) per task", "_linear:mlp"
    ),
    "linear_svc_ours": System(
        "our features + LinearSVC per task", "_linear:linear_svc_ours", "ours"
    ),
    "balanced_svc_ours": System(
        'our features + LinearSVC(class_weight="balanced") per task',
        "_linear:balanced_svc_ours",
        "ours_balanced",
    ),
    "sgd_ours": System(
        "our features + SGDClassifier(alpha=3e-6) per task",
        "_linear:sgd_ours",
        "ours",
        seeded=True,
    ),
    "pooled_svc_ours": System(
        "our features + one LinearSVC for all tasks",
        "_linear:pooled_svc_ours",
        "ours_pooled",
        same_labels=True,
    ),
    "fasttext": System(
        "fastText per task", "_fasttext:fast_text", seeded=True, needs="fasttext"
    ),
    "vowpal_wabbit": System(
        "Vowpal Wabbit per task", "_vowpal:vowpal_wabbit", needs="vowpalwabbit"
    ),
    "separate": System(
        'MultiTaskTextClassifier, sharing="separate"',
        "_network:separate",
        "own",
        seeded=True,
    ),
    "shared": System("MultiTaskTextClassifier", "_network:shared", "own", seeded=True),
}
