"""What the machine can do at most: PRECISION FLOPS operations in products of large matrices."""

import os
import sys

import torch
from common import serve

N = 2048


def main(precision, flops):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    a, b = (torch.randn(N, N, dtype=dtype) for _ in range(2))
    # The last product has fewer rows, so that the operations are as many as asked for.
    whole, rest = divmod(float(flops), 2 * N**3)
    rows = round(rest / (2 * N**2))

    def turn(_):
        for _ in range(int(whole)):
            a @ b
        a[:rows] @ b
        return [0]

    serve(f"PyTorch {torch.__version__}", turn)


main(*sys.argv[1:])
