"""Reading, writing and scoring by llama.cpp: FILE.gguf. Requests are those that bench/llm.go answers. A prompt is read
once for all options behind it."""

import ctypes
import json
import os
import sys

import llama_cpp
import numpy as np
from common import serve

SEQUENCES = 160  # 32 prompts, and four options behind each


class Model:
    def __init__(self, file):
        model = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 8192, 2048, 512, SEQUENCES
        params.n_threads = params.n_threads_batch = int(os.environ["OMP_NUM_THREADS"])
        params.kv_unified = True  # a prompt's keys are shared by its options without a copy
        self.context = llama_cpp.llama_init_from_model(model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.width = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self.batch = llama_cpp.llama_batch_init(2048, 0, 1)

    def feed(self, tokens):
        """Computes (id, position, sequence, wanted) and returns the logits of the wanted ones, [n, V]."""
        for at, (token, position, sequence, wanted) in enumerate(tokens):
            self.batch.token[at], self.batch.pos[at] = token, position
            self.batch.n_seq_id[at], self.batch.seq_id[at][0], self.batch.logits[at] = 1, sequence, wanted
        self.batch.n_tokens = len(tokens)
        assert llama_cpp.llama_decode(self.context, self.batch) == 0, "llama_decode"
        kept = [at for at, t in enumerate(tokens) if t[3]]
        return np.stack([np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, at), (self.width,)) for at in kept])

    def read(self, prompts):
        llama_cpp.llama_memory_clear(self.memory, True)
        return self.feed([(t, at, row, at == len(p) - 1) for row, p in enumerate(prompts) for at, t in enumerate(p)])

    def write(self, prompts, count):
        logits, ids = self.read(prompts), [[] for _ in prompts]
        for n in range(count):
            if n > 0:
                logits = self.feed([(own[-1], len(p) + n - 1, row, True) for row, (own, p) in enumerate(zip(ids, prompts, strict=True))])
            for own, token in zip(ids, logits.argmax(1), strict=True):
                own.append(int(token))
        return {"ids": ids}

    def score(self, rows, starts):
        """Each row is a prompt and an option; rows of one prompt stand beside each other."""
        prompts = list(dict.fromkeys(tuple(row[:at]) for row, at in zip(rows, starts, strict=True)))
        after, tokens = self.read(prompts), []
        for k, (row, at) in enumerate(zip(rows, starts, strict=True)):
            llama_cpp.llama_memory_seq_cp(self.memory, prompts.index(tuple(row[:at])), len(prompts) + k, 0, -1)
            # The last token of an option is scored, and nothing stands behind it.
            tokens += [(t, at + n, len(prompts) + k, True) for n, t in enumerate(row[at:-1])]
        inside, scores, used = self.feed(tokens), [], 0
        for row, at in zip(rows, starts, strict=True):
            option = row[at:]
            own = inside[used : used + len(option) - 1]
            used += len(own)
            logits = np.vstack([after[prompts.index(tuple(row[:at]))][None], own]).astype(np.float64)
            top = logits.max(1)
            norm = top + np.log(np.exp(logits - top[:, None]).sum(1))
            scores.append((logits[np.arange(len(option)), option] - norm).tolist())
        return {"scores": scores}


def main(file):
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    model = Model(file)

    def turn(line):
        asked = json.loads(line)
        return model.score(asked["prompts"], asked["from"]) if "from" in asked else model.write(asked["prompts"], asked["tokens"])

    serve(f"llama-cpp-python {llama_cpp.__version__}", turn)


main(*sys.argv[1:])
