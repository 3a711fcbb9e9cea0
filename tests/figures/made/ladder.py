"""A made-up capacity ladder: two sizes, three loads around 1% error and one beyond, on the laws, or `ladder` times as high."""

STEPS = {
    "dense": (0.17, 1.0), "sparse": (0.21, 2.0), "delta": (0.212, 2.0), "annealed": (0.25, 2.0), "least_squares": (1.09, 1.5),
    "two": (1.1, 1.5), "interleaved": (1.9, 1.8),
}  # fmt: skip


def rows(maker):
    for system, (bits, reference) in STEPS.items():
        allowed = 0.01 if system != "sparse" else 0.02 / 64
        bits *= maker.bent.get(system, 1.0)
        for N in (256, 512):
            for place, load in enumerate((reference / 2, reference / 1.5, reference)):
                for seed in maker.seeds:
                    held = bits * (1 + 0.1 * (place - 1))
                    error = allowed * 4.0 ** (place - 1)
                    measured = held * maker.bend("ladder")
                    yield {
                        "system": system, "N": N, "P": round(load * N), "load": load, "f": 0.5, "a": 0.5, "T": 1, "seed": seed,
                        "graded": 1.2 * measured, "histogram": 1.2 * measured, "hard": measured, "error": error,
                        "depth": 0.5, "whole": 0.0, "predicted_graded": 1.2 * held, "predicted_hard": held,
                        "predicted_error": error, "predicted_depth": 0.5,
                    }  # fmt: skip


CASES = {
    "ladder-ceilings": ({"seeds": 8}, {"bend": {"ladder": 1.1}}, {"seeds": 1}),
    "ladder-limit": ({}, {"bend": {"ladder": 0.8}}, {"seeds": 1}),
    "ladder-order": ({}, {"bend": {"annealed": 0.5}}, {"seeds": 1}),
}
