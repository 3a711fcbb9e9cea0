"""The laws of compression and writability: what one memory can be taught before it forgets.

One law, one file; `theory.proof.claim` is the ledger that holds them. This package needs SymPy, mpmath, NumPy and SciPy only.
"""
