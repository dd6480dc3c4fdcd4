"""Errors of model files: one class for each kind, under one base."""


class ModelFileError(ValueError):
    """A model cannot be saved to a file, or loaded from it."""


class NotAModelFile(ModelFileError):
    """The file is something else."""


class NewerFormat(ModelFileError):
    """The file was written by a newer version of this package."""


class TruncatedFile(ModelFileError):
    """The file ends before its end."""


class ChecksumError(ModelFileError):
    """The bytes of the file are not those that were written."""


class BadMember(ModelFileError):
    """A part of the file is missing, unknown, doubled or too large."""


class BadTensor(ModelFileError):
    """Arrays of numbers in the file are described wrongly, or hold NaN."""


class BadState(ModelFileError):
    """The description of the classifier makes no sense."""


class CannotSave(ModelFileError):
    """Something that the classifier holds has no place in a model file."""


class UntrustedType(ModelFileError):
    """The file holds an object of a class that has to be trusted first."""


class CannotWrite(ModelFileError, OSError):
    """The file cannot be written; what was there before is still there."""


class PasswordNotNeeded(ModelFileError):
    """A password or key is given, and the file is not encrypted."""


class RuntimeUnsupported(ModelFileError):
    """The classifier needs a library that the chosen runtime does without."""


class BadPassword(ModelFileError):
    """What is passed as password or key cannot be one."""


class PasswordNeeded(ModelFileError):
    """The file is encrypted, and the password or key for it is not given."""


class WrongPassword(ModelFileError):
    """The password or key is not the one that the file was encrypted by."""


class CostlyKey(ModelFileError):
    """To derive its key, the file asks for more memory or work than is allowed."""
