"""`ranked`: all that the votes on a study say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from realmodels.arena.ranking import by_group
from realmodels.arena.ranking.agreement import agreement
from realmodels.arena.ranking.answer import Ranking
from realmodels.arena.ranking.automatic import followed
from realmodels.arena.ranking.comparisons import Comparisons, checked, compared
from realmodels.arena.ranking.davidson import PRIOR, Fit, fit, terms_of
from realmodels.arena.ranking.intervals import CONFIDENCE, bootstrap, clusters, covariance, interval, quantile
from realmodels.arena.study import Study


def ranked(
    study: Study,
    votes: pd.DataFrame,
    simulated: bool = False,
    *,
    position: bool = True,
    length: bool = True,
    bands: Sequence[int] = by_group.BANDS,
    draws: int = 400,
    seed: int = 0,
) -> Ranking:
    """The ranking of a study's systems by its votes (a table as `Votes.table` gives).

    simulated: True to rank votes that all come from simulated readers; the answer says so. position, length: whether the effects
    of standing on the left and of being longer are estimated; with length, strengths are those of answers equally long. bands:
    first age of each band. draws: of the bootstrap, from `seed`.
    Raises UserError if there are no votes, if simulated votes stand among those of people or `simulated` does not say what they
    are, if a vote is not on this study, or if the systems fall into groups that were never compared.
    """
    checked(study, votes, simulated)
    votes = votes.reset_index(drop=True)
    comparisons = compared(study, votes)
    terms, notes = terms_of(comparisons, position, length)
    estimate = fit(comparisons, terms)
    cluster, by, few = clusters(comparisons.reader)
    spread, reach = covariance(estimate, cluster), quantile(estimate, cluster, by)
    drawn = bootstrap(comparisons, terms, cluster, draws, seed)
    order = np.argsort(-estimate.strengths, kind="stable")
    ends = interval(estimate, spread, reach, estimate.contrast)[order]
    again = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)[:, order]
    titles = {system.id: system.title for system in study.systems}
    names = [comparisons.systems[k] for k in order]
    strengths = dict(zip(names, ends[:, 0].tolist(), strict=True))
    said: Any = votes["choice"].value_counts()
    stands = np.bincount(np.concatenate([comparisons.left, comparisons.right]))[order]
    groups = {
        "by_age": by_group.age_bands(study, votes["item"], bands),
        "by_kind": by_group.kinds(study, votes["item"]),
        "by_reader": by_group.readers(votes),
    }
    return Ranking(
        study=study.name,
        simulated=simulated,
        votes=len(votes),
        readers=len(set(votes["reader"])),
        both_good=int(said.get("both_good", 0)),
        both_bad=int(said.get("both_bad", 0)),
        intervals_by=by,
        ties=estimate.nu,
        position=_effect(estimate, "position", spread, reach),
        length=_effect(estimate, "length", spread, reach),
        system=names,
        title=[titles[name] for name in names],
        strength=ends[:, 0].tolist(),
        low=ends[:, 1].tolist(),
        high=ends[:, 2].tolist(),
        bootstrap_low=again[0].tolist(),
        bootstrap_high=again[1].tolist(),
        stands=stands.tolist(),
        preferences=_preferences(comparisons, estimate, spread, reach, order, drawn),
        **{name: by_group.grouped(comparisons, group, position, length) for name, group in groups.items()},
        reasons=by_group.reasons(votes),
        agreement=agreement(votes, seed=seed),
        automatic=followed(study, votes, strengths),
        notes=[*_simulated(simulated), *few, *notes, *_remarks(study, comparisons, estimate)],
    )


def _effect(estimate: Fit, name: str, spread: np.ndarray, reach: float) -> dict[str, float] | None:
    """{value, low, high} of an effect in log odds; None if it is not estimated."""
    place = estimate.number(name)
    if place is None:
        return None
    contrast = np.eye(len(estimate.parameters))[[place]]
    ends = interval(estimate, spread, reach, contrast)[0].tolist()
    return dict(zip(("value", "low", "high"), ends, strict=True))


def _preferences(
    votes: Comparisons, estimate: Fit, spread: np.ndarray, reach: float, order: np.ndarray, drawn: np.ndarray
) -> pd.DataFrame:
    """Chance that the first of two systems is preferred, ties left out, of every pair; the stronger one stands first."""
    pairs = [(i, j) for place, i in enumerate(order) for j in order[place + 1 :]]
    contrast = np.array([estimate.contrast[i] - estimate.contrast[j] for i, j in pairs])
    ends = expit(interval(estimate, spread, reach, contrast))
    again = expit(
        np.quantile([drawn[:, i] - drawn[:, j] for i, j in pairs], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=1)
    )
    columns = dict(zip(("chance", "low", "high"), ends.T, strict=True))
    who = {"first": [votes.systems[i] for i, _ in pairs], "second": [votes.systems[j] for _, j in pairs]}
    return pd.DataFrame({**who, **columns, "bootstrap_low": again[0], "bootstrap_high": again[1]})


def _simulated(simulated: bool) -> list[str]:
    return ["These votes are simulated: they say nothing of people."] * simulated


def _remarks(study: Study, votes: Comparisons, estimate: Fit) -> list[str]:
    """What else a reader of the ranking has to know."""
    unseen = [system.id for system in study.systems if system.id not in votes.systems]
    prior = (
        f"By the votes alone some strength, or another effect, would be infinite. A normal prior with standard deviation "
        f"{PRIOR:g} holds it, and its interval is the prior's as much as the votes'."
    )
    return [prior] * estimate.infinite + [f"No votes on {', '.join(unseen)}, left out here."] * bool(unseen)
