"""h_vcai/c_model/*/sft.json: the loss of answers, its gradients by adapters, and three steps of AdamW, in float64.

It stands on the weights that decoder.py has written, and on torch's autograd over the formulas of qwen3.py.
"""

import torch
from safetensors.torch import load_file

import qwen3
from common import rng_of, write_json
from decoder import FAMILIES, FIRST

RANK, ALPHA, STEPS, RATE = 2, 4.0, 3, 1e-2
MODULES = ("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj")


def draw_rows(rng, vocabulary):
    """Rows of ids and the place where the answer begins; the last has no answer and is to be refused."""
    rows = []
    for length, begins in ((11, 6), (12, 3), (9, 8), (8, 4), (8, 8)):
        rows.append({"ids": rng.integers(FIRST, vocabulary, size=length).tolist(), "answer_from": begins})
    return rows


class Tuned:
    """A decoder with low-rank adapters beside some of its matrices."""

    def __init__(self, folder, family, rng):
        _, _, self.sizes, self.theta = FAMILIES[family]
        self.w = {name.removeprefix("model."): x.double() for name, x in load_file(folder / "model.safetensors").items()}
        self.head = self.w.get("lm_head.weight", self.w["embed_tokens.weight"])
        self.adapters = {}
        for layer in range(self.sizes["num_hidden_layers"]):
            for module in MODULES:
                name = f"layers.{layer}.{module}"
                out, inner = self.w[name + ".weight"].shape
                # As float32, which the files of adapters are.
                pair = [torch.from_numpy(rng.uniform(-.2, .2, size=s).astype("float32")).double() for s in ((RANK, inner), (out, RANK))]
                self.adapters[name] = [p.requires_grad_() for p in pair]

    def unlikely(self, row):
        """-log p of the answer's tokens, [labels]."""
        w = dict(self.w)
        for name, (a, b) in self.adapters.items():
            w[name + ".weight"] = w[name + ".weight"] + ALPHA / RANK * b @ a
        ids, begins = row["ids"], row["answer_from"]
        x = w["embed_tokens.weight"][torch.tensor(ids)]
        for at in range(self.sizes["num_hidden_layers"]):
            x = qwen3.layer(w, at, x, self.sizes, self.theta)
        logp = (qwen3.rms_norm(x, w["norm.weight"], self.sizes["rms_norm_eps"]) @ self.head.T).log_softmax(-1)
        return -torch.stack([logp[at - 1, ids[at]] for at in range(begins, len(ids))])

    def parameters(self):
        return [p for pair in self.adapters.values() for p in pair]

    def losses(self, rows):
        """By token, by row, and the rows' sums."""
        parts = [self.unlikely(row) for row in rows]
        return torch.cat(parts).mean(), torch.stack([p.mean() for p in parts]).mean(), [p.sum() for p in parts]

    def shown(self):
        return {name: [p.detach().clone() for p in pair] for name, pair in self.adapters.items()}


def case(folder, family, rng):
    model = Tuned(folder, family, rng)
    rows = draw_rows(rng, model.sizes["vocab_size"])
    answered = [row for row in rows if row["answer_from"] < len(row["ids"])]
    token, by_row, sums = model.losses(answered)
    gradients = dict(zip(
        [f"{name}.lora_{part}" for name in model.adapters for part in "AB"],
        torch.autograd.grad(token, model.parameters())))  # fmt: skip
    out = {
        "rows": rows, "rank": RANK, "alpha": ALPHA, "scale": ALPHA / RANK, "adapters_start": model.shown(),
        "row_sums": [s.detach() for s in sums], "row_tokens": [len(r["ids"]) - r["answer_from"] for r in answered],
        "loss_token_mean": token.detach(), "loss_row_mean": by_row.detach(), "grad_token_mean": gradients,
    }
    adam = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(.9, .999), eps=1e-8, weight_decay=0)
    trace = []
    for _ in range(STEPS):
        adam.zero_grad()
        loss = model.losses(answered)[0]
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        trace.append({"loss": loss.detach(), "grad_norm": norm})
        adam.step()
    out["adamw"] = {
        "lr": RATE, "betas": [.9, .999], "eps": 1e-8, "weight_decay": 0, "clip": 1.0, "trace": trace,
        "loss_after": model.losses(answered)[0].detach(), "adapters_end": model.shown(),
    }
    return out


def write(out, seed):
    for family in FAMILIES:
        folder = out / "h_vcai" / "c_model" / family
        write_json(folder / "sft.json", case(folder, family, rng_of(seed, "finetune", family)))
