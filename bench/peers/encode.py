"""Real texts by sentence-transformers, in batches of 32: FOLDER DTYPE TEXTS."""

import os
import sys

import sentence_transformers
import torch
from common import lines, serve


def main(folder, dtype, texts):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = sentence_transformers.SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": getattr(torch, dtype)})
    texts = lines(texts)

    def turn(_):
        return model.encode(texts, batch_size=32, normalize_embeddings=True, convert_to_tensor=True).float().flatten().tolist()

    serve(f"sentence-transformers {sentence_transformers.__version__}, PyTorch {torch.__version__}", turn)


main(*sys.argv[1:])
