"""One hypothesis profile: no deadline; derandomized in CI, so that a red build can be repeated."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded, as `cwb` does

from hypothesis import settings

settings.register_profile("cwb", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("cwb")
