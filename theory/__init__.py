"""The laws of compression and writability: what one memory can be taught before it forgets.

    >>> import theory
    >>> theory.claim("C2").task_ceiling(N=1000, T=20)
    377.353602535307
    >>> theory.claims()      # every claim: id, title, status
    >>> theory.notation      # every symbol: meaning, unit, range

One law, one file; each file states its own claims. `theory.ledger` is the list of them in the order of the paper, `theory.proof`
says what a claim is, and `theory.evidence` finds the certificates, attacks and printed values that stand behind each one. The
names above are loaded on first use. This package needs SymPy, mpmath, NumPy and SciPy only.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "ledger": ["claim"],
        "overview": ["claims", "notation"],
    },
)
