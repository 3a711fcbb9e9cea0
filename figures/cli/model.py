"""`cwb model`: what a model is, how it reads text, which matrices can be written, and the memory that this takes."""

from __future__ import annotations

from dataclasses import dataclass

from tyro.conf import Positional


@dataclass(frozen=True)
class Model:
    """What a model is: its shape, writable matrices, conventions for text, and the memory that reading and writing take."""

    model: Positional[str]
    """Folder of a model (trained here or saved by Hugging Face libraries), a GGUF file, or the name smollm2."""
    facts: int = 100
    """Number of facts for which memory is estimated."""
    check: bool = False
    """Also compare the logits with a plain forward pass of transformers, on a few prompts."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Print the description."""
        from figures.cli.output import show_json
        from realmodels.model.description import describe

        answer = describe(self.model, self.facts, self.check)
        show_json(answer.to_dict()) if self.json else print(answer.show())
