"""What the machine can do at most: PRECISION FLOPS operations in products of large matrices, in f32 by NumPy's OpenBLAS,
which is quicker here than PyTorch, in bf16 by PyTorch."""

import os
import sys

import numpy as np
import torch
from common import serve

N = 2048


def main(precision, flops):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    a, b = (torch.randn(N, N, dtype=torch.float32) for _ in range(2))
    if precision == "f32":
        a, b, version = a.numpy(), b.numpy(), f"NumPy {np.__version__}"
    else:
        a, b, version = a.bfloat16(), b.bfloat16(), f"PyTorch {torch.__version__}"
    # The last product has fewer rows, so that the operations are as many as asked for.
    whole, rest = divmod(float(flops), 2 * N**3)
    rows = round(rest / (2 * N**2))

    def turn(_):
        for _ in range(int(whole)):
            a @ b
        a[:rows] @ b
        return [0]

    serve(version, turn)


main(*sys.argv[1:])
