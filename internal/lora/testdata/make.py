"""Writes this folder's fixtures with PEFT: two tiny bases, adapters on them, and what they embed.

    pip install torch transformers peft; python make.py

NAME/adapter is what PEFT saved, NAME/base the model without it, and NAME.json token ids with the mean of their
last hidden states as transformers and PEFT compute it together.
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel, Qwen3Config, Qwen3Model

HERE = pathlib.Path(__file__).parent
SIZES = dict(vocab_size=17, hidden_size=12, intermediate_size=14, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, head_dim=4, initializer_range=0.3, tie_word_embeddings=True)
CASES = {
    # Adapters on two of the attention's layers, plain.
    "qwen3": (Qwen3Model, Qwen3Config, LoraConfig(r=3, lora_alpha=5, target_modules=["q_proj", "v_proj"],
                                                 task_type="FEATURE_EXTRACTION")),
    # All layers of a language model with its head, other ranks in some, scaled by the root of the rank.
    "llama": (LlamaForCausalLM, LlamaConfig, LoraConfig(r=2, lora_alpha=3, target_modules="all-linear", use_rslora=True,
                                                       rank_pattern={"down_proj": 4}, task_type="CAUSAL_LM")),
}


def make(name, kind, config, lora):
    torch.manual_seed(7)
    model = kind(config(**SIZES))
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    (model.model if hasattr(model, "model") else model).save_pretrained(folder / "base")
    adapted = get_peft_model(model, lora)
    for key, p in adapted.named_parameters():
        if "lora_B" in key:
            torch.nn.init.normal_(p, std=0.4)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink()
    config_file = folder / "adapter" / "adapter_config.json"
    settings = json.loads(config_file.read_text()) | {"base_model_name_or_path": "base"}  # no path of this machine
    settings["target_modules"] = sorted(settings["target_modules"])
    config_file.write_text(json.dumps(settings, indent=1) + "\n")
    rows = [[3, 9, 1, 16, 4], [5], [2, 2, 11]]
    with torch.no_grad():
        means = [adapted(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0].mean(0).tolist() for ids in rows]
    (HERE / f"{name}.json").write_text(json.dumps({"ids": rows, "mean": means}) + "\n")


for name, case in CASES.items():
    make(name, *case)
