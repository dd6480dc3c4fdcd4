"""Fitted classifiers as files that may be trusted: no pickle, checked before use.

`_archive` and `_tensors` know bytes, `_document` joins them into a tree of JSON and
named arrays, `_codec` turns objects into such a tree and back, `_registry` says which,
and `_model` what of a classifier is stored. ``docs/file-format.md`` describes files.
Nothing that `_archive`, `_tensors`, `_document` and `_codec` import needs torch or
scikit-learn.

Each kind of bad file has an error of its own here, all of them a `ModelFileError`.
"""

from ._errors import (
    BadMember,
    BadPassword,
    BadState,
    BadTensor,
    CannotSave,
    CannotWrite,
    ChecksumError,
    CostlyKey,
    ModelFileError,
    NewerFormat,
    NotAModelFile,
    PasswordNeeded,
    PasswordNotNeeded,
    TruncatedFile,
    UntrustedType,
    WrongPassword,
)

__all__ = [
    "BadMember",
    "BadPassword",
    "BadState",
    "BadTensor",
    "CannotSave",
    "CannotWrite",
    "ChecksumError",
    "CostlyKey",
    "ModelFileError",
    "NewerFormat",
    "NotAModelFile",
    "PasswordNeeded",
    "PasswordNotNeeded",
    "TruncatedFile",
    "UntrustedType",
    "WrongPassword",
]
