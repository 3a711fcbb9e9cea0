"""Kernels of scenarios, kept on disk: several experiments ask for the same one, and it takes minutes to compute."""

from pathlib import Path

from safetensors.torch import load_file, save_file

from realmodels.writing.kernel import Kernel, logit_kernel
from realmodels.writing.methods.writer import Writer
from realmodels.writing.scenario import Scenario, ScenarioSpec
from simulate.runs.fingerprint import code_fingerprint
from simulate.runs.store import atomic, digest


def cached_kernel(spec: ScenarioSpec, scenario: Scenario, writer: Writer, name: str, workspace: Path) -> Kernel:
    """The kernel of writes by `writer` to the facts of a scenario, from workspace/kernels, or computed and stored there.

    spec: the specification of the scenario. name: what tells this writer from others of the same scenario, with the
    fingerprint of its code.
    """
    path = workspace / "kernels" / f"{digest(spec.to_json(), name, code_fingerprint(__name__))}.safetensors"
    if path.exists():
        tensors = load_file(path)
        return Kernel(tensors["response"], tensors.get("writes", tensors["response"]))
    kernel = logit_kernel(scenario.model, writer, scenario.facts)
    same = kernel.response is kernel.writes
    with atomic(path) as temporary:
        save_file({"response": kernel.response} | ({} if same else {"writes": kernel.writes}), temporary)
    return kernel
