"""Several processes: the same training as one, and a failure told in a line. Real processes on loopback."""

from pathlib import Path

import pytest
import torch

from realmodels.model import checkpoint
from realmodels.model.architectures import config_for
from realmodels.text.corpora import CorpusConfig
from realmodels.text.encoded import encoded
from realmodels.training import parallel
from realmodels.training.pretrain import train
from realmodels.training.recipe import PretrainConfig
from theory.errors import UserError

CORPUS = CorpusConfig(wiki=80_000, dictionary=40_000, factbook=0, heldout=4_000)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("workspace")
    encoded(CORPUS, 320, made)
    return made


def linked(tmp_path: Path, workspace: Path) -> Path:
    (tmp_path / "text").symlink_to(workspace / "text")
    return tmp_path


@pytest.mark.parametrize("architecture", ["dense", "memory"])
def test_two_processes_train_the_model_of_one(architecture, workspace, tmp_path):
    """Sums are added in another order, so that weights agree to rounding, magnified by five steps, and not to the bit.

    Models that had each learned from their own half of the batches would differ by half of what they learned.
    """
    config = PretrainConfig(config_for(architecture, "tiny"), CORPUS, seed=0, steps=5, batch=4, evaluations=1, rise=0.5)
    alone, _, meta = checkpoint.read(train(config, workspace))
    together, _, other = checkpoint.read(parallel.launch(2, train, config, linked(tmp_path, workspace)))
    start = dict(type(alone)(alone.config, 0).named_parameters())
    for (name, p), q in zip(alone.named_parameters(), together.parameters(), strict=True):
        assert (p - q).norm() <= 0.1 * (p - start[name]).norm() + 1e-6, name
    assert other["log"][-1]["bits_per_byte"]["all"] == pytest.approx(meta["log"][-1]["bits_per_byte"]["all"], rel=1e-3)
    assert other["log"][-1]["train_loss"] == pytest.approx(meta["log"][-1]["train_loss"], rel=1e-3)


def test_a_batch_that_cannot_be_shared_out_is_told_in_a_line(workspace, tmp_path):
    config = PretrainConfig(config_for("dense", "tiny"), CORPUS, seed=0, steps=5, batch=3, evaluations=1)
    with pytest.raises(UserError, match=r"a batch of 3 windows is no multiple of 2 processes"):
        parallel.launch(2, train, config, linked(tmp_path, workspace))


def test_alone_nothing_is_averaged():
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.full((3,), 2.0)
    parallel.average([p])
    assert p.grad.tolist() == [2.0] * 3
    assert parallel.mean(torch.tensor(3.0)) == 3.0
    assert parallel.place() == (0, 1)
