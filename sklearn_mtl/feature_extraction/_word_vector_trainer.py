"""Word vectors learnt from the user's own texts."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..utils._compat import Interval
from ..utils._optional import import_optional
from ..utils._typing import RandomState
from ._word_vectors import WordVectors

# gensim reads no further in a sentence.
LONGEST_SENTENCE = 10_000


class WordVectorTrainer(BaseEstimator):
    """Learns word vectors from texts by word2vec.

    Settings of a training, to be given wherever word vectors may be: as ``vectors`` of
    :class:`WordVectorVectorizer` or of a trunk over token sequences, which then train
    vectors on the texts that they are fitted to, and on no other, in the same words
    that they read. So a cross-validation trains anew in each fold. Needs gensim, the
    extra ``gensim``.

    Parameters
    ----------
    vector_size : int, default=64
        Dimensions of the vectors; 64 is that of the trunks' own embeddings.

    window : int, default=5
        Words on each side that count as neighbours of a word.

    min_count : int, default=2
        How often a word must come to get a vector.

    sg : bool, default=True
        Whether a word is to tell each neighbour (skip-gram), or all neighbours together
        the word (continuous bag of words), which is faster.

    negative : int, default=5
        Words drawn at random that each word is told from.

    epochs : int, default=5
        Passes over the texts.

    random_state : int, RandomState instance or None, default=None
        Where vectors start and what is drawn. A trunk without one takes that of its
        estimator.

    See Also
    --------
    WordVectors : What :meth:`train_vectors` returns, and vectors from elsewhere.

    Notes
    -----
    One thread trains, since the vectors of several depend on which comes first. The
    same sentences and seed give the same vectors in every process.

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

    Words may also be cut by any analyzer, and the vectors kept:

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
            The words of each text, in their order.

        Returns
        -------
        vectors : WordVectors
            The most frequent word first.

        Raises
        ------
        ImportError
            If gensim is not installed.

        ValueError
            If no word comes ``min_count`` times.
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
                f"No word comes {self.min_count} times or more in {len(parts)} text(s) "
                "with words, so there is nothing to learn from. Lower min_count."
            )
        model.train(parts, total_examples=model.corpus_count, epochs=model.epochs)
        return WordVectors(model.wv.index_to_key, model.wv.vectors)
