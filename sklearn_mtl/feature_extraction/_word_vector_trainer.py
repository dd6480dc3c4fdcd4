"""Word vectors learnt from the user's texts."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..utils._compat import Interval
from ..utils._optional import import_optional
from ..utils._typing import RandomState
from ._word_vectors import WordVectors

# gensim ignores the rest of a longer sentence.
LONGEST_SENTENCE = 10_000


class WordVectorTrainer(BaseEstimator):
    """Learns word vectors from texts by word2vec.

    Holds the settings of a training. Pass it wherever word vectors are accepted: as
    ``vectors`` of :class:`WordVectorVectorizer` or of a trunk over token sequences.
    These then train vectors only on the texts that they are fitted to, with the words
    that they read, so cross-validation trains new vectors in each fold. Needs gensim,
    the extra ``gensim``.

    Parameters
    ----------
    vector_size : int, default=64
        Dimensions of the vectors; 64 is the default of the trunks' embeddings.

    window : int, default=5
        Number of words on each side that count as neighbours of a word.

    min_count : int, default=2
        How often a word must occur to get a vector.

    sg : bool, default=True
        Whether a word predicts each neighbour (skip-gram), or all neighbours together
        predict the word (continuous bag of words), which is faster.

    negative : int, default=5
        Number of negative samples for each word.

    epochs : int, default=5
        Passes over the texts.

    random_state : int, RandomState instance or None, default=None
        Seed of initial vectors and samples. If it is None, a trunk uses that of its
        estimator.

    See Also
    --------
    WordVectors : The result of :meth:`train_vectors`; also reads files.

    Notes
    -----
    Training uses one thread, because with several threads the result depends on their
    timing. The same sentences and seed give the same vectors in every process.

    References
    ----------
    T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed Representations
    of Words and Phrases and their Compositionality", NIPS 2013.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import (
    ...     WordVectorTrainer,
    ...     WordVectorVectorizer,
    ... )
    >>> trainer = WordVectorTrainer(vector_size=8, random_state=0)
    >>> texts = ["a good film", "a very good film", "a bad film"]
    >>> WordVectorVectorizer(trainer).fit_transform(texts).shape
    (3, 8)

    Words may also be split by any analyzer, and the vectors kept:

    >>> trainer.train_vectors(text.split() for text in texts)
    <WordVectors: 3 words, 8 dimensions>
    """

    _parameter_constraints = {
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "sg": ["boolean"],
        "negative": [Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        vector_size: int = 64,
        window: int = 5,
        min_count: int = 2,
        sg: bool = True,
        negative: int = 5,
        epochs: int = 5,
        random_state: RandomState = None,
    ) -> None:
        self.vector_size = vector_size
        self.window = window
        self.min_count = min_count
        self.sg = sg
        self.negative = negative
        self.epochs = epochs
        self.random_state = random_state

    def train_vectors(self, sentences: Iterable[Any]) -> WordVectors:
        """Learn vectors.

        Parameters
        ----------
        sentences : iterable of sequence of str
            The words of each text, in order.

        Returns
        -------
        vectors : WordVectors
            The most frequent word first.

        Raises
        ------
        ImportError
            If gensim is not installed.

        ValueError
            If no word occurs ``min_count`` times.
        """
        self._validate_params()
        models = import_optional("gensim.models", "gensim", "WordVectorTrainer")
        model = models.Word2Vec(
            vector_size=self.vector_size,
            window=self.window,
            min_count=self.min_count,
            sg=int(self.sg),
            negative=self.negative,
            epochs=self.epochs,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            workers=1,
        )
        parts = [
            words[start : start + LONGEST_SENTENCE]
            for words in map(list, sentences)
            for start in range(0, len(words), LONGEST_SENTENCE)
        ]
        model.build_vocab(parts)
        if not len(model.wv):
            raise ValueError(
                f"No word occurs {self.min_count} times or more in {len(parts)} "
                "text(s) with words, so there is nothing to learn. Lower min_count."
            )
        model.train(parts, total_examples=model.corpus_count, epochs=model.epochs)
        return WordVectors(model.wv.index_to_key, model.wv.vectors)
