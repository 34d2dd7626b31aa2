"""all-MiniLM-L6-v2, a real BERT, gives the vectors that sentence-transformers gives."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import HOSTILE, ROOT, SEED, hives
from sentence_transformers import SentenceTransformer

LEAST = 0.999999  # cosine in f32
COUNT = 1000
DRAWN = 250  # random mixtures among them

MORE = [
    "[CLS] a [SEP] b", "[cls]", "[MASK]ing [UNK]", "##ing", "x" * 100, "x" * 101, "\u0301", "\ufffd", "a\u00adb\u200bc",
    "cafe\u0301 Café CAFÉ", "İstanbul ẞ ǅ Σσς", "\u302ea\u302e\u0323", "𝅘𝅥𝅮", "中文かな한글 \U00020000", "!?" * 300, "e" * 5000,
]  # fmt: skip


@pytest.fixture(scope="session")
def minilm() -> Path:
    done = subprocess.run([ROOT / "scripts" / "download_minilm.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def thousand() -> list[str]:
    """Hostile texts, random mixtures of characters of all planes and words, and real texts of the demo."""
    folder = ROOT / "demo" / "data"
    with (folder / "mfrc" / "mfrc.tsv").open() as f:
        real = {row["text"] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if row["text"].strip()}
    with (folder / "valueeval" / "arguments-training.tsv").open() as f:
        real |= {row["Premise"] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}
    rng = random.Random(SEED)
    words = sorted({word for text in real for word in text.split()})
    texts = HOSTILE + MORE
    for _ in range(DRAWN):
        parts = [rng.choice(words) if rng.random() < 0.6 else character(rng) for _ in range(rng.randrange(1, 40))]
        texts.append(rng.choice(["", " "]).join(parts))
    return texts + rng.sample(sorted(real), COUNT - len(texts))


def character(rng: random.Random) -> str:
    code = rng.randrange(rng.choice([0x80, 0x500, 0x3000, 0x10000, 0x110000]))
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


@pytest.mark.parametrize("note", ["with", "without"])
def test_same_vectors_of_minilm(note: str, minilm: Path, thousand: list[str], tmp_path: Path) -> None:
    """From the folder with hives.json, and as sentence-transformers lays it out, without."""
    folder = tmp_path / "folder"
    shutil.copytree(minilm, folder)
    if note == "without":
        (folder / "hives.json").unlink()
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in thousand))
    hives("embed", "--model", folder, "--in", tmp_path / "in.jsonl", "--out", tmp_path / "out.npy")
    ours = np.load(tmp_path / "out.npy")
    peer = SentenceTransformer(str(minilm), device="cpu")
    theirs = peer.encode(thousand, batch_size=32)
    assert ours.shape == theirs.shape == (COUNT, 384) and peer.max_seq_length == 256
    cosine = np.sum(ours.astype(np.float64) * theirs, axis=1)
    print(f"{note} hives.json: {COUNT} texts, least cosine {cosine.min():.9f}, worst difference {np.abs(ours - theirs).max():.2e}")
    assert cosine.min() >= LEAST, f"text {int(cosine.argmin())}"
    # Unlike texts lie far apart, so the comparison sees something.
    assert np.median(np.sum(ours * np.roll(theirs, 1, axis=0), axis=1)) < 0.5
