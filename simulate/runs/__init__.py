"""The workbench of all packages: what an experiment is, running its cells, storing their rows, and telling stale from fresh."""
