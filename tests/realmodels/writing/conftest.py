"""A facts file for the tests of what is asked of a model and a user's facts."""

import pytest

from tests.realmodels.writing.places import facts_file


@pytest.fixture
def places(tmp_path):
    """The file of four invented places, two a task."""
    return facts_file(tmp_path / "places.jsonl")
