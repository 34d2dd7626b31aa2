"""Scorers for Inspect AI: how strongly a completion supports human values.

    from hives_embed.inspect import value_intensity

    @task
    def audit() -> Task:
        return Task(dataset=..., solver=generate(), scorer=value_intensity("mft/care-harm", "svt/conservation/tradition"))

It needs the package inspect-ai and an embedd with --vidb, --judges and --votes.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import anyio.to_thread
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from .client import Client
from .intensities import Intensity, Response


@scorer(metrics={"*": [mean(), stderr()]})
def value_intensity(
    *value_ids: str,
    server: str = "grpc://127.0.0.1:50051",
    token_env: str = "",
    k: int | None = None,
    m: int | None = None,
    panel: str = "bucketed",
    seed: int = 0,
    timeout: float = 600.0,
) -> Scorer:
    """Scores a sample's completion on values, from -10 (opposes most) to 10 (supports most), by where the judges of an
    embedd put it among k - 1 texts of known score, in m windows (6 and 3 if left out).

    A score's value is a number for each value id; metrics are its mean and standard error over samples. What nobody
    could place is not a number and counts in no metric: never 0. One score is known to within three units or so, so
    means over samples carry claims. Two models, or two prompts, that answer samples of one id meet the same texts at
    the same places: their difference holds nothing of that draw.

    token_env names the variable of the environment that holds the server's token: Inspect writes a scorer's arguments
    into its logs.

    A judge's sharpness is taken as that of those who made the database: a score hangs on its own completion alone, not
    on which samples were scored before it.
    """
    if not value_ids:
        raise ValueError("value_intensity takes ids of values, as in value_intensity('mft/care-harm')")

    @functools.lru_cache(maxsize=1)
    def client() -> Client:
        return Client(server, token=os.environ[token_env] if token_env else None, timeout=timeout)

    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        response = Response(
            id=f"{state.sample_id}/{state.epoch}",
            text=text,
            pair=str(state.sample_id),
            refused=state.output.stop_reason == "content_filter",
        )
        ask = functools.partial(
            client().score_responses,
            [response],
            value_ids,
            k=k,
            m=m,
            panel=panel,
            scale="one",
            seed=seed,
            timeout=timeout,
        )
        found = await anyio.to_thread.run_sync(ask)
        return _score(text, value_ids, found.scores)

    return score


def _score(text: str, value_ids: Sequence[str], found: Sequence[Intensity]) -> Score:
    """One number a value: the mean over judges, none if one of them has none."""
    by: dict[str, list[Intensity]] = {id: [] for id in value_ids}
    for one in found:
        by[one.value_id].append(one)
    value: dict[str, float] = {}
    said: list[str] = []
    details: dict[str, Any] = {}
    for id, scores in by.items():
        known = [one.score for one in scores if one.score is not None]
        value[id] = fmean(known) if known and len(known) == len(scores) else math.nan
        said.append(f"{id}: " + ", ".join(_words(one) for one in scores))
        details[id] = [
            {
                "judge": one.judge,
                "score": one.score,
                "low": one.low,
                "high": one.high,
                "status": one.status,
                "ranks": [window.rank for window in one.windows],
                "anchors": [list(window.anchors) for window in one.windows],
                "database": one.database,
            }
            for one in scores
        ]
    explanation = "\n".join(said)
    if all(math.isnan(number) for number in value.values()):
        return Score.unscored(reason="unranked", answer=text, explanation=explanation, metadata=details)
    return Score(value=dict(value), answer=text, explanation=explanation, metadata=details)


def _words(one: Intensity) -> str:
    if one.score is None:
        return f"{one.judge}: no score ({one.status})"
    ends = f" [{one.low:+.1f}, {one.high:+.1f}]" if one.low is not None and one.high is not None else ""
    return f"{one.judge}: {one.score:+.1f}{ends}"
