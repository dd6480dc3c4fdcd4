"""Fitted classifiers as files that are safe to load: no pickle, checked before use.

`_archive` and `_tensors` read and write bytes. `_document` combines them into a tree of
JSON and named arrays. `_codec` converts objects to such a tree and back; `_registry`
lists the supported classes, and `_model` defines which parts of a classifier are
stored. ``docs/file-format.md`` describes the files. `_archive`, `_tensors`, `_document`
and `_codec` import neither torch nor scikit-learn.

Each kind of invalid file has its own error class, a subclass of `ModelFileError`.
"""

from ._errors import (
    AnotherFit,
    BadMember,
    BadPassword,
    BadState,
    BadTensor,
    CannotSave,
    CannotWrite,
    CheckpointInUse,
    ChecksumError,
    CostlyKey,
    ModelFileError,
    NewerFormat,
    NotAModelFile,
    PasswordNeeded,
    PasswordNotNeeded,
    RuntimeUnsupported,
    TruncatedFile,
    UntrustedType,
    WrongPassword,
)

__all__ = [
    "AnotherFit",
    "BadMember",
    "BadPassword",
    "BadState",
    "BadTensor",
    "CannotSave",
    "CannotWrite",
    "CheckpointInUse",
    "ChecksumError",
    "CostlyKey",
    "ModelFileError",
    "NewerFormat",
    "NotAModelFile",
    "PasswordNeeded",
    "PasswordNotNeeded",
    "RuntimeUnsupported",
    "TruncatedFile",
    "UntrustedType",
    "WrongPassword",
]
