"""One hypothesis profile: no deadline; derandomized in CI, so that a red build can be repeated."""

import os

from hypothesis import settings

from simulate.runs.threads import one_thread

one_thread()  # before NumPy is loaded, as `cwb` does
settings.register_profile("cwb", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("cwb")
