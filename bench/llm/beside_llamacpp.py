"""SmolLM2's tokens a processor second here and by llama.cpp, in turns in one run over the same weights. See llm.sh.

Both read prompts of PROMPT tokens, write WRITTEN tokens behind each, the most probable ones, and score options behind
prompts. Both read a prompt once for all of its options: llama.cpp by its interface, here a batch has a row a prompt and
the options follow one after another. Its Q4_1 file is the original; ours and its F32 file hold the same numbers, de-quantised."""

import ctypes
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

import llama_cpp
import numpy as np

BATCHES = [int(n) for n in os.environ.get("BATCHES", "1 8 32").split()]
PROMPT = 60  # with an option behind it 64, a rung of our ladder: else rows are padded to up to twice their length
WRITTEN = 16
OPTIONS = 4
OPTION = 4  # tokens of an option
SEED = 17


def clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> dict[str, float]:
    now = clock()
    return {"wall": now[0] - began[0], "processor": now[1] - began[1]}


class Ours:
    """One process a batch size, since the batch is fixed in its graphs."""

    def __init__(self, binary: str, model: str, precision: str, threads: int) -> None:
        self.name = f"hives {precision}"
        self.command = [binary, "--precision", precision, "--threads", str(threads), model]
        self.processes: dict[int, subprocess.Popen] = {}

    def ask(self, rows: int, request: dict) -> dict:
        if rows not in self.processes:
            command = [self.command[0], "--rows", str(rows), *self.command[1:]]
            self.processes[rows] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
            assert self.processes[rows].stdout.readline() == "ready\n", "the Go side did not start"
        process = self.processes[rows]
        process.stdin.write(json.dumps(request) + "\n")
        return json.loads(process.stdout.readline())

    def write(self, prompts: list[list[int]]) -> tuple[list[list[int]], list[dict]]:
        answer = self.ask(len(prompts), {"prompts": prompts, "tokens": WRITTEN})
        return answer["ids"], answer["took"]

    def score(self, prompts: list[list[int]], options: list[list[int]]) -> tuple[list[float], dict]:
        rows = [p + o for p in prompts for o in options]
        answer = self.ask(len(prompts), {"prompts": rows, "from": [PROMPT] * len(rows)})
        return [sum(s) for s in answer["scores"]], answer["took"][0]


class LlamaCpp:
    def __init__(self, name: str, file: str, threads: int) -> None:
        self.name = f"llama.cpp {name}"
        model = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 8192, 2048, 512, 32 * (OPTIONS + 1)
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True  # a prompt's keys are shared by its options without a copy
        self.context = llama_cpp.llama_init_from_model(model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.width = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self.batch = llama_cpp.llama_batch_init(2048, 0, 1)

    def feed(self, tokens: list[tuple[int, int, int, bool]]) -> np.ndarray:
        """Computes (id, position, sequence, wanted) and returns the logits of the wanted ones, [n, V]."""
        for at, (token, position, sequence, wanted) in enumerate(tokens):
            self.batch.token[at], self.batch.pos[at] = token, position
            self.batch.n_seq_id[at], self.batch.seq_id[at][0], self.batch.logits[at] = 1, sequence, wanted
        self.batch.n_tokens = len(tokens)
        assert llama_cpp.llama_decode(self.context, self.batch) == 0, "llama_decode"
        kept = [at for at, t in enumerate(tokens) if t[3]]
        rows = [np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, at), (self.width,)) for at in kept]
        return np.stack(rows)

    def read(self, prompts: list[list[int]]) -> np.ndarray:
        llama_cpp.llama_memory_clear(self.memory, True)
        tokens = [(t, at, row, at == len(p) - 1) for row, p in enumerate(prompts) for at, t in enumerate(p)]
        return self.feed(tokens)

    def write(self, prompts: list[list[int]]) -> tuple[list[list[int]], list[dict]]:
        began = clock()
        logits = self.read(prompts)
        took = [since(began)]
        ids, began = [[] for _ in prompts], clock()
        for n in range(WRITTEN):
            if n > 0:
                logits = self.feed([(own[-1], PROMPT + n - 1, row, True) for row, own in enumerate(ids)])
            for own, token in zip(ids, logits.argmax(1), strict=True):
                own.append(int(token))
        return ids, [*took, since(began)]

    def score(self, prompts: list[list[int]], options: list[list[int]]) -> tuple[list[float], dict]:
        began = clock()
        after, tokens, first = self.read(prompts), [], len(prompts)
        for row in range(len(prompts)):
            for k, option in enumerate(options):
                sequence = first + row * OPTIONS + k
                llama_cpp.llama_memory_seq_cp(self.memory, row, sequence, 0, -1)
                # The last token of an option is scored, and nothing stands behind it.
                tokens += [(t, PROMPT + at, sequence, True) for at, t in enumerate(option[:-1])]
        inside = self.feed(tokens)
        scores, at = [], 0
        for row in range(len(prompts)):
            for option in options:
                logits = np.vstack([after[row : row + 1], inside[at : at + OPTION - 1]]).astype(np.float64)
                top = logits.max(1)
                norm = top + np.log(np.exp(logits - top[:, None]).sum(1))
                scores.append(float((logits[np.arange(OPTION), option] - norm).sum()))
                at += OPTION - 1
        return scores, since(began)


