"""One batch of whole rows by transformers (sdpa): FOLDER PRECISION ROWS LENGTH CALLS. bench/embed.go makes the same ids."""

import os
import sys

import torch
import transformers
from common import serve


def main(folder, precision, rows, length, calls):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    model = transformers.AutoModel.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
    ids = torch.tensor([[1000 + (7919 * at + 104729 * row) % 5000 for at in range(int(length))] for row in range(int(rows))])

    def turn(_):
        with torch.inference_mode():
            for _ in range(int(calls)):
                states = model(input_ids=ids, use_cache=False).last_hidden_state[:, -1].float()
        return states.flatten().tolist()

    serve(f"PyTorch {torch.__version__}, transformers {transformers.__version__}", turn)


main(*sys.argv[1:])
