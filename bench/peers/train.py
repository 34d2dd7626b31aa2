"""Stage 1 steps by PyTorch and transformers, texts padded to the longest of a batch: FOLDER PRECISION BATCHES.
bench/train.go writes the batches. Weights and moments are f32; "mixed" multiplies in bf16."""

import contextlib
import os
import sys

import torch
import transformers
from common import lines, serve

TAU = 0.1


def hierarchical(z, theory, levels, direction):
    """Supervised contrast at each level, means over anchors that have a positive and levels that have one."""
    e = torch.nn.functional.normalize(z, dim=1)
    self_ = torch.eye(len(e), dtype=torch.bool)
    log_p = torch.log_softmax((e @ e.T / TAU).masked_fill(self_, -1e9), dim=1)
    same = (theory[:, None] == theory) & (direction[:, None] == direction) & ~self_
    losses = []
    for v in range(levels.shape[1]):
        present = levels[:, v] >= 0
        same = same & (levels[:, v][:, None] == levels[:, v]) & present[:, None] & present
        count = same.sum(1)
        if (count > 0).any():
            mean = -(log_p * same).sum(1) / count.clamp(min=1)
            losses.append(mean[count > 0].mean())
    return torch.stack(losses).mean() if losses else z.sum() * 0


def padded(texts):
    longest = max(map(len, texts))
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, longest - len(text) :] = torch.tensor(text)
        mask[row, longest - len(text) :] = 1
    return ids, mask


def main(folder, precision, batches):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0)
    ready = []
    for b in lines(batches):
        ids, mask = padded(b["ids"])
        labels = [torch.tensor(b[k]) for k in ("theory", "levels", "direction")]
        ready.append((ids, None if mask.all() else mask, labels))
    cast = torch.autocast("cpu", torch.bfloat16) if precision == "mixed" else contextlib.nullcontext()

    def turn(_):
        out = []
        for ids, mask, labels in ready:
            with cast:
                z = model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, -1]
            loss = hierarchical(z.float(), *labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            out.append(loss.item())
        return out

    serve(f"PyTorch {torch.__version__}, transformers {transformers.__version__}", turn)


main(*sys.argv[1:])
