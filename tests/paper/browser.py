"""A real Chromium for the tests of pages: the system's own, driven by playwright."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """Path of the system's Chromium. Skips the test where there is none; in continuous integration it must be there."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and os.environ.get("CI"):
        pytest.fail("no Chromium: `make browser` installs it (.ci/run calls it)")
    if path is None:
        pytest.skip("no Chromium on this machine: `make browser` installs it (apt-get install chromium)")
    return path
