"""The same shape in PyTorch (sdpa, bf16), and what the machine can do at most: products of matrices and copies.

    python3 bench/gpu/pytorch.py CONFIG DEVICE [--small]

Random weights; only PyTorch is needed. One JSON object on stdout."""

import json
import sys
import time

import torch
import torch.nn.functional as F

ROUNDS = 20


class Layer(torch.nn.Module):
    def __init__(self, c: dict) -> None:
        super().__init__()
        h, d, q, k = c["hidden_size"], c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"]
        self.heads, self.keys, self.dim = q, k, d
        self.q, self.k, self.v = (torch.nn.Linear(h, n * d, bias=False) for n in (q, k, k))
        self.o = torch.nn.Linear(q * d, h, bias=False)
        self.gate, self.up = (torch.nn.Linear(h, c["intermediate_size"], bias=False) for _ in range(2))
        self.down = torch.nn.Linear(c["intermediate_size"], h, bias=False)
        self.norms = torch.nn.ModuleList(torch.nn.RMSNorm(n, eps=c["rms_norm_eps"]) for n in (h, h, d, d))

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        b, s, _ = x.shape
        y = self.norms[0](x)
        q = self.norms[2](self.q(y).view(b, s, self.heads, self.dim)).transpose(1, 2)
        k = self.norms[3](self.k(y).view(b, s, self.keys, self.dim)).transpose(1, 2)
        v = self.v(y).view(b, s, self.keys, self.dim).transpose(1, 2)
        q, k = turn(q, cos, sin), turn(k, cos, sin)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.o(mixed.transpose(1, 2).reshape(b, s, -1))
        y = self.norms[1](x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def turn(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Encoder(torch.nn.Module):
    def __init__(self, c: dict) -> None:
        super().__init__()
        self.config = c
        self.table = torch.nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = torch.nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = torch.nn.RMSNorm(c["hidden_size"], eps=c["rms_norm_eps"])
        d = c["head_dim"]
        self.register_buffer("turns", c["rope_theta"] ** (-torch.arange(0, d, 2) / d))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        angles = torch.arange(ids.shape[1], device=ids.device)[:, None] * self.turns.float()
        angles = torch.cat((angles, angles), -1)
        x = self.table(ids)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)[:, -1]


def timed(device: str, rounds: int, do) -> dict[str, float]:
    def once() -> float:
        began = time.perf_counter()
        do()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    first, took = once(), sorted(once() for _ in range(rounds))
    return {"first_seconds": first, "best_seconds": took[0], "median_seconds": took[len(took) // 2]}


def limits(device: str, small: bool) -> dict[str, float]:
    """FLOP/s of one large product, and bytes a second read and written by one large copy."""
    n, out = 512 if small else 8192, {}
    for name, dtype in (("bf16", torch.bfloat16), ("f32", torch.float32)):
        a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
        out[f"product_{name}_flops"] = 2 * n**3 / timed(device, 5, lambda a=a, b=b: a @ b)["best_seconds"]
    source = torch.empty((1 << 20) if small else (1 << 30), dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    out["copy_bytes"] = 2 * source.nbytes / timed(device, 5, lambda: target.copy_(source))["best_seconds"]
    return out


def embed(config: dict, device: str, small: bool) -> list[dict]:
    model, out = Encoder(config).to(device, torch.bfloat16).eval(), []
    for rows, length in ((2, 16), (4, 32)) if small else ((16, 64), (64, 256)):
        ids = torch.randint(0, 5000, (rows, length), device=device)
        with torch.inference_mode():
            t = timed(device, ROUNDS, lambda ids=ids: model(ids).float().cpu())
        out.append({"work": f"{rows} × {length}", "tokens_per_second": rows * length / t["best_seconds"], **t})
    return out


def train(config: dict, device: str, small: bool) -> list[dict]:
    """f32 weights and moments, bf16 products, rows padded to 256 as the authors pad; a contrast over 64 rows."""
    rows, length = (8, 32) if small else (64, 256)
    model = Encoder(config).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=device == "cuda")
    ids, same = torch.randint(0, 5000, (rows, length), device=device), torch.arange(rows, device=device) % 4
    self_ = torch.eye(rows, dtype=torch.bool, device=device)
    positive = (same[:, None] == same) & ~self_

    def step() -> None:
        with torch.autocast(device, torch.bfloat16):
            z = F.normalize(model(ids).float(), dim=1)
        logp = torch.log_softmax((z @ z.T / 0.1).masked_fill(self_, -1e9), 1)
        loss = -(logp * positive).sum(1).div(positive.sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return [{"form": "padded", "shape": f"{rows} × {length}", **timed(device, ROUNDS // 4, step)}]


def main() -> None:
    config, device, small = json.load(open(sys.argv[1])), sys.argv[2], "--small" in sys.argv
    torch.manual_seed(1)
    out = {"torch": torch.__version__, "limits": limits(device, small), "embed": embed(config, device, small)}
    for name, peak in (("embed_peak_bytes", True), ("train_peak_bytes", False)):
        if not peak:
            out["train"] = train(config, device, small)
        if device == "cuda":
            out[name] = torch.cuda.max_memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.empty_cache()
    print(json.dumps(out))


if __name__ == "__main__":
    main()
