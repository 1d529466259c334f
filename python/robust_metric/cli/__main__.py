"""``python -m robust_metric.cli``: the command line where no script is installed."""

import sys

from .program import main

if __name__ == "__main__":
    sys.exit(main())
