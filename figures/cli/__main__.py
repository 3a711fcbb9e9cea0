"""`python -m figures.cli`: the same as `cwb`."""

import sys

from figures.cli.entry import main

sys.exit(main())
