"""One memory, one file: written, read back and counted for real."""
