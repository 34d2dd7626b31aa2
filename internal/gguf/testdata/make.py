"""Makes this folder's fixtures: python make.py (needs torch, transformers 4.57, tokenizers 0.22, gguf 0.19).

llama.gguf     a llama of odd sizes with random weights (F16) and a small tokenizer of SmolLM2's kind, written by the
               gguf package; q and k rows are permuted as llama.cpp's converter does it
llama/         the same model as a folder of config.json and model.safetensors, which transformers read; and
               expected.safetensors, its states for one row of ids, layer by layer
ids.jsonl      ids that the tokenizers library gives with the same tokenizer
quants.gguf    one tensor of each type, and quants.safetensors: its numbers by the gguf package
Everything is drawn from fixed seeds; the vocabulary is trained on this project's README.
"""

import json
import pathlib

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaModel

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
VOCABULARY, SPECIAL = 290, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CONFIG = LlamaConfig(
    vocab_size=VOCABULARY, hidden_size=20, intermediate_size=26, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=6, rope_theta=500.0, rms_norm_eps=1e-5, max_position_embeddings=128,
    tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=2)


def tokenizer():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    # No initial alphabet: bytes that the text lacks have no entry, as some have none in SmolLM2's.
    text = (ROOT / "README.md").read_text() + "0123456789 é ü ß 漢字 😀 it's we'll I'm they've\r\n\t"
    t.train_from_iterator(text.splitlines(keepends=True), trainers.BpeTrainer(
        vocab_size=VOCABULARY - 2, special_tokens=SPECIAL, show_progress=False))
    t.add_tokens(["<think>", "</think>"])
    assert t.get_vocab_size() == VOCABULARY
    return t


def write_ids(t):
    texts = ["", "a", "Helping a stranger is right.", "in 1984, 12.5% of 3,000", "it's we'll IT'S", "  two  spaces ",
             "line\nline\r\n\n\tend", "<|im_end|>", "a<|im_start|>b<|im_end|>", "<think>so</think> it is", "<|im_end|",
             "é e\u0301 \u0142 漢字 😀", "\x04\x06 control \x13a\x14b", "x" * 100, "१२३ ²³ Ⅷ", "…“quoted”—dash",
             "weights " * 40, "\u00a0nbsp\u2003em", "ñandú £5", "A1B2C3", "don't we'VE", "\ufeffbom", "<<<|im_end|>>>"]
    with open(HERE / "ids.jsonl", "w") as out:
        for text in texts:
            out.write(json.dumps([text, t.encode(text, add_special_tokens=False).ids]) + "\n")


def model():
    torch.manual_seed(7)
    m = LlamaModel(CONFIG).eval()
    with torch.no_grad():
        for name, p in m.named_parameters():
            wide = torch.randn_like(p) * 0.2 + (1 if "norm" in name else 0)
            p.copy_(wide.half().float())  # exact in both files
    return m


def write_folder(m):
    folder = HERE / "llama"
    folder.mkdir(exist_ok=True)
    save_file({k: v.half().numpy() for k, v in m.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})
    config = CONFIG.to_dict() | {"architectures": ["LlamaModel"], "dtype": "float16", "torch_dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    ids = torch.randint(0, VOCABULARY, (1, 41), generator=torch.Generator().manual_seed(8))
    seen = {"input_ids": ids[0].to(torch.int32).numpy()}
    for name, module in m.named_modules():
        if name == "norm" or name.startswith("layers.") and name.count(".") == 1:
            keep = lambda _m, _in, out, name=name: seen.__setitem__(name, (out[0] if isinstance(out, tuple) else out)[0].numpy())
            module.register_forward_hook(keep)
    with torch.no_grad():
        m(ids)
    save_file({k: np.ascontiguousarray(v.reshape(-1, 20) if k != "input_ids" else v) for k, v in seen.items()},
              folder / "expected.safetensors")


def permute(w, heads):
    """The converter's: rows of a head become neighbours' pairs."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


NAMES = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
         "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name):
    if name.startswith("layers."):
        _, layer, rest = name.removesuffix(".weight").split(".", 2)
        return f"blk.{layer}.{NAMES[rest]}.weight"
    return {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]


def write_gguf(m, t):
    w = gguf.GGUFWriter(str(HERE / "llama.gguf"), "llama")
    w.add_context_length(128), w.add_embedding_length(20), w.add_block_count(3), w.add_feed_forward_length(26)
    w.add_head_count(4), w.add_head_count_kv(2), w.add_key_length(6), w.add_value_length(6)
    w.add_rope_freq_base(500.0), w.add_rope_dimension_count(6), w.add_layer_norm_rms_eps(1e-5), w.add_vocab_size(VOCABULARY)
    vocab = sorted(t.get_vocab().items(), key=lambda kv: kv[1])
    kinds = [3 if s in SPECIAL else 4 if s in ("<think>", "</think>") else 1 for s, _ in vocab]
    w.add_tokenizer_model("gpt2"), w.add_tokenizer_pre("smollm")
    w.add_token_list([s for s, _ in vocab]), w.add_token_types(kinds)
    w.add_token_merges([" ".join(pair) for pair in json.loads(t.to_str())["model"]["merges"]])
    w.add_bos_token_id(1), w.add_eos_token_id(2), w.add_pad_token_id(2), w.add_add_space_prefix(False)
    for name, p in m.state_dict().items():
        a = p.numpy()
        if name.endswith("q_proj.weight"):
            a = permute(a, 4)
        if name.endswith("k_proj.weight"):
            a = permute(a, 2)
        w.add_tensor(gguf_name(name), a.astype(np.float32 if a.ndim == 1 else np.float16))
    w.add_tensor("output.weight", np.zeros((VOCABULARY, 1), np.float16))  # a head that is read over
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


def write_quants():
    draw = np.random.default_rng(9)
    w, numbers = gguf.GGUFWriter(str(HERE / "quants.gguf"), "llama"), {}
    Q = gguf.GGMLQuantizationType
    for kind in (Q.F32, Q.F16, Q.BF16, Q.Q8_0, Q.Q4_0, Q.Q4_1, Q.Q4_K, Q.Q6_K):
        x = draw.normal(size=(2, 256)).astype(np.float32)
        if kind in (Q.Q4_K, Q.Q6_K):  # the package has no encoder of these: any bytes are blocks, with sane scales
            block, size = gguf.GGML_QUANT_SIZES[kind]
            b = draw.integers(0, 256, size=(2, size), dtype=np.uint8)
            scales = draw.normal(size=(2, 2)).astype(np.float16).view(np.uint8)
            b[:, :4 if kind == Q.Q4_K else 0] = scales[:, :4 if kind == Q.Q4_K else 0]
            if kind == Q.Q6_K:
                b[:, -2:] = scales[:, :2]
            data = b
        else:
            data = gguf.quantize(x, kind)
        name = kind.name.lower()
        numbers[name] = gguf.dequantize(data, kind).astype(np.float32).reshape(2, 256)
        raw = kind not in (Q.F32, Q.F16)
        w.add_tensor(name, data, raw_dtype=kind if raw else None)
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()
    save_file(numbers, HERE / "quants.safetensors")


t = tokenizer()
write_ids(t)
m = model()
write_folder(m)
write_gguf(m, t)
write_quants()
for path in sorted(HERE.rglob("*")):
    if path.is_file():
        print(path.stat().st_size, path.relative_to(HERE))
