"""MiniLM's tokens/s here, by sentence-transformers and by ONNX Runtime, in turns over the same texts. See minilm.sh."""

import csv
import json
import pathlib
import random
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 7
BATCH = 32
MAX_LENGTH = 256
SEED = 4


def real_texts(count):
    """Comments, arguments and actions of the demo's rows, in the order of a draw."""
    folder = ROOT / "demo" / "data"
    found = set()
    for path, column in (("mfrc/mfrc.tsv", "text"), ("valueeval/arguments-training.tsv", "Premise"), ("social_chem/social_chem.tsv", "action")):
        with (folder / path).open(encoding="utf-8") as f:
            found |= {row[column] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}
    return random.Random(SEED).sample(sorted(t for t in found if t.strip()), count)


def export(model, path):
    """The encoder without pooling, in float32, as ONNX: token states of ids, mask and types."""
    if path.exists():
        return
    bert = SentenceTransformer(str(model), device="cpu")[0].auto_model.eval()
    ids = torch.ones(2, 8, dtype=torch.int64)
    axes = {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask", "token_type_ids", "last_hidden_state")}
    part = path.with_suffix(".part")
    torch.onnx.export(
        States(bert), (ids, ids, ids * 0), str(part), dynamo=False, dynamic_axes=axes, opset_version=17,
        input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["last_hidden_state"],
    )  # fmt: skip
    part.rename(path)


class States(torch.nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


class Ours:
    name = "hives, XLA on the CPU"

    def __init__(self, binary, model, texts, work):
        (work / "texts.jsonl").write_text("".join(json.dumps(t) + "\n" for t in texts))
        command = [binary, model, work / "texts.jsonl", work / "vectors.f32"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("the Go side did not start")
        self.vectors = np.fromfile(work / "vectors.f32", dtype="<f4").reshape(len(texts), -1)

    def seconds(self):
        self.process.stdin.write("\n")
        return float(self.process.stdout.readline())


class Peer:
    name = "sentence-transformers"

    def __init__(self, model, texts):
        self.texts, self.model = texts, SentenceTransformer(str(model), device="cpu")
        self.vectors = self.encode()

    def encode(self):
        return self.model.encode(self.texts, batch_size=BATCH, normalize_embeddings=True)

    def seconds(self):
        began = time.perf_counter()
        self.encode()
        return time.perf_counter() - began


class Onnx(Peer):
    name = "ONNX Runtime, f32"

    def __init__(self, model, path, texts):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self.texts, self.session = texts, onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_LENGTH)
        self.tokenizer.enable_padding()
        self.vectors = self.encode()

    def encode(self):
        """Sorted by length, padded to the longest of a batch, mean over tokens, as sentence-transformers does it."""
        order = sorted(range(len(self.texts)), key=lambda i: -len(self.texts[i]))
        out = [None] * len(order)
        for at in range(0, len(order), BATCH):
            some = order[at : at + BATCH]
            rows = self.tokenizer.encode_batch([self.texts[i] for i in some])
            ids, mask, kinds = (np.array([getattr(r, k) for r in rows], dtype=np.int64) for k in ("ids", "attention_mask", "type_ids"))
            states = self.session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds})[0]
            weight = mask[:, :, None].astype(np.float32)
            mean = (states * weight).sum(1) / weight.sum(1)
            for i, v in zip(some, mean / np.linalg.norm(mean, axis=1, keepdims=True), strict=True):
                out[i] = v
        return np.stack(out)


def main(binary, model, work, count):
    model, work = pathlib.Path(model), pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    texts = real_texts(int(count))
    counter = Tokenizer.from_file(str(model / "tokenizer.json"))
    counter.no_padding()
    counter.enable_truncation(MAX_LENGTH)
    tokens = sum(len(r.ids) for r in counter.encode_batch(texts))
    export(model, work / "minilm-f32.onnx")
    sides = [Ours(binary, model, texts, work), Peer(model, texts), Onnx(model, work / "minilm-f32.onnx", texts)]
    took = {side.name: [] for side in sides}
    for _ in range(ROUNDS):
        for side in sides:
            took[side.name].append(side.seconds())
    print(f"{len(texts)} texts, {tokens} tokens, {ROUNDS} turns, {torch.get_num_threads()} threads; least cosine is to sentence-transformers")
    for side in sides:
        cosine = np.sum(side.vectors.astype(np.float64) * sides[1].vectors, axis=1).min()
        median, best = statistics.median(took[side.name]), min(took[side.name])
        print(f"{side.name:24} median {tokens / median:8.0f} tokens/s   best {tokens / best:8.0f} tokens/s   least cosine {cosine:.9f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
