"""A toy model's folder, in one file and in shards."""

from pathlib import Path

import pytest

from tests.realmodels.toys import toy


@pytest.fixture
def folder(tmp_path) -> Path:
    return toy("llama", tmp_path / "model")


@pytest.fixture
def sharded(tmp_path) -> Path:
    return toy("llama", tmp_path / "model", shards=True)
