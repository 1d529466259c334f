"""Other metric learners of the field, to compare with and to use: `docs/baselines.md`."""

from .itml import ITML, ITML_Supervised
from .lfda import LFDA
from .lmnn import LMNN
from .nca import NCA

__all__ = ["ITML", "LFDA", "LMNN", "NCA", "ITML_Supervised"]
