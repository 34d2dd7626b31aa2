"""The most probable tokens behind prompts and their first logits by llama.cpp: FILE.gguf TOKENS LOGITS < prompts.json

Run by test_tuned.py with an interpreter of its own. Writes ids as JSON to standard output and the first logits of each
prompt, [prompts][vocabulary] float32, to LOGITS.
"""

import ctypes
import json
import sys

import llama_cpp
import numpy as np


def main(file: str, tokens: int, logits_file: str) -> None:
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    prompts = json.load(sys.stdin)
    model = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
    assert model, f"llama.cpp does not load {file}"
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_threads, params.n_threads_batch = 1024, 1024, 1, 1
    params.type_k = params.type_v = 0  # float32: its default keeps keys and values in 16 bits
    params.flash_attn_type = 0
    context = llama_cpp.llama_init_from_model(model, params)
    width = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    written, first = [], []
    for prompt in prompts:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        ids, fed = [], prompt
        for n in range(tokens):
            array = (llama_cpp.llama_token * len(fed))(*fed)
            assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(fed))) == 0, "llama_decode"
            logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, -1), (width,)).copy()
            if n == 0:
                first.append(logits)
            fed = [int(logits.argmax())]
            ids += fed
        written.append(ids)
    np.stack(first).astype("<f4").tofile(logits_file)
    print(json.dumps(written))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
