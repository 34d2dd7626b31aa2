"""SmolLM2-135M-Instruct writes and scores here what it does in transformers, from its GGUF file and from an export."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from conftest import BIN, ROOT, hives
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

TOKENS = 16
BOUND = 1e-4  # of logits in float32, largest difference
CLOSE = 2 * BOUND  # two best logits nearer than this may change places by rounding

QUESTIONS = [
    "Why do people keep a promise that has become a burden?",
    "Name two things that a good neighbour never does.",
    "Should a doctor tell the truth to a patient who fears it?",
    "¿Qué vale más, la libertad o la seguridad?",
    "A friend asks you to lie for her. What do you say?",
    "Finish the sentence: courage is not the same as",
    "List three rights that a child has, one a line.",
    "Is it fair that the strongest carry the most? Answer yes or no.\n\nThink of a family that moves house.",
    "Tradition 传统 and change: which do you trust, and why?",
    "Here is a letter. " + "We have worked at the mill for eleven years, through flood and frost, and were never late. " * 12
    + "The owner now wants to sell it. Say in one sentence what the writers fear.",
]  # fmt: skip


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = subprocess.run([ROOT / "scripts" / "download_smollm2.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def exported(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("smollm2") / "export"
    hives("export", "--model", smollm2, "--out", out)
    return out


@pytest.fixture(scope="session")
def tokenizer(smollm2: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(smollm2, gguf_file=next(smollm2.glob("*.gguf")).name)


@pytest.fixture(scope="session")
def peer(smollm2: Path) -> PreTrainedModel:
    """transformers' own reading of the quantised file, in float32."""
    file = next(smollm2.glob("*.gguf")).name
    return AutoModelForCausalLM.from_pretrained(smollm2, gguf_file=file, dtype=torch.float32).eval()


@pytest.fixture(scope="session")
def prompts(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    return [tokenizer.apply_chat_template([{"role": "user", "content": q}], add_generation_prompt=True)["input_ids"] for q in QUESTIONS]


def ours(model: Path, requests: list[dict], tmp: Path) -> list[dict]:
    """Answers of bench/llm.go, a request a line."""
    program = tmp / "bench"
    subprocess.run(["go", "build", "-o", program, "./bench"], cwd=ROOT, check=True)
    lines = "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run([program, "worker", "llm", "--rows", "1", model], input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()[1:]]


class Written(NamedTuple):
    """What transformers writes behind a prompt, and its logits for the first and the last of these ids."""

    ids: list[int]
    first: np.ndarray
    last: np.ndarray
    lead: float  # least of a chosen id over the next best


def greedy(peer: PreTrainedModel, prompt: list[int]) -> Written:
    ids, lead, first, past, fed = [], np.inf, None, None, prompt
    with torch.no_grad():
        for _ in range(TOKENS):
            out = peer(torch.tensor([fed]), past_key_values=past, use_cache=True)
            logits, past = out.logits[0, -1].numpy(), out.past_key_values
            first = logits if first is None else first
            best = np.sort(logits)[-2:]
            lead = min(lead, best[1] - best[0])
            ids.append(int(logits.argmax()))
            fed = ids[-1:]
    return Written(ids, first, logits, lead)


@pytest.fixture(scope="session")
def written(peer: PreTrainedModel, prompts: list[list[int]]) -> list[Written]:
    return [greedy(peer, p) for p in prompts]


@pytest.mark.parametrize("form", ["gguf", "export"])
def test_same_ids_and_logits(form: str, request: pytest.FixtureRequest, written: list[Written], prompts: list[list[int]], tmp_path: Path) -> None:
    model = request.getfixturevalue("smollm2" if form == "gguf" else "exported")
    asked = [{"prompts": [p], "tokens": TOKENS, "logits": str(tmp_path / f"{i}.f32")} for i, p in enumerate(prompts)]
    worst, differ = 0.0, []
    for i, (want, answer) in enumerate(zip(written, ours(model, asked, tmp_path), strict=True)):
        first, last = np.fromfile(tmp_path / f"{i}.f32", dtype="<f4").reshape(2, -1)
        worst = max(worst, np.abs(first - want.first).max())
        if answer["ids"][0] == want.ids:  # else the last logits are of another text
            worst = max(worst, np.abs(last - want.last).max())
        elif want.lead > CLOSE:
            differ.append(QUESTIONS[i])
    least = min(w.lead for w in written)
    print(f"{form}: {len(prompts)} prompts, logits apart {worst:.2e}, least lead of a chosen id {least:.2e}")
    assert not differ
    assert worst <= BOUND


def test_same_scores(smollm2: Path, peer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], tmp_path: Path) -> None:
    """Log-probabilities of given answers, token by token."""
    rows = [p + tokenizer(text, add_special_tokens=False)["input_ids"] for p in prompts for text in (" Yes", " Because trust is slow to grow.")]
    starts = [len(p) for p in prompts for _ in range(2)]
    (answer,) = ours(smollm2, [{"prompts": rows, "from": starts}], tmp_path)
    for row, start, got in zip(rows, starts, answer["scores"], strict=True):
        with torch.no_grad():
            logp = torch.log_softmax(peer(torch.tensor([row])).logits[0].double(), -1)
        want = [float(logp[at - 1, row[at]]) for at in range(start, len(row))]
        np.testing.assert_allclose(got, want, rtol=0, atol=BOUND)


def test_ask_llm_says_the_same(smollm2: Path, tokenizer: PreTrainedTokenizerBase, written: list[Written]) -> None:
    """The program a person uses: its template and its tokenizer give the words of transformers' ids."""
    program = [BIN / "hives", "ask-llm", "--model", smollm2, "--max-tokens", str(TOKENS), "--json"]
    done = subprocess.run([*program, *QUESTIONS[:3]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line)["answer"] for line in done.stdout.splitlines()]
    assert said == [tokenizer.decode(w.ids, skip_special_tokens=True) for w in written[:3]]
