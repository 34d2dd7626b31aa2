"""What int8 costs in truth: a model's linear layers rounded as an int8 kernel would, its vectors held to float32's.

    python bench/int8/truth.py MODEL SCHEME...        # the environment of scripts/roundtrip.sh; minutes a scheme

MODEL is a folder with a BERT, or with the GGUF file of a decoder. A scheme is made of parts with + between them:

    w, w32         weights in int8, one size of their steps for each row, or for each 32 numbers of it
    a, a32         inputs of the products the same, for each token
    keep:NAME      inputs of layers with NAME in their name stay as they are
    smooth         inputs' columns divided by their size, weights multiplied by it (SmoothQuant, alpha .5); sizes are
                   seen on 40 other texts
    bf16           no int8: what PyTorch's bfloat16 costs

Printed are cosines to the float32 vectors (mean of the states, and last state), the same with the mean vector taken off
both, and how many texts keep their nearest neighbour.
"""
import csv
import glob
import json
import random
import sys
import time

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

DATA = __file__.rsplit("/", 3)[0] + "/demo/data/"


def real_texts():
    """450 texts of the demo's four corpora, in turns, drawn by a fixed seed."""
    def column(path, name):
        rows = csv.DictReader(open(DATA + path), delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row[name].strip() for row in rows}

    stories = [json.loads(line) for line in open(DATA + "moral_stories/moral_stories.jsonl")]
    draw, parts = random.Random(22), []
    for texts in (column("mfrc/mfrc.tsv", "text"), column("social_chem/social_chem.tsv", "action"),
                  column("valueeval/arguments-training.tsv", "Premise"),
                  {s.get("moral_action") or s.get("immoral_action") for s in stories}):
        texts = sorted(t for t in texts if t)
        draw.shuffle(texts)
        parts.append(texts[:113])
    return [text for turn in zip(*parts) for text in turn][:450]


def rounded(x, group):
    """x in ±127 steps along its last axis, and back: one size of a step for each row, or for each group of it."""
    shape = x.shape
    if group:
        x = x.reshape(*shape[:-1], -1, group)
    size = x.abs().amax(-1, keepdim=True) / 127
    size = torch.where(size == 0, torch.ones_like(size), size)
    return ((x / size).round() * size).reshape(shape)


def load(folder):
    gguf = glob.glob(folder + "/*.gguf")
    more = {"gguf_file": gguf[0].rsplit("/", 1)[1]} if gguf else {}
    model = AutoModel.from_pretrained(folder, dtype=torch.float32, **more).eval()
    return model, AutoTokenizer.from_pretrained(folder, **more)


def linear(model):
    return {name: m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "pooler" not in name}


def rounding(model, originals, sizes, scheme):
    """Rounds weights in place; the hooks that it returns round inputs."""
    weights = inputs = None
    keep, smooth = [], False
    for part in scheme.split("+"):
        if part.startswith("keep:"):
            keep.append(part[5:])
        elif part[0] == "w" and part[1:].isdigit() | (part == "w"):
            weights = int(part[1:] or 0)
        elif part[0] == "a" and part[1:].isdigit() | (part == "a"):
            inputs = int(part[1:] or 0)
        elif part == "smooth":
            smooth = True
        elif part not in ("bf16", "f32"):
            raise SystemExit(f"truth: scheme {scheme}: {part}? see the top of this file")
    hooks = []
    for name, layer in linear(model).items():
        w, by = originals[name], None
        if smooth:
            by = (sizes[name].clamp(min=1e-5) / w.abs().amax(0).clamp(min=1e-5)).sqrt().clamp(min=1e-5)
            w = w * by
        layer.weight.data = w.clone() if weights is None else rounded(w, weights)
        group = None if any(k in name for k in keep) else inputs

        def change(_, args, by=by, group=group):
            x = args[0] if by is None else args[0] / by
            return (x if group is None else rounded(x, group),)
        hooks.append(layer.register_forward_pre_hook(change))
    return hooks


def embed(model, ids):
    """Texts of one length at a time, so that nothing is padded: unit vectors, by pooling."""
    of_length, out = {}, [None] * len(ids)
    for i, row in enumerate(ids):
        of_length.setdefault(len(row), []).append(i)
    with torch.no_grad():
        for which in of_length.values():
            states = model(input_ids=torch.tensor([ids[i] for i in which])).last_hidden_state.float()
            for i, s in zip(which, states):
                out[i] = torch.stack([s.mean(0), s[-1]])
    v = torch.stack(out).double()
    v = (v / v.norm(dim=-1, keepdim=True)).numpy()
    return {"mean": v[:, 0], "last": v[:, 1]}


def seen_sizes(model, ids):
    """The largest number of each column of each layer's inputs."""
    sizes, hooks = {}, []
    for name, layer in linear(model).items():
        def see(_, args, name=name):
            top = args[0].abs().reshape(-1, args[0].shape[-1]).amax(0)
            sizes[name] = torch.maximum(sizes.get(name, top), top)
        hooks.append(layer.register_forward_pre_hook(see))
    embed(model, ids)
    for h in hooks:
        h.remove()
    return sizes


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def nearest(v):
    c = v @ v.T
    np.fill_diagonal(c, -2)
    return c.argmax(1)


def main():
    folder, *schemes = sys.argv[1:]
    torch.set_num_threads(1)
    model, tokenizer = load(folder)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    if model.config.model_type == "bert":
        ids = [tokenizer(t, truncation=True, max_length=256)["input_ids"] for t in real_texts()]
    else:  # embedd puts a decoder's end token behind each text
        ids = [tokenizer(t, add_special_tokens=False)["input_ids"][:255] + [end] for t in real_texts()]
    ids, others = ids[:-40], ids[-40:]
    if model.config.model_type != "bert":  # of the long texts every sixth: the others take most of the time
        ids = [r for r in ids if len(r) <= 32] + [r for r in ids if len(r) > 32][::6]
    originals = {name: layer.weight.data.clone() for name, layer in linear(model).items()}
    sizes, exact = seen_sizes(model, others), embed(model, ids)
    print(f"{len(ids)} texts, {sum(map(len, ids))} tokens")
    for scheme in schemes:
        began = time.process_time()
        hooks = rounding(model, originals, sizes, scheme)
        got = embed(load(folder)[0].to(torch.bfloat16) if scheme == "bf16" else model, ids)
        for h in hooks:
            h.remove()
        for pooling, want in exact.items():
            c, mean = cosines(want, got[pooling]), want.mean(0)
            centred = cosines(want - mean, got[pooling] - mean)
            same = (nearest(want) == nearest(got[pooling])).mean()
            print(f"{scheme:24} {pooling}  least {c.min():.5f}  1 % {np.quantile(c, .01):.5f}  "
                  f"median {np.median(c):.5f}  below .999: {(c < .999).sum()}  "
                  f"centred: least {centred.min():.4f} median {np.median(centred):.5f}  "
                  f"same nearest {same:.3f}  {time.process_time() - began:.0f} s", flush=True)


main()
