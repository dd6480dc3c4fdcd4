"""Model files: written by ``fit --save``, read by ``predict``."""

import os
from contextlib import contextmanager
from pathlib import Path

from ..persistence import (
    BadState,
    CannotWrite,
    ModelFileError,
    PasswordNeeded,
    PasswordNotNeeded,
    RuntimeUnsupported,
    UntrustedType,
)
from ..persistence._files import check_target
from ._errors import CommandError, UsageError, count
from ._process import say

VARIABLE = "SKLEARN_MTL_PASSWORD"


class Saving:
    """A model file to write; checks what it can before training.

    Parameters
    ----------
    options : argparse.Namespace
        Options of ``fit``.
    """

    def __init__(self, options):
        self.path, self.text = options.save, options.text
        with model_errors(f"save {self.path}"):
            check_target(Path(self.path))
        self.password = read_password(options.password_env)
        if self.password is not None:
            with model_errors(f"save {self.path}"):
                check_password(self.password)

    def write(self, classifier, columns):
        """Save a classifier, with the columns of the table it was fitted on.

        Parameters
        ----------
        classifier : MultiTaskTextClassifier

        columns : list of LabelColumn
        """
        # Ends with an underscore like a fitted attribute, so the next fit removes it.
        classifier.table_columns_ = {
            "text": list(self.text),
            "separators": {c.name: c.separator for c in columns if c.joined},
        }
        with model_errors(f"save {self.path}"):
            classifier.save(self.path, password=self.password)
        size = count(Path(self.path).stat().st_size, "byte")
        encrypted = "" if self.password is None else ", encrypted"
        say(f"Saved {self.path}: {size}{encrypted}.")


def read_password(named):
    """Return the password from the environment, or None.

    Parameters
    ----------
    named : str or None
        Name of the variable, which must be set. None reads ``VARIABLE`` if it is set.
    """
    name = named or VARIABLE
    password = os.environ.get(name)
    if password is None and named:
        raise UsageError(
            f"--password-env {named}: there is no environment variable of this name. "
            "Set it to the password and export it."
        )
    if password == "":
        # An empty password may come from a secret that was not found.
        raise UsageError(
            f"The environment variable {name} is empty. Set it to the password, or "
            "unset it."
        )
    return password


def check_password(password):
    """Raise the errors that saving with this password would raise."""
    from ..persistence._keys import make_header

    make_header(password, None)


@contextmanager
def model_errors(what):
    """Convert errors of model files to one-line usage errors."""
    try:
        yield
    except CannotWrite as error:
        raise CommandError(str(error)) from error
    except (ModelFileError, ImportError) as error:
        raise UsageError(f"Cannot {what}: {_words(error)}") from error
    except OSError as error:
        raise UsageError(f"Cannot {what}: {error.strerror or error}.") from error


def _words(error):
    """Return the message of an error, with options instead of parameters."""
    if isinstance(error, PasswordNeeded):
        if "Pass key=" in str(error):
            return (
                "The file is encrypted with a key, but the command line supports only "
                "passwords. Load it in Python: sklearn_mtl.load(path, key=...)."
            )
        return (
            f"The file is encrypted. Set the environment variable {VARIABLE} to its "
            "password, or name another variable with --password-env."
        )
    if isinstance(error, PasswordNotNeeded):
        return (
            "A password is set, but the file is not encrypted, so anyone may have "
            f"written it. If you trust its source, unset {VARIABLE} and remove "
            "--password-env."
        )
    if isinstance(error, UntrustedType):
        return (
            "It contains objects of classes from outside this package, which the "
            "command line does not load. Load it in Python: sklearn_mtl.load(path, "
            "trusted=[...])."
        )
    if isinstance(error, RuntimeUnsupported):
        return (
            str(error)
            .replace("runtime='numpy'", "--runtime numpy")
            .replace("runtime='torch'", "--runtime torch")
        )
    return str(error)


def load_model(path, password, runtime):
    """Load a classifier.

    Parameters
    ----------
    path : str

    password : str or None

    runtime : {"auto", "numpy", "torch"}
        "auto" is numpy, which starts much faster, if it supports the classifier, or
        else torch.

    Returns
    -------
    classifier : MultiTaskPredictor or MultiTaskTextClassifier
    """
    from .. import load

    with model_errors(f"load {path}"):
        if runtime != "auto":
            return load(path, password=password, runtime=runtime)
        try:
            return load(path, password=password, runtime="numpy")
        except RuntimeUnsupported:
            return load(path, password=password)


def load_texts_model(path, password, runtime):
    """Load a classifier that reads texts; see :func:`load_model`."""
    classifier = load_model(path, password, runtime)
    if hasattr(classifier, "n_features_in_"):
        raise UsageError(
            f"{path} was fitted on numbers, but the command line reads texts. Load it "
            "in Python: sklearn_mtl.load(path)."
        )
    return classifier


def known_columns(path, classifier):
    """Return what a model file stores about its training table.

    Returns
    -------
    text : list of str
        The text columns; empty if they are not stored.

    separators : dict of str to str
        The separator of each task whose cells were joined labels.
    """
    known = getattr(classifier, "table_columns_", {"text": [], "separators": {}})
    try:
        text, separators = known["text"], dict(known["separators"])
        ours = isinstance(text, list) and all(
            isinstance(each, str) for each in (*text, *separators, *separators.values())
        )
    except (TypeError, ValueError, LookupError):
        ours = False
    if not ours:
        with model_errors(f"load {path}"):
            raise BadState("table_columns_ is not valid. Save the model again.")
    return text, separators
