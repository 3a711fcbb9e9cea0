"""Solvable memories in which every degree of freedom is counted, and the sweeps that confront them with the laws.

    >>> import simulate
    >>> simulate.systems()                                    # every memory, learner and code family, a line each
    >>> simulate.frontier("ewc", N=64, D=8)                   # how many tasks it holds, beside theory's ceiling
    >>> simulate.curve("delta", T=range(1, 60), N=256, D=8)   # depth against tasks, beside the law and the ceiling; .plot()
    >>> simulate.codes.draw(0, M=1000, N=256, a=0.1)          # random codes [M, N]

All of it is loaded on first use, and JAX stays as the session has set it. Memories are in `simulate.memories`, learners in
`simulate.learners`, one file each; `simulate.system` says what a system is, `simulate.runs` runs and stores experiments.
"""

import lazy_loader

import simulate.neighbours  # noqa: F401  # says so if a file of the user hides theory

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["codes", "experiments", "learners", "memories", "networks", "runs", "system", "tables", "tasks"],
    submod_attrs={
        "system.catalogue": ["systems"],
        "system.curve": ["curve"],
        "system.frontier": ["frontier"],
    },
)
