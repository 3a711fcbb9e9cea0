"""The experiments on language models, one file each, bound to `EXPERIMENT`."""
