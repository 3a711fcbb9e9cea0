"""Made-up loads of two stores and their controls: 1/(1/1.6 + c/T), at the loads that S3 puts there, typed by hand."""

from itertools import product


def _load(system, access, packed, T):
    c = {"two stores": 4.02, "equal sparsity": 5.41, "buffer as fast store": 1 / 16 if packed else 1.0}.get(system)
    if system == "list alone":
        return 16.0 if packed else 1.0
    if system == "second-order state":
        return 1.15
    if access == "one pass":
        return 1.6
    if c is None:
        return 1.6 if access == "many passes" else {2: 0.22, 8: 0.5, 32: 0.87}[T]
    return 1 / (1 / 1.6 + c / T)


def rows(maker):
    """The knob of a control multiplies its load; `regimes` is noise."""
    lists = ("buffer as fast store", "list alone")
    controls = ("one store", "equal sparsity", "second-order state", *lists)
    for (access, tasks), seed in product(
        (("many passes", (2, 8, 32)), ("one pass with sleep", (2, 8, 32)), ("one pass", (0,))), maker.seeds
    ):
        for T, system in product(tasks, ("two stores", *controls)):
            if access == "many passes" and system in ("equal sparsity", "buffer as fast store"):
                continue
            for packed in (False, True) if system in lists else (False,):
                law = _load(system, access, packed, T)
                load = law * maker.bent.get(system, 1.0) * maker.bend("regimes")
                yield {
                    "axis": "T", "value": float(T), "T": T, "N": 4000, "error": 0.01, "system": system, "access": access,
                    "packed": packed, "seed": seed, "M": round(4000 * load), "load": load, "fast_share": 0.2,
                    "predicted": law, "hyperparameters": "",
                }  # fmt: skip
    for (axis, values), system, seed in product(
        (("sweeps", (1.0, 10.0)), ("flip", (0.001,)), ("shared", (0.5,)), ("a_fast", (0.25,)), ("N", (48.0, 192.0))),
        ("two stores", "one store", "equal sparsity", "buffer as fast store"),
        maker.seeds,
    ):
        for value in values:
            T = 2 if axis == "N" else 8
            law = _load(system, "one pass with sleep", False, T)
            yield {
                "axis": axis, "value": value, "T": T, "N": int(value) if axis == "N" else 64, "error": 0.01, "system": system,
                "access": "one pass with sleep", "packed": False, "seed": seed, "M": round(64 * law), "load": law,
                "fast_share": 0.2, "predicted": law, "hyperparameters": "",
            }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "H3-one": ({}, {"bend": {"one store": 3.0}}, ONE_SEED),
    "H3-equal": ({}, {"bend": {"equal sparsity": 2.0}}, ONE_SEED),
    "H3-second-order": ({}, {"bend": {"second-order state": 3.0}}, ONE_SEED),
    "H3-buffer": ({}, {"bend": {"buffer as fast store": 0.2}}, ONE_SEED),
    "H3-list": ({}, {"bend": {"list alone": 2.5}}, ONE_SEED),
}
