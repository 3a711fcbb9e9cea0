"""Language models of several activities: forgetting falls with a power of the overlap that each way leaves."""

from figures.activity import LOOKS

ONE_SEED = {"seeds": 1}
ACTIVITIES = (0.02, 0.05, 0.2, 1.0)
OVERLAP = {"matrix": 0.2, "centred": 0.05, "off_12": 0.02, "full": 0.15}
FORGOTTEN = {"matrix": 0.8, "centred": 0.6, "off_12": 0.5, "full": 0.75}  # of the dense model
# Knobs: factors of a step to sparser activation (overlap, forgotten); of a way's forgetting (its name); exponent of jumps of the
# overlap that forgetting does not follow (scatter); whether the law is blind (law).


def rows(maker):
    sparser, spared = maker.bent.get("overlap", 0.9), maker.bent.get("forgotten", 0.95)
    jumps = maker.bent.get("scatter", 0.0)
    for way in LOOKS:
        for active in ACTIVITIES:
            steps = ACTIVITIES[::-1].index(active)
            shared = OVERLAP[way] * sparser**steps * (2.0 if steps % 2 else 1.0) ** jumps
            for seed in maker.seeds:
                wobble = 1 + 0.01 * (seed % 3 - 1)
                gone = FORGOTTEN[way] * spared**steps * wobble * maker.bent.get(way, 1.0)
                law = 0.5 + 0.1 * ((steps * 5 + len(way)) % 4) if "law" in maker.bent else gone
                for rate, learned in ((0.1, 0.4), (0.3, 0.8), (1.0, 0.9)):
                    yield {
                        "active": active, "way": way, "seed": seed, "T": 16, "D": 8, "steps": 20, "candidates": 16,
                        "old_facts": 256, "old_bits": 3.9, "before": 2.2, "acting": 0.3 * 0.5**steps, "raw_overlap": 5.0,
                        "overlap": shared * wobble, "common_mode": 0.8, "participation_ratio": 5.0, "learning_rate": rate,
                        "learned": learned, "kept": learned * (1 - gone), "kept_next": learned * (1 - 0.3 * gone),
                        "law_kept": learned * (1 - law), "law_kept_own": learned * (1 - law), "old_lost": 0.3 * learned,
                        "text_rise": 0.1 * learned, "diverged": False,
                    }  # fmt: skip


CASES = {
    "H1-network-overlap": ({}, {"bend": {"overlap": 1.2}}, ONE_SEED),
    "H1-network-overlap-full": ({}, {"bend": {"overlap": 1.2}}, ONE_SEED),
    "H1-network-matrix": ({}, {"bend": {"forgotten": 1.05}}, ONE_SEED),
    "H1-network-full": ({}, {"bend": {"forgotten": 1.05}}, ONE_SEED),
    "H1-network-trend": ({}, {"bend": {"forgotten": 1.05}}, ONE_SEED),
    "H1-network-centring": ({}, {"bend": {"centred": 1.3}}, ONE_SEED),
    "H1-network-dissociation": ({}, {"bend": {"centred": 0.4}}, ONE_SEED),
    "H1-network-law": ({"bend": {"scatter": 2.0}}, {"bend": {"law": 1.0}}, ONE_SEED),
}
