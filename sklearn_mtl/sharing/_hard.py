"""Hard parameter sharing."""

from ._base import BaseSharing, TaskNetwork


class HardSharing(BaseSharing):
    """One trunk for all tasks and a linear head for each.

    The least memory of all sharings, and the strongest assumption: whatever a task
    needs has to fit through the hidden vector.

    See Also
    --------
    SharedPrivate : Adds a path of its own for each task.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28 (1997).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import HardSharing
    >>> clf = MultiTaskTextClassifier(sharing=HardSharing())
    """

    def build(self, trunk, spec, n_logits):
        return TaskNetwork(trunk, spec, n_logits, private=False)
