"""What a user types in a notebook, and what it leaves behind in the session: nothing."""

import subprocess
import sys

import numpy as np
import pytest

import simulate
import theory
from simulate.runs.fingerprint import ROOT


def session(code: str) -> str:
    """Standard output of a fresh Python process."""
    command = [sys.executable, "-c", code]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment).stdout


def test_importing_simulate_loads_neither_jax_nor_pandas():
    code = "import sys, simulate; print(dir(simulate), {'jax', 'pandas', 'numpy', 'sympy'} & set(sys.modules))"
    names, loaded = session(code).strip().rsplit("]", 1)
    assert loaded.strip() == "set()"
    assert all(f"'{name}'" in names for name in ("systems", "frontier", "curve", "codes"))


def test_a_session_keeps_its_own_settings_of_jax():
    code = """
import os, jax, jax.numpy as jnp
own = jax.jit(lambda x: jnp.log(x))
before = own(jnp.float32(-1)), jax.config.jax_enable_x64, jax.config.jax_debug_nans, dict(os.environ)
import simulate
answer = simulate.frontier("hebbian", N=32, D=8, outputs=8, seeds=2)
try:
    simulate.frontier("ewc", N=8, D=4, ridge=0.0, seeds=2)
except ValueError as error:
    print("refused", "finite" in str(error))
print(answer.depth != float(jnp.float32(answer.depth)), simulate.codes.draw(0, M=2, N=8, a=0.5).dtype, jnp.ones(1).dtype)
print((jax.config.jax_enable_x64, jax.config.jax_debug_nans, dict(os.environ)) == before[1:], own(jnp.float32(-1)))
"""
    assert session(code).splitlines() == ["refused True", "True float32 float32", "True nan"]


def test_write_a_thousand_facts_into_a_delta_rule_memory_and_compare_with_the_law():
    from simulate.memories.delta_rule import retained_depths

    codes = simulate.codes.draw(0, M=1000, N=64, a=0.25, family="signed")
    depths = retained_depths(codes, 0.5)
    law = theory.claim("C2").retained_depth(N=64, eta=0.5, age=np.arange(1000)[::-1])
    assert np.corrcoef(depths[-200:], law[-200:])[0, 1] > 0.8
    assert float(depths.sum()) == pytest.approx(law.sum(), rel=0.02)


def test_how_long_does_ewc_last():
    assert 6 <= simulate.frontier("ewc", N=32, D=4).measured_T <= 9 * 2
