"""Made-up streams at five places: the kernel says what is left to a little, loss gradients nothing of it."""

import numpy as np

PLACES = {  # matrix, directions, facts until half are wrong
    "late": ("23.attention.output", 0, 30.0),
    "late_off": ("23.attention.output", 2, 160.0),
    "mid": ("20.feedforward.output", 0, 30.0),
    "early": ("3.feedforward.output", 0, 60.0),
    "last": ("29.feedforward.output", 0, 12.0),
}
MOMENTS = (1, 2, 3, 4, 6, 8)


def rows(maker):
    """The knobs. noise: of what the kernel says, in logarithms. gradients: how much of the truth these have. budget: factor on
    what the kernel says is lost; early: the same in the early matrix. taught: bits that it says are left just after a task in the
    last block; below 0, bits that are left.
    """
    bent = maker.bent.get
    for place, (where, k, half) in PLACES.items():
        for seed in maker.seeds:
            drawn = np.random.default_rng(list(PLACES).index(place))
            strength, noise, other = drawn.normal(0, 1, (3, 64)) + 0.01 * np.random.default_rng(seed).normal(0, 1, (3, 64))
            factor = bent("early", 8.0) if place == "early" else bent("budget", 1.0)
            for written in MOMENTS:
                for fact in range(8 * written):
                    task = fact // 8
                    age = written - 1 - task
                    lost = 0.2 + 3 * (16 * age / half) * np.exp(0.5 * strength[fact]) if age else 0.1
                    said = lost * factor * np.exp(bent("noise", 0.1) * noise[fact]) if age else 0.1
                    if place == "last" and age == 0:
                        said, lost = said + max(bent("taught", 3.0), 0.0), lost - min(bent("taught", 3.0), 0.0)
                    first = bent("gradients", 0.0) * lost + other[fact]
                    yield {
                        "place": place, "where": where, "k": k, "seed": seed, "learning_rate": 2.0, "T": 8, "D": 8, "steps": 20,
                        "written": written, "task": task, "age": age, "fact": fact, "bits_before": 9.0 + strength[fact],
                        "bits": lost, "exact": float(lost < 1.5), "bits_kernel": said, "exact_kernel": float(said < 1.5),
                        "bits_injected": said + 1, "exact_injected": float(said < 0.5), "bits_spectral": 0.3 * age,
                        "exact_spectral": float(0.3 * age < 1.5), "bits_isolated": 0.1, "exact_isolated": 1.0,
                        "bits_gradients": first, "bits_later": first, "function": 0.1 * written,
                        "known": 0.8 if written == 8 else np.nan, "text_rise": 0.01 if written == 8 else np.nan,
                    }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "P1-gradients": ({}, {"bend": {"gradients": 50.0, "noise": 3.0}}, ONE_SEED),
    "P1-gradients-task": ({}, {"bend": {"gradients": 50.0, "noise": 3.0}}, ONE_SEED),
    "P1-share": ({}, {"bend": {"noise": 4.0}}, ONE_SEED),
    "P1-entries": ({}, {"bend": {"noise": 4.0}}, ONE_SEED),
    "P1-flips": ({}, {"bend": {"noise": 4.0}}, ONE_SEED),
    "P1-budget": ({}, {"bend": {"budget": 5.0}}, ONE_SEED),
    "P1-budget-aim": ({"bend": {"early": 1.0, "taught": 0.0}}, {"bend": {"budget": 5.0}}, ONE_SEED),
    "P1-early": ({}, {"bend": {"early": 1.0}}, ONE_SEED),
    "P1-last": ({}, {"bend": {"taught": -3.0}}, ONE_SEED),
}
