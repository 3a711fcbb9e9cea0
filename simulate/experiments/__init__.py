"""One experiment, one file: each binds EXPERIMENT."""
