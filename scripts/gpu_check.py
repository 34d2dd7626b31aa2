"""Helps gpu_check.sh: texts for it, memory while it runs, and its one JSON. Only the standard library is needed."""

import csv
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

PARTS = ("check", "golden", "weights", "embed", "train", "serve", "pytorch")
TEXTS = 512


def texts(source: str, target: str) -> None:
    with open(source, encoding="utf-8", newline="") as f:
        found = dict.fromkeys(row["Premise"].strip() for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    pathlib.Path(target).write_text("".join(t + "\n" for t in list(found)[:TEXTS] if t), encoding="utf-8")


def query(what: str) -> list[str]:
    try:
        done = subprocess.run(["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split("\n")[0].split(", ") if done.returncode == 0 else []


def memory(target: str) -> None:
    """Until it is ended: the most of the GPU's memory in use, in MiB, every quarter of a second."""
    most = 0
    while True:
        used = query("memory.used")
        if not used:
            return
        most = max(most, int(used[0]))
        pathlib.Path(target).write_text(str(most))
        time.sleep(0.25)


def ready(log: str, pid: str) -> None:
    """Waits for embedd's line "ready", and prints it."""
    while True:
        for line in pathlib.Path(log).read_text(errors="replace").splitlines():
            if line.startswith("{") and json.loads(line).get("msg") == "ready":
                print(line)
                return
        if not pathlib.Path(f"/proc/{pid}").exists():
            sys.exit("embedd ended before it served")
        time.sleep(0.1)


def read(work: pathlib.Path, name: str) -> dict:
    """One part: its end, and what it printed: the last line that is an object, else its last lines."""
    end = work / f"{name}.end"
    if not end.exists():
        return {"ok": False, "error": "was not run"}
    code, seconds = end.read_text().split()
    out = {"ok": code == "0", "seconds": float(seconds)}
    said = (work / f"{name}.out").read_text(errors="replace").splitlines()
    objects = [line for line in said if line.startswith("{")]
    if name == "golden":
        count = {word: sum(line.startswith(f"--- {word}: TestGolden") for line in said) for word in ("PASS", "FAIL", "SKIP")}
        out["tests"] = count
        out["failed"] = [line for line in said if line.startswith("--- FAIL")]
        out["ok"] = out["ok"] and count["PASS"] > 0
    elif objects:
        out["found"] = json.loads(objects[-1])
    else:
        out["said"] = said[-8:]
    if not out["ok"]:
        out["error"] = (work / f"{name}.err").read_text(errors="replace").splitlines()[-5:]
    peak = work / f"{name}.memory"
    if peak.exists():
        out["gpu_memory_mib"] = int(peak.read_text())
    return out


def gather(folder: str, target: str) -> None:
    work = pathlib.Path(folder)
    gpu = query("name,driver_version,memory.total")
    out = {"format": 1, "machine": platform.node(), "processors": os.cpu_count(), "gpu": gpu, "engine": os.environ["HIVES_ENGINE"],
           "plugin": os.environ.get("HIVES_PJRT_PLUGIN", "installed"), "parts": {name: read(work, name) for name in PARTS}}  # fmt: skip
    part = pathlib.Path(target).with_suffix(".part")
    part.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
    part.replace(target)
    failed = [name for name, p in out["parts"].items() if not p["ok"]]
    if failed:
        sys.exit("these parts failed: " + ", ".join(failed))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
