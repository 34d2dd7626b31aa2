"""Import, load and the first vector by sentence-transformers in bf16: FOLDER TEXT. One line of JSON."""

import json
import os
import sys

import torch
from sentence_transformers import SentenceTransformer, __version__

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
model = SentenceTransformer(sys.argv[1], device="cpu", model_kwargs={"dtype": torch.bfloat16})
vector = model.encode([sys.argv[2]], convert_to_tensor=True)[0].float().tolist()
with open("/proc/self/statm") as f:
    resident = int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
version = f"sentence-transformers {__version__}, PyTorch {torch.__version__}"
print(json.dumps({"output": vector, "resident": resident, "version": version}), flush=True)
