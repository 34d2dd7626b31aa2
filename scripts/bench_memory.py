#!/usr/bin/env python3
"""Peak memory of import, merge, stats and card over synthetic rows.

    make build && nice scripts/bench_memory.py bin/hives [rows …]

Writes made-up texts in the form of the VALUEFLOW authors' CSV (one in ten is a repeated text, one in a hundred of
those contradicts), runs each command as a process of its own and prints its peak resident memory and seconds.
"""
import os, sys, tempfile, time

PATHS = [("mft", "care/harm", "kindness"), ("pvq", "conservation", "tradition"), ("duty", "fidelity", ""),
         ("right", "first_generation", "civil_rights"), ("pvq", "openness to change", "hedonism")]
WORDS = "we asked her to keep what was promised although nobody else would have known about the long way home".split()


def corpus(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.write("text,theory,level_1,level_2,level_3,direction,selected_individual,selected_anchor\n")
        for i in range(rows):
            text = i if i % 10 else i // 20  # every tenth repeats an earlier one
            words = " ".join(WORDS[(text * k + k) % len(WORDS)] for k in range(1, 15))
            theory, one, two = PATHS[text % len(PATHS)]
            direction = -1 if i % 1000 == 0 else 1
            out.write(f"case {text}: {words},{theory},{one},{two},,{direction},{text % 400},{text % 500}\n")


def measure(*command):
    start = time.time()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: status {status}")
    return usage.ru_maxrss / 1024, time.time() - start  # MiB on Linux, seconds


def main():
    hives = os.path.abspath(sys.argv[1])
    print("| rows | import | merge | stats | card |\n|---|---|---|---|---|")
    for rows in [int(n) for n in sys.argv[2:]] or [10_000, 100_000, 1_000_000]:
        with tempfile.TemporaryDirectory() as tmp:
            os.mkdir(f"{tmp}/in")
            corpus(f"{tmp}/in/rows.csv", rows)
            a = f"{tmp}/a.parquet"
            cells = [measure(hives, "import", "valueflow", "--in", f"{tmp}/in", "--out", a),
                     measure(hives, "data", "merge", a, a, "--out", f"{tmp}/b.parquet"),
                     measure(hives, "data", "stats", a),
                     measure(hives, "data", "card", a)]
        print(f"| {rows:,} | " + " | ".join(f"{mib:.0f} MiB, {s:.1f} s" for mib, s in cells) + " |", flush=True)


main()
