"""Adapters travel between train --lora-rank and Python's PEFT, both ways."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import BIN, END_ID, ROOT, hives
from transformers import AutoModel

peft = pytest.importorskip("peft", reason="peft is not installed: adapters were not held to it")

LEAST = 0.99999  # cosine in f32


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rows") / "rows.parquet"
    hives("import", "mfrc", "--in", ROOT / "demo" / "data" / "mfrc", "--out", out)
    return out


@pytest.fixture(scope="session")
def trained(model: Path, rows: Path) -> Path:
    """The final folder of a few steps with a rate that moves the vectors."""
    out = model.with_name(model.name + "-lora")
    flags = "--steps 4 --lora-rank 3 --lora-targets q_proj,v_proj,down_proj --batch-size 16 --learning-rate 3e-2 --validation-fraction 0 --engine go"
    done = subprocess.run(
        [BIN / "train", "--model", model, "--data", rows, "--out", out, *flags.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out / "final"


@pytest.fixture(scope="session")
def ids() -> list[list[int]]:
    draw = np.random.default_rng(3)
    return [[*draw.integers(0, END_ID, int(n)).tolist(), END_ID] for n in draw.integers(0, 40, 40)]


def embed(model: Path, ids: list[list[int]], tmp_path: Path) -> np.ndarray:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"ids": row}) + "\n" for row in ids))
    hives("embed", "--model", model, "--in", tmp_path / "in.jsonl", "--out", tmp_path / "out.npy")
    return np.load(tmp_path / "out.npy")


def embed_there(model: torch.nn.Module, ids: list[list[int]], pooling: str) -> np.ndarray:
    rows = []
    with torch.no_grad():
        for row in ids:
            states = model(input_ids=torch.tensor([row])).last_hidden_state[0].double()
            rows.append(states[-1] if pooling == "last" else states.mean(0))
    return torch.nn.functional.normalize(torch.stack(rows), dim=1).numpy()


def test_ours_in_peft(model: Path, trained: Path, pooling: str, ids: list[list[int]], tmp_path: Path) -> None:
    """The base with our adapter in PEFT, and the merged folder here. The base alone is the control."""
    ours = embed(trained, ids, tmp_path)
    base = AutoModel.from_pretrained(model).eval()
    without = np.sum(ours * embed_there(base, ids, pooling), axis=1)
    adapted = peft.PeftModel.from_pretrained(base, trained / "adapter").eval()
    cosine = np.sum(ours * embed_there(adapted, ids, pooling), axis=1)
    print(f"{len(ids)} texts, least cosine {cosine.min():.9f}, without the adapter {without.min():.6f}")
    assert cosine.min() >= LEAST
    assert without.min() < 1 - 1e-3


def test_theirs_here(model: Path, pooling: str, ids: list[list[int]], tmp_path: Path) -> None:
    """An adapter that PEFT saved, on all linear layers, merged here and embedded."""
    torch.manual_seed(4)
    settings = peft.LoraConfig(r=5, lora_alpha=7, target_modules="all-linear", use_rslora=True, task_type="FEATURE_EXTRACTION")
    adapted = peft.get_peft_model(AutoModel.from_pretrained(model), settings).eval()
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    adapted.save_pretrained(tmp_path / "adapter")
    hives("merge", "--base", model, "--adapter", tmp_path / "adapter", "--out", tmp_path / "merged")
    ours = embed(tmp_path / "merged", ids, tmp_path)
    cosine = np.sum(ours * embed_there(adapted, ids, pooling), axis=1)
    with adapted.disable_adapter():
        without = np.sum(ours * embed_there(adapted, ids, pooling), axis=1)
    print(f"{len(ids)} texts, least cosine {cosine.min():.9f}, without the adapter {without.min():.6f}")
    assert cosine.min() >= LEAST
    assert without.min() < 1 - 1e-3
