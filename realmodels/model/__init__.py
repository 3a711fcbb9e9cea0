"""The language model: one Transformer of interchangeable parts, its architectures and sizes, and its checkpoints."""
