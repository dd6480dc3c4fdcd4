"""Read word vectors from files of word2vec, GloVe and fastText."""

import numpy as np


def read_text(file, path, limit):
    words, vectors, width, n_words = [], [], None, None
    for number, line in enumerate(file, start=1):
        parts = line.decode("utf-8", errors="replace").rstrip().split(" ")
        if number == 1 and len(parts) == 2 and all(p.isdigit() for p in parts):
            n_words, width = map(int, parts)
            continue
        width = len(parts) - 1 if width is None else width
        if limit is not None and len(words) == limit:
            break
        # A word may contain spaces, as in some files of GloVe.
        word, numbers = " ".join(parts[:-width]), parts[-width:]
        try:
            vectors.append(np.array(numbers, dtype=np.float32))
        except ValueError:
            numbers = []
        if width < 1 or len(numbers) != width or not word:
            raise ValueError(
                f"{path} is not a file of word vectors: line {number} should be a word "
                f"and {width} numbers, but is {line[:60]!r}."
            )
        words.append(word)
    if not words:
        raise ValueError(f"{path} holds no word vectors.")
    if n_words is not None and len(words) < min(n_words, limit or n_words):
        raise _cut_off(path, len(words), n_words)
    return words, np.array(vectors)


def read_binary(file, path, limit):
    header = file.readline().split()
    if len(header) != 2 or not all(part.isdigit() for part in header):
        raise ValueError(
            f"{path} is not a binary word2vec file: its first line should be two "
            f"sizes, but is {b' '.join(header)[:60]!r}."
        )
    n_words, width = map(int, header)
    words, vectors = [], []
    for _ in range(n_words if limit is None else min(limit, n_words)):
        word = b"".join(iter(lambda: _until_space(file), b""))
        values = file.read(4 * width)
        if len(values) < 4 * width:
            raise _cut_off(path, len(words), n_words)
        words.append(word.lstrip(b"\n").decode("utf-8", errors="replace"))
        vectors.append(np.frombuffer(values, dtype="<f4"))
    return words, np.array(vectors).reshape(-1, width)


def _cut_off(path, found, announced):
    rest = f", or read the available vectors with limit={found}" if found else ""
    return ValueError(
        f"{path} ends after {found} of {announced} word vectors. Get the complete file"
        f"{rest}."
    )


def _until_space(file):
    """Return the next byte of a word, or an empty string at its end."""
    byte = file.read(1)
    return b"" if byte == b" " else byte
