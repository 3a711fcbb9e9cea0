"""Made-up streams by AdamW: the stream's own directions keep the stream and cost its generality, text's keep the text."""

WAYS = {  # facts kept of 32, capitals, rise of text, said in other words
    "free": (20, 0.90, 0.012, 0.2),
    "fast": (18, 0.80, 0.030, 0.2),
    "stream": (28, 0.88, 0.016, 0.05),
    "related": (18, 0.98, 0.002, 0.1),
    "text": (18, 0.97, 0.001, 0.1),
    "mixture": (27, 0.95, 0.004, 0.08),
    "random": (20, 0.90, 0.012, 0.2),
}


def rows(maker):
    bent = maker.bent.get
    for way, (kept, known, rise, other) in WAYS.items():
        for seed in maker.seeds:
            wobble = 0.01 * (seed % 3 - 1) + bent("noise", 0.0) * ((seed * 7 + len(way) * 5) % 11 - 5)
            kept_now = kept + bent("stream", 0.0) * (way == "stream") + bent("mild", 0.0) * (way in ("fast", "random"))
            known_now = known + bent("known", 0.0) * (way == "related")
            rise_now = rise + bent("rise", 0.0) * (way in ("text", "mixture"))
            other_now = other + bent("other", 0.0) * (way == "stream")
            yield {
                "way": way, "background": "none" if way in ("free", "fast") else way, "seed": seed,
                "k": 0 if way in ("free", "fast") else 24, "T": 4, "D": 8, "steps": 20, "capitals": 23,
                "learning_rate": 2.0**-14 if way in ("fast", "stream", "mixture") and not bent("same", 0) else 2.0**-16,
                "reached": not (way == "stream" and bent("unreached", 0)), "state": 0.0 if way in ("free", "fast") else 0.05,
                "diverged": way == "stream" and seed == 0 and bool(bent("diverged", 0)),
                "learned": 1.0 - abs(wobble) - bent("unlike", 0.0) * (way in ("stream", "text", "related", "mixture")),
                "kept": min(kept_now + 50 * wobble, 32.0), "rephrased": other_now + wobble, "known": min(known_now + wobble, 1.0),
                "text_rise": rise_now + 0.05 * wobble, "function": 0.01 * (1 + wobble), "weight_change": 0.002,
            }  # fmt: skip


ONE_SEED = {"seeds": 1}
UNLIKE = {"bend": {"unlike": 0.2}}
CASES = {
    "P2-loop-stream": ({}, {"bend": {"stream": -20.0}}, {"bend": {"diverged": 1}}),
    "P2-loop-rate": ({}, {"bend": {"mild": 20.0}}, {"bend": {"same": 1}}),
    "P2-loop-random": ({}, {"bend": {"mild": 20.0}}, {"bend": {"unreached": 1}}),
    "P2-loop-text": ({}, {"bend": {"rise": 0.03}}, UNLIKE),
    "P2-loop-related": ({}, {"bend": {"known": -0.3}}, UNLIKE),
    "P2-loop-whose": ({}, {"bend": {"rise": 0.03}}, {"bend": {"noise": 0.1}}),
    "P2-loop-mixture": ({}, {"bend": {"rise": 0.03}}, UNLIKE),
    "P2-loop-price": ({}, {"bend": {"other": 0.3}}, {"bend": {"other": 0.15}}),
}
