"""a_model: a tiny Qwen3 in transformers, and the same forward pass in float64 from the formulas of model/qwen3embed."""

import json
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3Model

from common import rng_of

SIZES = dict(
    vocab_size=160, hidden_size=40, intermediate_size=72, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    head_dim=16, rms_norm_eps=1e-6, max_position_embeddings=2048, tie_word_embeddings=True, attention_dropout=0.0,
)  # fmt: skip
THETA = 1000000
LENGTHS = [[1], [3], [9], [40], [4, 1, 9, 26], [48, 6, 23, 1, 15]]
KEPT = (8, 24)  # dimensions of the shorter vectors


def config(dtype="float32"):
    return Qwen3Config(**SIZES, rope_parameters={"rope_type": "default", "rope_theta": float(THETA)}, dtype=dtype,
                       bos_token_id=None, eos_token_id=None, attn_implementation="eager")  # fmt: skip


def fill(model, rng):
    """Weights of size 1/sqrt(inputs); gains of norms unlike one, so that a forgotten norm shows."""
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            drawn = torch.tensor(rng.normal(size=tuple(weight.shape)))
            scale = 0.25 if name.endswith("norm.weight") else 1.0 if "embed" in name else weight.shape[-1] ** -0.5
            weight.copy_(drawn * scale + (1 if name.endswith("norm.weight") else 0))
    return model.eval()


def padded(rng, lengths):
    longest = max(lengths)
    ids, mask = torch.zeros(len(lengths), longest, dtype=torch.int32), torch.zeros(len(lengths), longest, dtype=torch.int32)
    for row, n in enumerate(lengths):
        ids[row, longest - n :] = torch.tensor(rng.integers(1, SIZES["vocab_size"], size=n))
        mask[row, longest - n :] = 1
    return ids, mask


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def rms_norm(x, gain, eps=SIZES["rms_norm_eps"]):
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * gain


def rotate(x, theta=THETA):
    """x [S, heads, D] with dimensions (j, j + D/2) turned by position * theta^(-2j/D)."""
    half = x.shape[-1] // 2
    angles = torch.arange(len(x))[:, None] * theta ** (-torch.arange(half, dtype=x.dtype) / half)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def layer(w, at, x, sizes=SIZES, theta=THETA):
    """One block; weights without q_norm and k_norm are Llama's."""

    def own(name):
        return w["layers.%d.%s.weight" % (at, name)]

    def turned(name, heads):
        y = (h @ own("self_attn.%s_proj" % name).T).view(-1, heads, d)
        if "layers.%d.self_attn.%s_norm.weight" % (at, name) in w:
            y = rms_norm(y, own("self_attn.%s_norm" % name), eps)
        return rotate(y, theta)

    heads, groups, d, eps = (sizes[k] for k in ("num_attention_heads", "num_key_value_heads", "head_dim", "rms_norm_eps"))
    h = rms_norm(x, own("input_layernorm"), eps)
    q, k = turned("q", heads), turned("k", groups)
    v = (h @ own("self_attn.v_proj").T).view(-1, groups, d)
    later = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
    mixed = []
    for head in range(heads):
        group = head // (heads // groups)
        scores = (q[:, head] @ k[:, group].T / d**0.5).masked_fill(later, -torch.inf)
        mixed.append(scores.softmax(-1) @ v[:, group])
    x = x + torch.cat(mixed, -1) @ own("self_attn.o_proj").T
    h = rms_norm(x, own("post_attention_layernorm"), eps)
    gate, up = h @ own("mlp.gate_proj").T, h @ own("mlp.up_proj").T
    return x + (gate * gate.sigmoid() * up) @ own("mlp.down_proj").T


def hidden(w, ids):
    """States [S, H] after each layer and after the final norm, of one text without padding."""
    states, x = [], w["embed_tokens.weight"][ids]
    for at in range(SIZES["num_hidden_layers"]):
        x = layer(w, at, x)
        states.append(x)
    return [*states, rms_norm(x, w["norm.weight"])]


def embed(w, ids, mask):
    """Unit vectors [B, H] of the last tokens, text by text."""
    rows = [hidden(w, row[seen.bool()].long())[-1][-1] for row, seen in zip(ids, mask)]
    return unit(torch.stack(rows))


