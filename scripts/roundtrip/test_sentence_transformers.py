"""What hives export writes, loaded by sentence-transformers, gives the vectors that hives embed gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import END_ID, MAX_LENGTH, PROMPT, hives
from sentence_transformers import SentenceTransformer

LEAST = 0.99999  # cosine in f32


@pytest.fixture(scope="session")
def exported(model: Path) -> Path:
    out = model.with_name(model.name + "-st")
    hives("export", "--model", model, "--out", out)
    return out


@pytest.fixture(scope="session")
def peer(exported: Path) -> SentenceTransformer:
    return SentenceTransformer(str(exported), device="cpu")


def embed(model: Path, lines: list[dict[str, object]], tmp_path: Path, prompt: str = "") -> np.ndarray:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    hives("embed", "--model", model, "--in", tmp_path / "in.jsonl", "--out", tmp_path / "out.npy", "--prompt", prompt)
    return np.load(tmp_path / "out.npy")


@pytest.mark.parametrize("prompt", [None, "query"])
@pytest.mark.parametrize("folder", ["model", "exported"])
def test_same_vectors(
    folder: str, prompt: str | None, peer: SentenceTransformer, texts: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From the folder that was exported, and from the export, which is a model folder too."""
    lines: list[dict[str, object]] = [{"text": text} for text in texts]
    if prompt is None:  # a text of nothing is refused by name; its ids are the end token alone
        lines, texts = [*lines, {"ids": [END_ID]}], [*texts, ""]
    ours = embed(request.getfixturevalue(folder), lines, tmp_path, PROMPT if prompt else "")
    theirs = peer.encode(texts, prompt_name=prompt, batch_size=32)
    assert ours.shape == theirs.shape and theirs.dtype == np.float32
    cosine = np.sum(ours.astype(np.float64) * theirs, axis=1)
    print(f"{folder} {prompt}: {len(texts)} texts, least cosine {cosine.min():.9f}, worst difference {np.abs(ours - theirs).max():.2e}")
    assert cosine.min() >= LEAST, f"text {int(cosine.argmin())}"
    # Unlike texts are farther apart, with the prompt and without, so the comparison sees something.
    assert np.sum(ours * np.roll(theirs, 1, axis=0), axis=1).max() < 1 - 1e-3


def test_framing(peer: SentenceTransformer, texts: list[str]) -> None:
    ids = peer.tokenizer(["", *texts], truncation=True)["input_ids"]
    assert ids[0] == [END_ID]
    assert max(len(row) for row in ids) == MAX_LENGTH == peer.max_seq_length
    assert all(row[-1] == END_ID for row in ids)
    assert peer.tokenizer.padding_side == "left"


def test_settings(peer: SentenceTransformer, exported: Path, pooling: str) -> None:
    assert peer.prompts["query"] == PROMPT and peer.prompts["document"] == ""
    assert peer.default_prompt_name is None and str(peer.similarity_fn_name) == "cosine"
    assert peer[1].pooling_mode == {"last": "lasttoken", "mean": "mean"}[pooling]
    assert (exported / "README.md").read_text().startswith("---\nlibrary_name: sentence-transformers\n")


def test_saved_by_them_is_read_here(peer: SentenceTransformer, texts: list[str], tmp_path: Path) -> None:
    """A folder without hives.json, in the layout of the installed version of sentence-transformers."""
    peer.save(str(tmp_path / "theirs"))
    assert not (tmp_path / "theirs" / "hives.json").exists()
    ours = embed(tmp_path / "theirs", [{"text": text} for text in texts], tmp_path)
    cosine = np.sum(ours.astype(np.float64) * peer.encode(texts), axis=1)
    assert cosine.min() >= LEAST, f"text {int(cosine.argmin())}"
