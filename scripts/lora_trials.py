#!/usr/bin/env python3
"""What adapters save and what they cost, beside training all weights: memory, time of a step and validation.

    make build && scripts/lora_trials.py DATA MODEL OUT [--layers 4 --steps 100 …]

DATA holds train.parquet and validation.parquet (scripts/stage2_data.sh), MODEL is a pretrained base, as
scripts/download_smollm2.sh brings one; further flags go to train. Runs in $TRIALS, by default all, one after
another into OUT; prints a row a run. The time of a step is the process's CPU seconds between a third and the end of
the steps, when most shapes are compiled: other work on the machine stretches wall time, not these.
"""
import json, os, pathlib, subprocess, sys, time

TRIALS = {
    "all weights": ["--learning-rate", "2e-4"],
    "rank 16, all-linear": ["--lora-rank", "16", "--learning-rate", "5e-4"],
    "rank 8, q and v": ["--lora-rank", "8", "--lora-targets", "q_proj,v_proj", "--learning-rate", "5e-4"],
    "rank 16, all-linear, the weights' rate": ["--lora-rank", "16", "--learning-rate", "2e-4"],
}
COMMON = ("--max-length 32 --pooling mean --precision bf16 --threads 1 --seed 1 --checkpoint-every 0 --log-every 1 "
          "--validate-every 0 --set log.validation_rows=400 --set log.keep_checkpoints=1 --set log.best=").split()
TRAIN = pathlib.Path(os.environ.get("BIN", "bin")).resolve() / "train"


def lines(out, kind):
    try:
        found = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    except (FileNotFoundError, json.JSONDecodeError):  # not begun, or in the middle of a line
        return []
    return [line for line in found if line["kind"] == kind]


def watch(process, out):
    """CPU seconds at each step seen, and the most memory in MiB."""
    cpu, peak, tick = {}, 0, os.sysconf("SC_CLK_TCK")
    while process.poll() is None:
        try:
            fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak] + [int(s.split()[1]) >> 10 for s in status.splitlines() if s.startswith("VmHWM")])
            steps = lines(out, "train")
            cpu.setdefault(steps[-1]["step"] if steps else 0, (int(fields[11]) + int(fields[12])) / tick)
        except (FileNotFoundError, ProcessLookupError, IndexError):
            break
        time.sleep(.5)
    return cpu, peak


def trial(name, data, model, out, flags):
    out = pathlib.Path(out) / name.replace(",", "").replace(" ", "-").replace("'", "")
    command = [TRAIN, "--model", model, "--data", f"{data}/train.parquet", "--validation", f"{data}/validation.parquet",
               "--out", out, *COMMON, *flags, *TRIALS[name]]
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{out}.log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        cpu, peak = watch(process, out)
    if process.wait():
        sys.exit(f"{name}: exit {process.returncode}, see {out}.log")
    last = max(cpu)
    first = min(step for step in cpu if step >= last / 3)
    saved = sum(f.stat().st_size for f in (out / "checkpoints").rglob("*") if f.is_file())
    cells = [name, f"{(cpu[last] - cpu[first]) / (last - first):.2f}", str(peak), f"{saved / 1e6:.1f}"]
    for v in lines(out, "validation"):
        scores = [v["loss"], v["ranking_accuracy"]["all"], v["ranking_accuracy"]["within_corpus"], v["similarity_correlation"]["all"]]
        cells.append(" / ".join(f"{x:.3f}" for x in scores))
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    data, model, out, *flags = sys.argv[1:]
    print("| trained | CPU s a step | peak MiB | checkpoint MB | before: loss / ranking / within corpus / correlation | after |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in os.environ.get("TRIALS", ";".join(TRIALS)).split(";"):
        trial(name, data, model, out, flags)


main()
