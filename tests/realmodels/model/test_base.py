"""Size "base", about 0.1 billion parameters and meant for a GPU: one full training step of one text of 1024 tokens, on a CPU.

In float32 throughout, which takes more memory than the bfloat16 of a GPU.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from realmodels.model.architectures import config_for, flops_per_token, parameters

STEP = """
import json, resource, sys
import torch
from realmodels.model.architectures import config_for
from realmodels.training import muon
from realmodels.training.optimisers import Optimisers
from realmodels.model.transformer import Transformer
torch.set_num_threads(1)
muon.multiplies_in_bfloat16 = lambda device: False
model = Transformer(config_for(sys.argv[1], "base"), 0)
optimisers = Optimisers(model, {"matrices": 0.02, "embedding": 0.015, "values": 0.015, "indexer": 0.003}, 1.0)
tokens = torch.randint(0, 32768, (1, 1025), generator=torch.Generator().manual_seed(0))
first = model.embedding.weight[tokens[0, 0]].clone()
record = {}
logits = model(tokens[:, :-1], record)
loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
(loss + sum(record.get("auxiliary", []))).backward()
optimisers.step(1.0, "one step")
moved = bool((model.embedding.weight[tokens[0, 0]] != first).any())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"loss": loss.item(), "moved": moved, "peak_GiB": peak}))
"""


def test_one_full_size_step_fits_into_eight_gibibytes():
    """A dsa, for which this size is meant. Fresh, it hardly guesses: ln 32768 = 10.4 nats; the spread of logits adds nothing."""
    run = [sys.executable, "-c", STEP, "dsa"]
    done = subprocess.run(run, capture_output=True, text=True, cwd=Path(__file__).parents[3], check=True)
    found = json.loads(done.stdout)
    assert found["loss"] == pytest.approx(10.4, abs=0.2)
    assert found["moved"]
    assert found["peak_GiB"] < 8


def test_the_readme_s_numbers_of_base_are_those_of_the_configuration():
    """110 million parameters, 0.26 GFLOP forward and 0.77 in training; 20 tokens a parameter on an H100 at 40% of 990 TFLOP/s."""
    config = config_for("dense", "base")
    assert round(parameters(config) / 1e6) == 110
    assert round(flops_per_token(config) / 1e9, 2) == 0.26
    assert round(3 * flops_per_token(config) / 1e9, 2) == 0.77
    total = 3 * flops_per_token(config) * 20 * parameters(config)
    assert round(total / 1e18, 1) == 1.7
    assert round(total / (0.4 * 990e12) / 3600, 1) == 1.2
