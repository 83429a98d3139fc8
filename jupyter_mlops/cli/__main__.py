"""`python -m jupyter_mlops.cli`, for places where the console script is not on the path."""

import sys

from jupyter_mlops.cli import main

sys.exit(main())
