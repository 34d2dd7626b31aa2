"""Inspect AI's own eval over a running embedd: the scores are those of the client, and what has none counts nowhere."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hives_embed import Client, Response

pytest.importorskip("inspect_ai", reason="inspect-ai needs Python 3.11")
from hives_embed.inspect import value_intensity
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate
from test_intensities import UNREADABLE, VALUE, scoring

__all__ = ["scoring"]  # a fixture

ANSWERS = {"short": "No.", "long": "word " * 300, "unreadable": UNREADABLE, "middle": "I would help her at once."}


def run(target: str, folder: Path, **options: Any) -> EvalLog:
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in ANSWERS.values()]
    for output in outputs:
        output.usage = ModelUsage()  # else Inspect would fetch a tokenizer to count
    made = Task(
        dataset=[Sample(id=name, input=f"Say {name}.") for name in ANSWERS],
        solver=generate(),
        scorer=value_intensity(VALUE, server=target, k=4, **options),
    )
    # One sample at a time: the model's answers come in the order of the samples.
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = eval(made, model=model, log_dir=str(folder), display="none", max_samples=1)
    assert log.status == "success", log.error
    return log


def test_inspect_scores_as_the_client_does(scoring: str, tmp_path: Path) -> None:
    log = run(scoring, tmp_path)
    assert log.samples is not None and log.results is not None
    found = {sample.id: sample.scores["value_intensity"] for sample in log.samples if sample.scores}
    assert set(found) == set(ANSWERS)
    direct = {}
    with Client(scoring) as client:
        for name, text in ANSWERS.items():
            response = Response(f"{name}/1", text, pair=name)
            direct[name] = client.score_responses([response], [VALUE], k=4, scale="one").scores[0].score
    known = {name: score for name, score in direct.items() if score is not None}
    assert set(known) == {"short", "long", "middle"} and known["long"] > known["short"]
    for name, score in known.items():
        assert found[name].value == {VALUE: pytest.approx(score)} and found[name].answer == ANSWERS[name]
        assert f"{VALUE}: longest: " in (found[name].explanation or "")
    unreadable = found["unreadable"]
    assert math.isnan(unreadable.as_float()) and "no score (unranked)" in (unreadable.explanation or "")
    (result,) = log.results.scores
    assert (result.name, result.scored_samples, result.unscored_samples) == (VALUE, 3, 1)
    assert result.metrics["mean"].value == pytest.approx(sum(known.values()) / 3)


def test_no_token_reaches_the_log(scoring: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVES_TEST_TOKEN", "canary-77aa")
    said = run(scoring, tmp_path, token_env="HIVES_TEST_TOKEN").model_dump_json()
    assert "canary-77aa" not in said and "HIVES_TEST_TOKEN" in said


def test_a_scorer_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="ids of values"):
        value_intensity()
