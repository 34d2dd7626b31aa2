"""i_bert: a tiny BERT in transformers, in float32 and in float64."""

import json
import shutil

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from common import rng_of

SIZES = dict(
    vocab_size=150, hidden_size=36, intermediate_size=64, num_hidden_layers=2, num_attention_heads=3,
    max_position_embeddings=52, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu", pad_token_id=0,
)  # fmt: skip
LENGTHS = [[1], [2], [11], [48], [5, 1, 30], [40, 3, 12, 1]]


def fill(model, rng):
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            drawn = torch.tensor(rng.normal(size=tuple(weight.shape)))
            gain = name.endswith("LayerNorm.weight")
            scale = 0.25 if weight.dim() == 1 else 0.7 if "embeddings" in name else weight.shape[-1] ** -0.5
            weight.copy_(drawn * scale + (1 if gain else 0))
    return model.eval()


def padded(rng, lengths):
    longest = max(lengths)
    ids, mask = torch.zeros(len(lengths), longest, dtype=torch.int32), torch.zeros(len(lengths), longest, dtype=torch.int32)
    for row, n in enumerate(lengths):
        ids[row, :n] = torch.tensor(rng.integers(1, SIZES["vocab_size"], size=n))
        mask[row, :n] = 1
    return ids, mask


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def states(model, ids, mask):
    with torch.no_grad():
        return model(input_ids=ids.long(), attention_mask=mask.long()).last_hidden_state * mask[..., None]


def forward(model, rng):
    tensors, worst = {}, 0.0
    exact = BertModel(model.config).double().eval()
    exact.load_state_dict(model.state_dict())
    for at, lengths in enumerate(LENGTHS):
        ids, mask = padded(rng, lengths)
        own = {"input_ids": ids, "attention_mask": mask, "last_hidden": states(model, ids, mask)}
        for end, x in (("", own["last_hidden"]), ("_f64", states(exact, ids, mask))):
            own["mean" + end] = unit(x.sum(1) / mask.sum(1, keepdim=True))
            own["first" + end] = unit(x[:, 0])
        worst = max(worst, (own["mean"] - own["mean_f64"]).abs().max().item())
        tensors |= {"b%d.%s" % (at, name): x.contiguous() for name, x in own.items()}
    return tensors, worst


def layers(model, rng, length=10):
    exact = BertModel(model.config).double().eval()
    exact.load_state_dict(model.state_dict())
    ids = torch.tensor(rng.integers(1, SIZES["vocab_size"], size=(1, length)), dtype=torch.int32)
    with torch.no_grad():
        out = exact(input_ids=ids.long(), output_hidden_states=True).hidden_states
    found = {"input_ids": ids, "embeddings": out[0].contiguous()}
    return found | {"layers.%d" % i: x.contiguous() for i, x in enumerate(out[1:])}


def save(folder, state, dtype):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = dict(SIZES, architectures=["BertModel"], model_type="bert", position_embedding_type="absolute", torch_dtype=dtype)
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def write(out, seed):
    folder = out / "i_bert"
    for name in ("plain", "prefixed_f16"):
        shutil.rmtree(folder / name, ignore_errors=True)
    model = fill(BertModel(BertConfig(**SIZES, attn_implementation="eager")), rng_of(seed, "bert"))
    save(folder / "plain", model.state_dict(), "float32")
    half = {"bert." + name: weight.half() for name, weight in model.state_dict().items()}
    save(folder / "prefixed_f16", half, "float16")

    report = {}
    tensors, report["plain_forward"] = forward(model, rng_of(seed, "bert", "plain"))
    save_file(tensors, folder / "plain_forward.safetensors")
    save_file(layers(model, rng_of(seed, "bert", "layers")), folder / "plain_layers.safetensors")
    model.load_state_dict({name.removeprefix("bert."): weight.float() for name, weight in half.items()})
    tensors, report["prefixed_f16_forward"] = forward(model, rng_of(seed, "bert", "prefixed"))
    save_file(tensors, folder / "prefixed_f16_forward.safetensors")
    if max(report.values()) > 1e-6:
        raise SystemExit("BERT in float32 is apart from float64: %s" % report)
    return {"bert_" + name: worst for name, worst in report.items()}