def main(binary: str, folder: str, f32: str, rounds: str) -> None:
    threads = int(os.environ["OMP_NUM_THREADS"])
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    q4 = str(next(pathlib.Path(folder).glob("*.gguf")))
    sides = [LlamaCpp("Q4_1", q4, threads), LlamaCpp("F32", f32, threads), Ours(binary, folder, "f32", threads), Ours(binary, folder, "bf16", threads)]
    rng = np.random.default_rng(SEED)
    prompts = rng.integers(1000, 40000, (32, PROMPT)).tolist()
    options = rng.integers(1000, 40000, (OPTIONS, OPTION)).tolist()
    took: dict[tuple[str, int, str], list[dict]] = {}
    for turn in range(int(rounds) + 1):  # the first compiles, and is not counted
        for rows in BATCHES:
            written, scored = {}, {}
            for side in sides:
                written[side.name], (reading, writing) = side.write(prompts[:rows])
                scored[side.name], scoring = side.score(prompts[:rows], options) if rows <= 8 else (None, None)
                for work, cost in (("read", reading), ("write", writing), ("score", scoring)):
                    if turn and cost:
                        took.setdefault((work, rows, side.name), []).append(cost)
            if turn == 0:
                compare(rows, written, scored)
        if turn:
            report(took, turn, threads)


def compare(rows: int, written: dict, scored: dict) -> None:
    """The same weights in float32 write the same and score alike, but for llama.cpp's cache in 16 bits; rounded ones need
    not."""
    ours, theirs = "hives f32", "llama.cpp F32"
    same = sum(a == b for a, b in zip(written[ours], written[theirs], strict=True))
    line = f"{rows} rows: {same} of {rows} texts are the same in float32"
    if scored[ours]:
        line += f", scores at most {max(abs(a - b) for a, b in zip(scored[ours], scored[theirs], strict=True)):.1e} apart"
    print(line, flush=True)


def report(took: dict, turns: int, threads: int) -> None:
    print(f"{turns} turns, {threads} thread(s), load {os.getloadavg()[0]:.1f}; median processor milliseconds (best wall)")
    units = {"read": PROMPT, "write": WRITTEN - 1, "score": PROMPT + OPTIONS * OPTION}
    for (work, rows, name), costs in sorted(took.items()):
        processor = statistics.median(c["processor"] for c in costs)
        wall = min(c["wall"] for c in costs)
        base = statistics.median(c["processor"] for c in took[(work, rows, "llama.cpp Q4_1")])
        rate = rows * units[work] / processor
        ratio = base / processor if processor else math.nan
        cost = f"{processor * 1e3:9.1f} ({wall * 1e3:9.1f})"
        print(f"{work:6}{rows:3} rows  {name:16}{cost}  {rate:8.1f} tokens/s  {ratio:5.2f} × Q4_1", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
