"""Makes this folder's fixture: python make.py (needs torch, transformers 5.23).

qwen2/            a random Qwen2 of odd sizes with a head of its own, as transformers saves it, in float32
qwen2/states.json its states and logits for one row of ids: after the embeddings and after each layer but the last,
                  after the final norm, and the logits; in float64 but for norms, softmax and rotary tables,
                  which are float32 in transformers

Everything is drawn from one seed; biases and gains are far from those of fresh weights, so that one left out shows.
"""

import json
import pathlib

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = pathlib.Path(__file__).parent / "qwen2"
CONFIG = Qwen2Config(
    vocab_size=53, hidden_size=24, intermediate_size=26, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, rope_theta=500.0, rms_norm_eps=1e-5, max_position_embeddings=128,
    tie_word_embeddings=False, bos_token_id=None, eos_token_id=2, pad_token_id=2, initializer_range=0.3)

torch.manual_seed(20)
model = Qwen2ForCausalLM(CONFIG).eval()
with torch.no_grad():
    for name, p in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            p.copy_(torch.rand_like(p) + 0.5)
model.save_pretrained(HERE)
(HERE / "generation_config.json").unlink(missing_ok=True)
ids = torch.randint(0, CONFIG.vocab_size, (1, 11))
with torch.no_grad():
    out = model.double()(ids, output_hidden_states=True)
(HERE / "states.json").write_text(json.dumps({
    "ids": ids[0].tolist(),
    "states": [s[0].flatten().tolist() for s in out.hidden_states],
    "logits": out.logits[0].flatten().tolist(),
}) + "\n")
