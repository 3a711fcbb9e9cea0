"""Made-up reads of slots: few are read after training, common ones before surprises, and the subject moves to the answer."""

STAGES = {"untrained": 0, "pretrained": 1, "finetuned": 2}
SPECIFICITY = {
    "first": (0.0, 0.0, 0.0),
    "inside": (0.0, 0.15, 0.14),
    "last": (0.0, 0.11, 0.11),
    "after": (0.0, 0.02, 0.16),
    "answer": (0.0, 0.0, 0.22),
    "inside_equal": (0.0, 0.11, 0.11),
    "last_equal": (0.0, 0.10, 0.10),
}
NAMES = ("token", "before", "after", "next", "position")
BLANK = dict.fromkeys(
    (
        *("slots", "reads", "shares", "top", "effective", "never", "gini", "counted_top", "counted_effective", "counted_gini"),
        *("even_top", "even_effective", "even_never", "even_gini", "hub_tokens", "text_tokens", "slot_bits", "context_bits"),
        *(f"{name}_bits{end}" for name in NAMES for end in ("", "_counted")),
        *("rarity", "rho_frequency", "rho_token", "rho_token_within", "rho_next", "rho_next_within", "chance_next"),
        *("chance_next_within", "rarity_profile", "rarity_profile_within", "overlap_any", "overlap_alike"),
        *("pairs", "same", "other", "alike", "any", "specificity", "written", "tokens"),
    )
)


def rows(maker):
    bent = maker.bent
    for seed in maker.seeds:
        wobble = 1 + 0.02 * (seed % 3 - 1)
        for stage, number in STAGES.items():
            effective = 800.0 if stage == "untrained" else 160 * wobble * bent.get("spread", 1.0)
            rho = -0.15 * wobble * bent.get("rho", 1.0) if number else 0.0
            share = [(0.5**rank) for rank in range(1, 9)]
            bits = {"token": 2.8, "before": 0.3, "after": 0.2, "next": 1.1, "position": 0.006}
            yield BLANK | {
                "seed": seed, "stage": stage, "place": "text", "slots": 1024.0, "reads": 5e5, "shares": share,
                "top": 0.3 if number else 0.04, "effective": effective, "never": 0.1, "gini": 0.8,
                "counted_top": 0.13, "counted_effective": 2 * effective if number else 800.0, "counted_gini": 0.7,
                "even_top": 0.011, "even_effective": 1023.0, "even_never": 0.0, "even_gini": 0.02,
                "hub_tokens": 70.0, "text_tokens": 385.0, "slot_bits": 7.3, "context_bits": 5.0,
                **{f"{name}_bits": value for name, value in bits.items()},
                **{f"{name}_bits_counted": 1.2 * value for name, value in bits.items()},
                "rarity": 7.3, "rho_frequency": 0.13, "rho_token": 0.0, "rho_token_within": -0.1, "rho_next": rho,
                "rho_next_within": 0.9 * rho, "chance_next": 0.016, "chance_next_within": 0.015,
                "rarity_profile": [8.0 - 0.1 * part for part in range(10)],
                "rarity_profile_within": [0.4 - 0.08 * part for part in range(10)],
                "overlap_any": 0.04, "overlap_alike": 0.4,
            }  # fmt: skip
            for place, values in SPECIFICITY.items():
                value = values[number] * wobble
                if place == "last_equal" and number:
                    value += bent.get("boundary", 0.0)
                if place == "answer" and number == 2:
                    value *= bent.get("answer", 1.0)
                own = {"seed": seed, "stage": stage, "place": place, "specificity": value}
                whole = {"pairs": 8000.0, "same": 0.2 + value, "other": 0.2, "alike": 0.4, "any": 0.2, "written": 0.2}
                yield BLANK | own | ({} if "equal" in place else {**whole, "tokens": 2048.0})


ONE_SEED = {"seeds": 1}
CASES = {
    "P9-hubs": ({}, {"bend": {"spread": 4.0}}, ONE_SEED),
    "P9-surprise": ({}, {"bend": {"rho": -1.0}}, ONE_SEED),
    "P9-boundary": ({}, {"bend": {"boundary": 0.3}}, ONE_SEED),
    "P9-answer": ({}, {"bend": {"answer": 0.1}}, ONE_SEED),
}
