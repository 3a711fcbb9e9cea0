"""Attacks: for every bound of the ledger an optimiser that tries to break it, one file per law."""
