"""What reads of slots say in running text, as columns of a table: concentration, information, surprise, overlap by chance."""

from typing import Any

import numpy as np

from realmodels.model.slot_statistics import (
    concentration,
    context_information,
    effective_labels,
    entropy,
    information,
    profile,
    rank_chance,
    rank_correlation,
)
from realmodels.model.slots import Reads, overlap, partners

SHUFFLES = 99  # of a correlation: one in a hundred is as large by chance


def concentration_of(reads: Reads, tokens: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """How unevenly slots are read: by weight, by count, and by count if all were equally likely.

    reads [B, L, R], tokens [B, L].
    """
    even = rng.multinomial(reads.slots.size, np.full(reads.table, 1 / reads.table)).astype(float)
    weighed, counted, null = (concentration(of) for of in (reads.shares, reads.counts, even))
    return {
        "slots": reads.table,
        "reads": int(reads.slots.size),
        "shares": np.sort(reads.shares)[::-1].tolist(),
        **{name: getattr(weighed, name) for name in ("top", "effective", "never", "gini")},
        **{f"counted_{name}": getattr(counted, name) for name in ("top", "effective", "gini")},
        **{f"even_{name}": getattr(null, name) for name in ("top", "effective", "never", "gini")},
        "hub_tokens": effective_labels(reads.flat, tokens.ravel()),
        "text_tokens": 2 ** entropy(np.bincount(tokens.ravel()).astype(float)),
    }


def information_of(
    reads: Reads, before: np.ndarray, own: np.ndarray, after: np.ndarray, place: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """What a read tells of its token and of the tokens around it: reads [N, R], all else [N], whole numbers."""
    whole, context = context_information(reads)
    found = {
        "token": information(reads, own, rng),
        "before": information(reads, before, rng, own),
        "after": information(reads, after, rng, own),
        "next": information(reads, after, rng),
        "position": information(reads, place, rng),
    }
    return {
        "slot_bits": whole,
        "context_bits": context,
        **{f"{name}_bits": bits.corrected for name, bits in found.items()},
        **{f"{name}_bits_counted": bits.counted for name, bits in found.items()},
    }


def surprise_of(
    reads: Reads, earlier: Reads, surprise: np.ndarray, own: np.ndarray, bits: np.ndarray, rng: np.random.Generator
) -> dict[str, Any]:
    """How the rarity of the slots that a token reads goes with the surprise at the token and at the next.

    reads [B (L - 2), R]: of the tokens `own` that have neighbours. earlier: reads of training text, by which a slot is rare.
    surprise [B, L - 1]: bits for each token of the windows but the first. bits [V]: -log2 of each token's frequency.
    """
    weight = earlier.shares * earlier.weights.sum() + 0.5
    rarity = reads.mean(-np.log2(weight / weight.sum()))
    coming = surprise[:, 1:].ravel()
    return {
        "rarity": float(rarity.mean()),
        "rho_frequency": rank_correlation(bits[own], rarity),
        "rho_token": rank_correlation(surprise[:, :-1].ravel(), rarity),
        "rho_token_within": rank_correlation(surprise[:, :-1].ravel(), rarity, own),
        "rho_next": rank_correlation(coming, rarity),
        "rho_next_within": rank_correlation(coming, rarity, own),
        "chance_next": rank_chance(coming, rarity, SHUFFLES, rng),
        "chance_next_within": rank_chance(coming, rarity, SHUFFLES, rng, own),
        "rarity_profile": profile(coming, rarity).tolist(),
        "rarity_profile_within": profile(coming, rarity, own).tolist(),
    }


def overlap_of(reads: Reads, tokens: np.ndarray, rng: np.random.Generator, pairs: int = 4096) -> dict[str, float]:
    """Overlap of the reads [N, R] of two tokens [N] of running text: any two, and two that are the same token."""
    drawn, alike = rng.integers(0, len(tokens), (2, pairs)), partners(tokens, 1, rng)
    left, right = alike[rng.permutation(len(alike))[:pairs]].T
    return {
        "overlap_any": float(overlap(reads[drawn[0]], reads[drawn[1]]).mean()),
        "overlap_alike": float(overlap(reads[left], reads[right]).mean()),
    }
