"""Hard parameter sharing."""

from ._base import BaseSharing, TaskNetwork


class HardSharing(BaseSharing):
    """One trunk for all tasks and a linear head for each.

    The least memory of all sharings, and the strongest assumption: whatever a task
    needs has to fit through the hidden vector.

    Parameters
    ----------
    share_heads : bool, default=False
        Whether tasks of the same classes have one head. They are then one task whose
        labels come in several columns, such as one question about reviews of several
        kinds of goods, and predict the same. Not for tasks that happen to have the same
        answers, such as yes and no, to several questions.

    See Also
    --------
    SharedPrivate : Adds a path of its own for each task.
    MixtureOfExperts : Several trunks.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28 (1997).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import HardSharing
    >>> clf = MultiTaskTextClassifier(sharing=HardSharing())
    """

    _parameter_constraints = {"share_heads": ["boolean"]}

    def __init__(self, *, share_heads=False):
        self.share_heads = share_heads

    def build(self, trunk, spec, n_logits, heads=None):
        self._validate_params()
        heads = heads if self.share_heads else None
        return TaskNetwork(trunk, spec, n_logits, private=False, heads=heads)
