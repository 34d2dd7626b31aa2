"""MiniLM by ONNX Runtime: FOLDER MODEL.onnx TEXTS. Sorted by length and padded in batches of 32, mean over tokens, as
sentence-transformers does it. The float32 form is exported from PyTorch at first."""

import os
import pathlib
import sys

import numpy as np
import onnxruntime
from common import lines, serve
from tokenizers import Tokenizer

BATCH = 32
MAX_LENGTH = 256


def export(folder, path):
    import torch
    from transformers import AutoModel

    class States(torch.nn.Module):
        def __init__(self, bert):
            super().__init__()
            self.bert = bert

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.ones(2, 8, dtype=torch.int64)
    axes = {name: {0: "batch", 1: "sequence"} for name in (*names, "last_hidden_state")}
    part = path.with_suffix(".part")
    torch.onnx.export(States(AutoModel.from_pretrained(folder).eval()), (ids, ids, ids * 0), str(part), dynamo=False,
                      dynamic_axes=axes, opset_version=17, input_names=names, output_names=["last_hidden_state"])  # fmt: skip
    part.rename(path)


def main(folder, path, texts):
    path, texts = pathlib.Path(path), lines(texts)
    if not path.exists():
        export(folder, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.enable_padding()
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))

    def turn(_):
        out = [None] * len(order)
        for at in range(0, len(order), BATCH):
            some = order[at : at + BATCH]
            rows = tokenizer.encode_batch([texts[i] for i in some])
            ids, mask, kinds = (np.array([getattr(r, k) for r in rows], dtype=np.int64) for k in ("ids", "attention_mask", "type_ids"))
            states = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds})[0]
            weight = mask[:, :, None].astype(np.float32)
            mean = (states * weight).sum(1) / weight.sum(1)
            for i, v in zip(some, mean / np.linalg.norm(mean, axis=1, keepdims=True), strict=True):
                out[i] = v
        return np.concatenate(out)

    serve(f"ONNX Runtime {onnxruntime.__version__}", turn)


main(*sys.argv[1:])
