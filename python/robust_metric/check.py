"""Independent checker of certificates: rational arithmetic only, none of the compiled code.

``python -m robust_metric.check CERTIFICATES MODEL`` reads two files and proves, or fails to prove,
each radius in them; what a yes means is said in ``docs/evidence.md``.
"""

import sys

from .checker.claims import Report, check
from .checker.program import main

__all__ = ["Report", "check", "main"]

if __name__ == "__main__":
    sys.exit(main())
