"""A step of fine-tuning on answers here and by PyTorch + PEFT, in turns in one run over the same rows and weights. See sft.sh.

Both train adapters of rank 8 on all linear layers of SmolLM2-135M in float32, on ROWS conversations a step, the loss over answer
tokens alone, AdamW, gradients clipped at 1. While one works the other is stopped, so that neither disturbs the other.
PyTorch pads a batch to its longest row and takes logits of all positions, as transformers' models do; here rows are packed and
logits are those of answers. The first losses must agree: else the two did not train the same.
"""

import importlib.metadata
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROWS = 8
STEPS = 2  # of a turn
WARM = 3  # steps that compile and are not counted
RATE = 1e-4
SEED = 1


def rows() -> list[dict]:
    from answers import VALUES

    all_rows = [(q, a) for answers in VALUES.values() for q, plus, minus in answers for a in (plus, minus)]
    return [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in all_rows[:ROWS]]


def peft_side(base: str, data: str) -> None:
    """The loop, as a process of its own: a line of stdin is a number of steps, a line of stdout their cost."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(SEED)
    tokenizer = AutoTokenizer.from_pretrained(base)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    batch = []
    for line in pathlib.Path(data).read_text().splitlines():
        messages = json.loads(line)["messages"]
        asked = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True)["input_ids"]
        answer = tokenizer(messages[-1]["content"], add_special_tokens=False)["input_ids"] + [end]
        batch.append((asked + answer, len(asked)))
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([x + [end] * (longest - len(x)) for x, _ in batch])
    mask = torch.tensor([[1] * len(x) + [0] * (longest - len(x)) for x, _ in batch])
    labels = torch.tensor([[-100] * n + x[n:] + [-100] * (longest - len(x)) for x, n in batch])
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.999), weight_decay=0.0)
    print("ready", flush=True)
    for line in sys.stdin:
        began, losses = time.process_time(), []
        for _ in range(int(line)):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
        print(json.dumps({"processor": time.process_time() - began, "losses": losses, "tokens": int(mask.sum())}), flush=True)


class Peft:
    def __init__(self, base: str, data: str) -> None:
        command = [sys.executable, __file__, "--peft", base, data]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n", "PyTorch's side did not start"

    def steps(self, n: int) -> tuple[float, list[float]]:
        self.process.stdin.write(f"{n}\n")
        took = json.loads(self.process.stdout.readline())
        return took["processor"] / n, took["losses"]

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """A run of train that is let go on for some steps at a time. A step's cost is read when its line appears."""

    def __init__(self, train: str, base: str, data: str, out: pathlib.Path, steps: int) -> None:
        self.lines = out / "metrics.jsonl"
        command = [train, "--stage=sft", "--model", base, "--data", data, "--out", out, "--steps", steps, "--batch-size", ROWS, "--seed", SEED]
        command += ["--learning-rate", RATE, "--checkpoint-every", 0, "--log-every", 1]
        command += ["--validation-fraction", 0, "--threads", os.environ["OMP_NUM_THREADS"], "--max-length", 128, "--set", "log.validation_rows=0"]
        with open(out.with_suffix(".log"), "w") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log)
        self.done, self.spent = 0, 0.0
        self.steps(WARM)

    def losses(self) -> list[float]:
        try:
            text = self.lines.read_text()
        except FileNotFoundError:
            return []
        whole = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        return [line["loss"] for line in whole if line["kind"] == "train"]

    def processor(self) -> float:
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def steps(self, n: int) -> tuple[float, list[float]]:
        self.process.send_signal(signal.SIGCONT)
        before = self.spent
        while len(self.losses()) < self.done + n:
            assert self.process.poll() is None, f"train ended: see {self.lines.parent.with_suffix('.log')}"
            time.sleep(0.005)
        self.spent = self.processor()
        self.process.send_signal(signal.SIGSTOP)
        self.done += n
        return (self.spent - before) / n, self.losses()[self.done - n :]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def versions() -> str:
    names = {"torch": "PyTorch", "transformers": "transformers", "peft": "PEFT"}
    return ", ".join(f"{name} {importlib.metadata.version(package)}" for package, name in names.items())


def peak(pid: int) -> float:
    """MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main(train: str, base: str, work: str, rounds: int) -> None:
    data = pathlib.Path(work) / "rows.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in rows()))
    out = pathlib.Path(work) / f"run-{os.getpid()}"
    ours = Ours(train, base, str(data), out, WARM + STEPS * (rounds + 1))  # one turn more: it must not end by itself
    peft = Peft(base, str(data))
    try:
        _, theirs_first = peft.steps(WARM)
        first = ours.losses()[0]
        print(f"first losses {first:.5f} here, {theirs_first[0]:.5f} by PyTorch", flush=True)
        assert abs(first - theirs_first[0]) < 1e-3, "the two do not train the same"
        here, there = [], []
        for n in range(rounds):
            for side, costs in ((ours, here), (peft, there)) if n % 2 else ((peft, there), (ours, here)):
                costs.append(side.steps(STEPS)[0])
            print(f"round {n + 1}: {here[-1]:.2f} s a step here, {there[-1]:.2f} by PyTorch, {there[-1] / here[-1]:.2f} ×", flush=True)
        memory = peak(ours.process.pid), peak(peft.process.pid)
        others = min(os.cpu_count() or 1, max(0.0, os.getloadavg()[0] - 1))  # one of the two is stopped
        turns = [
            {"ours": {"processor": a, "peak": memory[0]}, "peer": {"processor": b, "peak": memory[1]}, "others": others}
            for a, b in zip(here, there, strict=True)
        ]
        apart = f"first losses {abs(first - theirs_first[0]):.1e} apart"
        (pathlib.Path(work) / "turns.json").write_text(json.dumps({"turns": turns, "versions": ["", versions()], "agreement": apart}))
    finally:
        ours.end()
        peft.end()


if __name__ == "__main__":
    if sys.argv[1] == "--peft":
        peft_side(*sys.argv[2:])
    else:
        main(*sys.argv[1:4], int(sys.argv[4]))
