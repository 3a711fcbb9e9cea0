"""Where a parameter of a network lies in the files of its folder, and in which form.

transformers may name or lay out a tensor otherwise in memory than in the file: a prefix, or experts stacked into one parameter.
Its own way back to the file's form is used. A tied parameter may lie in a folder under several names, which then all hold it.
"""

from functools import cached_property

import numpy as np
from torch import Tensor, nn

from realmodels.model.loaded import Loaded
from realmodels.model.pretrained.weights import DTYPES, Weights, weights
from realmodels.writing.patch import bytes_of, stored_bytes
from theory.errors import UserError


class FileForm:
    """The files of a loaded model, and where each of its parameters is in them."""

    def __init__(self, loaded: Loaded):
        self.model, self.folder = loaded.model, loaded.path
        self.files: Weights = weights(loaded.path)

    def base(self, name: str) -> np.ndarray:
        """The bytes of a tensor in the folder."""
        return stored_bytes(self.files, name)

    def forms(self, name: str, values: Tensor) -> dict[str, Tensor]:
        """Values of the parameter `name` in the form of the file: {name there: values}."""
        return _forms(self.model, name, values)

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        """All names of each parameter, by its id: a tied one has several."""
        found: dict[int, list[str]] = {}
        for name, parameter in self.model.named_parameters(remove_duplicate=False):
            found.setdefault(id(parameter), []).append(name)
        return found

    def homes(self, name: str, values: Tensor) -> list[list[str]]:
        """For each of `forms`, its names in the folder. values: of the parameter `name`, as they are in the folder.

        Raises UserError if the folder does not hold these values.
        """
        try:
            parameter = self.model.get_parameter(name)
        except AttributeError:
            raise UserError(f"{name} is no parameter of {self.folder}: name one that `cwb model` lists") from None
        prefix = getattr(self.model, "base_model_prefix", "") + "."
        forms = self.forms(name, values)
        aliases = [list(self.forms(alias, values)) for alias in self._names[id(parameter)]]
        homes = []
        for index, tensor in enumerate(forms.values()):
            tried = [alias[index] for alias in aliases if len(alias) == len(forms)]
            variants = [variant for one in tried for variant in (one, prefix + one, one.removeprefix(prefix))]
            found = [one for one in dict.fromkeys(variants) if one in self.files.entries]
            if not found or not all(self._holds(one, tensor) for one in found):
                where = f"{name} is not in the files of {self.folder} as it is in memory"
                raise UserError(f"{where}: load the model anew, or choose other matrices to write")
            homes.append(found)
        return homes

    def _holds(self, name: str, tensor: Tensor) -> bool:
        entry = self.files.entries[name]
        if entry.dtype not in DTYPES or entry.shape != tuple(tensor.shape):
            return False
        return np.array_equal(bytes_of(tensor, DTYPES[entry.dtype]), self.base(name))


def _forms(model: nn.Module, name: str, parameter: Tensor) -> dict[str, Tensor]:
    """The parameter in the form of the file: {name there: values}."""
    tensor = parameter.detach()
    if getattr(model, "_weight_conversions", None) is None:
        return {name: tensor}
    from transformers.core_model_loading import revert_weight_conversion

    return revert_weight_conversion(model, {name: tensor})  # pyright: ignore[reportArgumentType]
