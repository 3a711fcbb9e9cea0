"""Files that belong to tests and are found by their folder, so that a new experiment brings its own."""

import importlib.util
from pathlib import Path
from types import ModuleType


def modules(folder: Path) -> dict[str, ModuleType]:
    """Every Python file of a folder, loaded, by its name."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"{folder.name}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        found[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[path.stem])
    return found