def double(model):
    return {name: weight.detach().double() for name, weight in model.named_parameters()}


def forward(model, rng, native=False):
    tensors, worst, w = {}, 0.0, double(model)
    for at, lengths in enumerate(LENGTHS):
        ids, mask = padded(rng, lengths)
        with torch.no_grad():
            states = model(input_ids=ids.long(), attention_mask=mask.long()).last_hidden_state
            exact = embed(w, ids, mask)
        states = states * mask[..., None].to(states.dtype)
        vectors = unit(states[:, -1].float())
        worst = max(worst, (vectors - exact).abs().max().item())
        own = {"input_ids": ids, "attention_mask": mask, "last_hidden": states.float(), "embedding": vectors, "embedding_f64": exact}
        if not native:
            own |= {"embedding_mrl%d" % d: unit(vectors[:, :d]) for d in KEPT}
        tensors |= {"b%d.%s" % (at, name): x.contiguous() for name, x in own.items()}
    return tensors, worst


def taps(model):
    """Names and modules whose outputs are recorded: all of layer 0, then each layer."""
    for name, module in model.named_modules():
        if name in ("embed_tokens", "norm") or name.startswith("layers.0.") or name.removeprefix("layers.").isdigit():
            if not name.endswith("act_fn"):
                yield name, module


def layers(model, rng, length=10):
    ids, found = torch.tensor(rng.integers(1, SIZES["vocab_size"], size=(1, length)), dtype=torch.int32), {}
    hooks = []
    for name, module in taps(model):
        def keep(_module, _inputs, out, name=name):
            found[name] = (out[0] if isinstance(out, tuple) else out).contiguous().clone()

        hooks.append(module.register_forward_hook(keep))
    with torch.no_grad():
        model(input_ids=ids.long())
        found["rope.cos"], found["rope.sin"] = (x.contiguous() for x in model.rotary_emb(found["norm"], torch.arange(length)[None]))
        exact = hidden(double(model), ids[0].long())
    for hook in hooks:
        hook.remove()
    names = ["layers.%d" % i for i in range(len(exact) - 1)] + ["norm"]
    return {"input_ids": ids, **found, **{"f64." + name: x[None].contiguous() for name, x in zip(names, exact)}}


def write_plain(folder, model):
    """Names without a prefix, and the config as transformers 4 wrote it: rope_theta and torch_dtype on top."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors", metadata={"format": "pt"})
    old = dict(
        SIZES, architectures=["Qwen3ForCausalLM"], attention_bias=False, hidden_act="silu", model_type="qwen3",
        rope_scaling=None, rope_theta=THETA, sliding_window=None, use_sliding_window=False, torch_dtype="float32",
    )  # fmt: skip
    (folder / "config.json").write_text(json.dumps(old, indent=2, sort_keys=True) + "\n")


def write(out, seed):
    folder = out / "a_model"
    shutil.rmtree(folder, ignore_errors=True)
    plain = fill(Qwen3Model(config()), rng_of(seed, "plain"))
    write_plain(folder / "plain", plain)
    causal = fill(Qwen3ForCausalLM(config()), rng_of(seed, "sharded")).to(torch.bfloat16)
    causal.save_pretrained(folder / "sharded_bf16", max_shard_size="60KB")
    (folder / "sharded_bf16" / "generation_config.json").unlink(missing_ok=True)
    upcast = Qwen3Model.from_pretrained(folder / "sharded_bf16", dtype=torch.float32, attn_implementation="eager").eval()
    native = Qwen3Model.from_pretrained(folder / "sharded_bf16", dtype=torch.bfloat16, attn_implementation="eager").eval()

    report = {}
    for name, model in (("plain_forward", plain), ("sharded_bf16_forward", upcast), ("sharded_bf16_native", native)):
        tensors, report[name] = forward(model, rng_of(seed, name), native=name.endswith("native"))
        save_file(tensors, folder / (name + ".safetensors"))
    save_file(layers(plain, rng_of(seed, "layers")), folder / "plain_layers.safetensors")
    if report["plain_forward"] > 1e-6 or report["sharded_bf16_forward"] > 1e-6 or report["sharded_bf16_native"] > 1e-2:
        raise SystemExit("transformers and the float64 formulas are apart: %s" % report)
    return report


def load(folder):
    return load_file(folder / "model.safetensors")
