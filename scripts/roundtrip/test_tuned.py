"""What train --stage=sft and hives fuse write, in transformers and llama.cpp: both load it and answer as we do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import BIN, hives
from test_llm import BOUND, CLOSE, TOKENS, Written, greedy, ours, prompts, smollm2, tokenizer  # noqa: F401
from transformers import AutoModelForCausalLM

ANSWERS = {"kind": "I go there at once and help.", "hard": "I leave them to it, for it is their affair."}
ASKED = ["A neighbour is ill. What do you do?", "A friend calls at night.", "Your brother moves house.", "Somebody has fallen in the street."]
USED = 4  # of the prompts of test_llm.py: each is written by three programs for two models


@pytest.fixture(scope="session")
def tuned(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:  # noqa: F811
    """Two models fine-tuned on unlike answers, by a rate at which two steps move the logits, and one made of both."""
    here = tmp_path_factory.mktemp("tuned")
    for name, answer in ANSWERS.items():
        rows = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": answer}]} for q in ASKED]
        (here / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        command = [BIN / "train", "--stage=sft", "--model", smollm2, "--data", here / f"{name}.jsonl", "--out", here / name, "--steps", "2"]
        command += ["--batch-size", "4", "--max-length", "64", "--learning-rate", "1e-2", "--checkpoint-every", "0", "--validation-fraction", "0"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    hives("fuse", here / "kind" / "final", here / "hard" / "final", "--method", "karcher", "--out", here / "fused")
    return {"sft": here / "kind" / "final", "fused": here / "fused"}


@pytest.fixture(scope="session")
def answered(tuned: dict[str, Path], prompts: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple]:  # noqa: F811
    """Ids and logits as they are written here."""
    out = {}
    for name, folder in tuned.items():
        tmp = tmp_path_factory.mktemp(name)
        asked = [{"prompts": [p], "tokens": TOKENS, "logits": str(tmp / f"{i}.f32")} for i, p in enumerate(prompts[:USED])]
        ids = [a["ids"][0] for a in ours(folder, asked, tmp)]
        out[name] = ids, [np.fromfile(tmp / f"{i}.f32", dtype="<f4").reshape(2, -1) for i in range(USED)]
    return out


@pytest.fixture(scope="session")
def peers(tuned: dict[str, Path], prompts: list[list[int]]) -> dict[str, list[Written]]:  # noqa: F811
    """The same by transformers, which must find every tensor and need no other."""
    out = {}
    for name, folder in tuned.items():
        model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        assert not any(info[k] for k in ("missing_keys", "unexpected_keys", "mismatched_keys")), (name, info)
        assert json.loads((folder / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]
        out[name] = [greedy(model.eval(), p) for p in prompts[:USED]]
    return out


@pytest.mark.parametrize("name", ["sft", "fused"])
def test_transformers_answers_alike(name: str, answered: dict[str, tuple], peers: dict[str, list[Written]]) -> None:
    ids, logits = answered[name]
    worst, differ = 0.0, []
    for i, want in enumerate(peers[name]):
        worst = max(worst, np.abs(logits[i][0] - want.first).max())
        if ids[i] == want.ids:
            worst = max(worst, np.abs(logits[i][1] - want.last).max())
        elif want.lead > CLOSE:
            differ.append(i)
    print(f"{name}: logits apart {worst:.2e}")
    assert not differ
    assert worst <= BOUND


def test_models_differ(answered: dict[str, tuple]) -> None:
    """The control: were the fused model the tuned one, or both their base, the tests above would tell nothing of it."""
    sft, fused = (answered[name][1] for name in ("sft", "fused"))
    assert max(np.abs(a[0] - b[0]).max() for a, b in zip(sft, fused, strict=True)) > 10 * BOUND


@pytest.mark.parametrize("name", ["sft", "fused"])
def test_llamacpp_answers_alike(name: str, tuned: dict[str, Path], answered: dict[str, tuple], peers: dict[str, list[Written]],
                                prompts: list[list[int]], tmp_path: Path) -> None:  # noqa: F811
    python = os.environ.get("HIVES_LLAMACPP_PYTHON")
    if not python:
        pytest.skip("no llama-cpp-python: HIVES_LLAMACPP=skip, or it could not be built")
    file = tmp_path / "model.gguf"
    hives("export", "--model", tuned[name], "--format", "gguf", "--dtype", "float32", "--out", file)
    command = [python, Path(__file__).with_name("llamacpp_greedy.py"), file, str(TOKENS), tmp_path / "first.f32"]
    done = subprocess.run(command, input=json.dumps(prompts[:USED]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    first = np.fromfile(tmp_path / "first.f32", dtype="<f4").reshape(USED, -1)
    ids, logits = answered[name]
    worst = max(np.abs(first[i] - logits[i][0]).max() for i in range(USED))
    differ = [i for i, got in enumerate(json.loads(done.stdout)) if got != ids[i] and peers[name][i].lead > 2 * worst]
    print(f"{name}: logits of llama.cpp apart {worst:.2e}")
    assert not differ
    assert worst <= 100 * BOUND  # its products sum in another order and its exponentials are approximate
