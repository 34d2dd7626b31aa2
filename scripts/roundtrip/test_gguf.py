"""What hives export --format gguf writes, read by llama.cpp's own Python package."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from conftest import END_ID, SIZES, draw, hives
from transformers import AutoTokenizer


@pytest.fixture(scope="session")
def file(model: Path) -> Path:
    out = model.with_suffix(".gguf")
    hives("export", "--model", model, "--format", "gguf", "--out", out)
    return out


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """The order that llama.cpp's converter gives rows of q and k: of a head's two halves, row after row."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def test_tensors(file: Path, family: str) -> None:
    stored = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(file).tensors}
    arch = gguf.MODEL_ARCH.QWEN3 if family == "qwen3" else gguf.MODEL_ARCH.LLAMA
    names = gguf.get_tensor_name_map(arch, SIZES["num_hidden_layers"])
    ours = dict(draw(family).named_parameters())
    for name, weight in ours.items():
        want = weight.detach().numpy()
        if family == "llama" and "q_proj" in name:
            want = interleaved(want, SIZES["num_attention_heads"])
        if family == "llama" and "k_proj" in name:
            want = interleaved(want, SIZES["num_key_value_heads"])
        theirs = names.get_name("model." + name, try_suffixes=(".weight",))
        assert theirs is not None, name
        np.testing.assert_array_equal(stored.pop(theirs), want, err_msg=name)
    assert not stored, f"tensors that nobody asked for: {list(stored)}"


def test_keys(file: Path, model: Path, family: str, pooling: str) -> None:
    fields = gguf.GGUFReader(file).fields
    value = {name: field.contents() for name, field in fields.items()}
    assert value["general.architecture"] == family
    assert value[f"{family}.attention.head_count_kv"] == SIZES["num_key_value_heads"]
    assert value[f"{family}.pooling_type"] == {"mean": gguf.PoolingType.MEAN, "last": gguf.PoolingType.LAST}[pooling]
    assert value["tokenizer.ggml.eos_token_id"] == END_ID and value["tokenizer.ggml.add_eos_token"] is True
    tokenizer = AutoTokenizer.from_pretrained(model)
    assert value["tokenizer.ggml.tokens"] == tokenizer.convert_ids_to_tokens(range(SIZES["vocab_size"]))


def embed(model: Path, texts: list[str], tmp_path: Path) -> np.ndarray:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    hives("embed", "--model", model, "--in", tmp_path / "in.jsonl", "--out", tmp_path / "out.npy")
    return np.load(tmp_path / "out.npy")


def test_same_vectors(file: Path, model: Path, texts: list[str], tmp_path: Path) -> None:
    """The file cannot say the longest text, so only short ones are compared; they are packed into other shapes."""
    short = [text for text in texts if len(text) < 40]
    assert len(short) > 20
    np.testing.assert_allclose(embed(file, short, tmp_path), embed(model, short, tmp_path), rtol=0, atol=5e-6)
