"""Other metric learners and robust rivals, to compare with and to use: `docs/baselines.md`."""

from .learners.baselines.aml import AML
from .learners.baselines.cap import CAP
from .learners.baselines.itml import ITML, ITML_Supervised
from .learners.baselines.lfda import LFDA
from .learners.baselines.lmnn import LMNN
from .learners.baselines.nca import NCA
from .learners.baselines.pruning import AdversarialPruning

__all__ = ["AML", "CAP", "ITML", "LFDA", "LMNN", "NCA", "AdversarialPruning", "ITML_Supervised"]
