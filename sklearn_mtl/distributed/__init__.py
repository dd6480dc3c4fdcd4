"""Training one classifier in several processes, started by ``torchrun``."""

from ._ranks import Ranks, data_parallel

__all__ = ["Ranks", "data_parallel"]
