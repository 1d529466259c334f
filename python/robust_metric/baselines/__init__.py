"""Other metric learners and robust rivals, to compare with and to use: `docs/baselines.md`."""

from .aml import AML
from .cap import CAP
from .itml import ITML, ITML_Supervised
from .lfda import LFDA
from .lmnn import LMNN
from .nca import NCA
from .pruning import AdversarialPruning

__all__ = ["AML", "CAP", "ITML", "LFDA", "LMNN", "NCA", "AdversarialPruning", "ITML_Supervised"]
