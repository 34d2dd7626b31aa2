#!/usr/bin/env python3
"""Cut the demo's sample out of the shared corpora, byte for byte the same on every run.

    scripts/make_demo_data.py SHARED_DATA_FOLDER demo/data

Nothing is drawn at random: every row that can become a training row is kept, and what the importers
never read is left out, so the sample stays under 5 MB with the corpora's own layout. Re-run it after a
corpus changes, then compare the folder with git diff.
"""

import pathlib
import shutil
import sys

BUDGET_BYTES = 4_500_000  # leaves room for the demo's tokenizer under the 5 MB of the whole demo

# Foundations of the MFRC table; Non-Moral and Thin Morality name no node of the hierarchy.
FOUNDATIONS = ("Equality", "Care", "Authority", "Loyalty", "Proportionality", "Purity")
MIN_ANNOTATORS = 2  # the importer's rule: a label that two annotators chose

# Columns of Social Chemistry that the importers read; the others keep their header and become empty.
SOCIAL_CHEM_COLUMNS = ("rot-agree", "rot-moral-foundations", "action", "action-moral-judgment", "rot")


def read_tsv(path):
    """Header and rows of a file without quoting; only a line feed ends a line."""
    with open(path, encoding="utf-8", newline="\n") as lines:
        table = [line.rstrip("\n").split("\t") for line in lines]
    return table[0], table[1:]


def write_tsv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for row in [header, *rows]:
            out.write("\t".join(row) + "\n")


def copy_whole(source, target, *names):
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


def cut_mfrc(source, target):
    """Keep the comments for which at least one foundation was chosen often enough."""
    header, rows = read_tsv(source / "mfrc.tsv")
    at = [header.index(name) for name in FOUNDATIONS]
    kept = [row for row in rows if any(int(row[i]) >= MIN_ANNOTATORS for i in at)]
    target.mkdir(parents=True, exist_ok=True)
    write_tsv(target / "mfrc.tsv", header, kept)
    return len(kept), len(rows)


def cut_social_chem(source, target):
    """Keep the rows that name a foundation, with the columns nobody reads made empty."""
    header, rows = read_tsv(source / "social_chem.tsv")
    foundations = header.index("rot-moral-foundations")
    read = {header.index(name) for name in SOCIAL_CHEM_COLUMNS}
    kept = [
        [cell if i in read else "" for i, cell in enumerate(row)]
        for row in rows
        if row[foundations]
    ]
    target.mkdir(parents=True, exist_ok=True)
    write_tsv(target / "social_chem.tsv", header, kept)
    return len(kept), len(rows)


def main(source, target):
    names = ("arguments-training.tsv", "labels-training.tsv", "value-categories.json")
    copy_whole(source / "valueeval", target / "valueeval", *names)
    copy_whole(source / "moral_stories", target / "moral_stories", "moral_stories.jsonl")
    print("mfrc: %d of %d rows" % cut_mfrc(source / "mfrc", target / "mfrc"))
    print("social_chem: %d of %d rows" % cut_social_chem(source / "social_chem", target / "social_chem"))
    size = sum(f.stat().st_size for f in target.rglob("*") if f.is_file())
    print("%d bytes in all" % size)
    if size > BUDGET_BYTES:
        sys.exit("the sample is over %d bytes: cut it further" % BUDGET_BYTES)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
