"""The peer of bench/training: the same model, batches, loss and optimiser in PyTorch and transformers.

Batches are padded to their longest text, and, as the authors of HiVES do, to 256 tokens.

    python bench/training/pytorch.py batches.jsonl demo/model/config.json [threads]
"""

import json
import sys
import time

import torch
from transformers import Qwen3Config, Qwen3Model

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


def padded(batch, length):
    longest = length or max(map(len, batch["ids"]))
    ids = torch.zeros(len(batch["ids"]), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(batch["ids"]):
        ids[row, longest - len(text):] = torch.tensor(text)
        mask[row, longest - len(text):] = 1
    return ids, mask


def run(config, batches, length):
    torch.manual_seed(1)
    model = Qwen3Model._from_config(config, attn_implementation="sdpa")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0)
    tokens = sum(len(t) for b in batches for t in b["ids"])
    for timed in (False, True):
        begin = time.perf_counter()
        for b in batches[: None if timed else 3]:
            ids, mask = padded(b, length)
            z = model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, -1]
            loss = hierarchical(z, *(torch.tensor(b[k]) for k in ("theory", "levels", "direction")))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    seconds = time.perf_counter() - begin
    name = f"padded to {length}" if length else "padded to the longest"
    print(f"PyTorch {torch.__version__}, {name}: {tokens / seconds:.0f} useful tokens/s, {1000 * seconds / len(batches):.1f} ms a step")


def main():
    if len(sys.argv) > 3:
        torch.set_num_threads(int(sys.argv[3]))
    batches = [json.loads(line) for line in open(sys.argv[1])]
    config = Qwen3Config(**json.load(open(sys.argv[2])))
    mean = sum(len(t) for b in batches for t in b["ids"]) / sum(len(b["ids"]) for b in batches)
    print(f"{len(batches)} batches, {mean:.1f} tokens a text, 256 / mean = {256 / mean:.1f}")
    run(config, batches, 0)
    run(config, batches[: max(3, len(batches) // 4)], 256)


if __name__ == "__main__":
    main()
