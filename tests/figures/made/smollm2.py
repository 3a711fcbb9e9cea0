"""Made-up streams in a pretrained model: kept falls from all to a part, off-mode less; the forecast is a little off."""

from math import nan


def rows(maker):
    gain = {"off_mode": 0.2 * maker.bent.get("gain", 1.0)}
    for method in ("last_matrix", "off_mode", "memit", "full"):
        narrow = method != "full"
        for seed in maker.seeds:
            for written in (8, 16, 24, 32):
                share = 1 - (0.5 - gain.get(method, 0.0)) * (written - 8) / 24 + 0.01 * (seed % 3)
                said = share + 0.03 * maker.bent.get("miss", 1.0) * (1 if written > 8 else -1)
                yield {
                    "method": method, "where": "24.feedforward.output" if narrow else "all", "seed": seed, "learning_rate": 0.1,
                    "at_range_end": False, "T": 4, "D": 8, "steps": 20, "written": written, "kept": share * written,
                    "forecast": said * written if method in ("last_matrix", "off_mode") else nan, "before": 0.02,
                    "learned": 0.97, "rephrased": 0.3, "known": 0.9, "text_before": 0.9, "text_rise": 0.01,
                    "function_change": 0.5, "weight_change": 0.03, "state_bits": 0, "diverged": False,
                }  # fmt: skip


ONE_SEED = {"seeds": 1}
CASES = {
    "P2-smollm2": ({}, {"bend": {"gain": -1.0}}, ONE_SEED),
    "P1-smollm2": ({}, {"bend": {"miss": 40.0}}, ONE_SEED),
}
