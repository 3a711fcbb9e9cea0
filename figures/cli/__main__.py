"""`python -m figures.cli`: the same as `cwb`."""

import sys

from figures.cli import main

sys.exit(main())
