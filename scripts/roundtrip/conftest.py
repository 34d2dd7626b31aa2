"""Model folders with random weights, and texts that are not kind to tokenizers."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaModel, PreTrainedModel, Qwen3Config, Qwen3Model

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("HIVES_BIN", ROOT / "bin"))
SEED = 20
MAX_LENGTH = 48
END = "<|endoftext|>"
END_ID = 8187
PROMPT = "Instruct: Name the value\nQuery:"

SIZES = dict(
    vocab_size=8192, hidden_size=96, intermediate_size=160, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=32, max_position_embeddings=128, initializer_range=0.15, rope_theta=10000.0,
    tie_word_embeddings=True,
)  # fmt: skip


def hives(*arguments: str | Path) -> None:
    program = BIN / "hives"
    if not program.exists():
        pytest.fail(f"{program} is missing: run make test-python, or make build")
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def draw(family: str) -> PreTrainedModel:
    """A model whose norms have gains unlike one, so that a forgotten or misnamed tensor shows."""
    torch.manual_seed(SEED)
    model = Qwen3Model(Qwen3Config(**SIZES)) if family == "qwen3" else LlamaModel(LlamaConfig(**SIZES))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.copy_(1 + 0.3 * torch.randn_like(weight))
    return model.eval()


@pytest.fixture(scope="session", params=["qwen3", "llama"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session", params=["last", "mean"])
def pooling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def model(family: str, pooling: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of this project: the weights as transformers saves them, the demo's tokenizer, hives.json."""
    folder = tmp_path_factory.mktemp(f"{family}-{pooling}")
    draw(family).save_pretrained(folder)
    shutil.copyfile(ROOT / "demo" / "model" / "tokenizer.json", folder / "tokenizer.json")
    info = dict(format=1, max_length=MAX_LENGTH, pooling=pooling, normalise=True, end_token=END, prompts={"query": PROMPT})
    (folder / "hives.json").write_text(json.dumps(info))
    return folder


HOSTILE = [
    " ", "\n", "  leading and trailing  ", END, f"a{END}b", f"{END}{END}", "<|im_start|>user<|im_end|>", "<think></think>",
    "word " * 400, "x" * 3000, "é" * 200, "e\u0301 is not \u00e9 before NFC", "ﬁ ligature, ½, ①", "\u200b\u200d\ufeff",
    "\u202eright to left\u202c", "مرحبا بالعالم", "价值观" * 40, "👩‍👩‍👧‍👦 🇦🇽 👍🏽", "\x00\x01\x7f", "a\r\nb\tc\u2028d", "1234567890.0e-7",
    "don't DON'T I'LL 're", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff", "ſtraße İıI", "\u0344\u0f73\u0958", "a" * 47, "|<|>|<|endoftext|", "?!" * 90,
]  # fmt: skip


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """200 texts: the hostile ones, and others drawn from the demo's real ones."""
    folder = ROOT / "demo" / "data"
    with (folder / "social_chem" / "social_chem.tsv").open() as f:
        real = [row["action"] for row in csv.DictReader(f, delimiter="\t") if row["action"]]
    with (folder / "valueeval" / "arguments-training.tsv").open() as f:
        real += [row["Premise"] for row in csv.DictReader(f, delimiter="\t")]
    chosen = np.random.default_rng(SEED).choice(sorted(set(real)), 200 - len(HOSTILE), replace=False)
    return HOSTILE + [str(text) for text in chosen]
