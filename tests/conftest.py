"""One hypothesis profile: no deadline. In CI it has fewer examples, always the same, so that a red build can be repeated."""

import os

from hypothesis import settings

from simulate.runs.threads import one_thread

one_thread()  # before NumPy is loaded, as `cwb` does
CI = bool(os.environ.get("CI"))
settings.register_profile("cwb", deadline=None, derandomize=CI, max_examples=25 if CI else 100, print_blob=True)
settings.load_profile("cwb")
