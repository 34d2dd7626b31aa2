#!/usr/bin/env python3
"""Hold the WordPiece tokenizer to the reference library over real and hostile texts: no id may differ.

    python3 -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    VENV/bin/python scripts/compare_wordpiece.py tokenizer.json FOLDER [FOLDER …]      # a minute

Texts are every line of every file under the folders, every code point of Unicode, and random mixtures of what
has broken tokenizers. They are compared as the file stands; the hostile ones again under every combination of
the normaliser's options, and with added tokens that are matched after normalisation. At the end both
libraries encode the real lines on one thread, in turns.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = "0.23.3"
SEED = 3
ROUNDS = 5
CODES = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
SPECIAL = ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "[mask]", "[ MASK ]", "[CLS", "CLS]", "##ing", "[unused1]"]
AWKWARD = [
    "\0", "\ufffd", "\ufeff", "\u200b", "\u200d", "\xad", "\x0b", "\x85", "\u2028", "\u3000", "\t", "\r\n", "\x7f", "\x9f",
    "\ue000", "\u0378", "\U000e0001", "\U0010ffff", "\U000f0000", "e\u0301", "\u0301", "a\u0323\u0301", "\u0344", "\u0130",
    "\u1e9e", "\xdf", "\u01c5", "\u03a3\u03c3\u03c2", "\ufb01", "\uac00", "\u1100\u1161\u11a8", "\u212b", "\u302e", "\u093e",
    "\U0001d165\U0001d16e", "\U00016ff0", "\u20dd", "\u4e2d\u6587", "\u3042\u30ab", "\ua960", "\U00020000", "\uf900", "\U0002f800",
    "!?", "\u2019", "\u2014", "\xbf", "$%", "^`~|", "\u0e3f", "\U0001f469\u200d\U0001f467", "\u0950", "\u0660", "\u2167",
]


def real_texts(folders):
    texts = []
    for folder in folders:
        for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file()):
            texts += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [t for t in texts if t]


def hostile_texts(words):
    rng = random.Random(SEED)
    texts = ["", " ", "\0", "x" * 100, "x" * 101, "x" * 100_000, "\u0301" * 5000, "\u4e2d" * 300, "a\u0323\u0301" * 60]
    texts += ["a%sb %s" % (c, c) for c in CODES[:0x3000]]
    for at in range(0, len(CODES), 64):  # every code point: between letters, between blanks, side by side
        some = CODES[at : at + 64]
        texts += ["".join("a%sb " % c for c in some), " ".join(some), "".join(some)]
    for _ in range(30_000):
        parts = []
        for _ in range(rng.randrange(1, 25)):
            kind = rng.randrange(8)
            parts.append(
                rng.choice(SPECIAL) if kind == 0
                else rng.choice(AWKWARD) if kind < 3
                else rng.choice(CODES) if kind == 3
                else chr(rng.randrange(0x20, 0x500)) if kind == 4
                else rng.choice(words) * rng.choice([1, 1, 1, 30]) if kind == 5
                else rng.choice(" \t.,'-")
                if kind == 6
                else rng.choice(words).title()
            )
        texts.append("".join(parts))
    return texts


def ours(path, texts):
    """Answers of the Go side, and the seconds it took to encode."""
    lines = "\n".join(json.dumps(t) for t in texts) + "\n"
    ran = subprocess.run([BINARY, str(path)], input=lines.encode(), capture_output=True)
    if ran.returncode:
        sys.exit(ran.stderr.decode())
    return [json.loads(l) for l in ran.stdout.splitlines()], float(ran.stderr)


def byte_places(text, offsets):
    """The library counts characters, we count bytes."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[a], at[b]] for a, b in offsets]


def compare(name, path, texts):
    library = tokenizers.Tokenizer.from_file(str(path))
    library.no_padding()
    library.no_truncation()
    wrong, places, untold = 0, 0, 0
    for text, got in zip(texts, ours(path, texts)[0], strict=True):
        want = library.encode(text, add_special_tokens=False)
        framed = library.encode(text).ids
        if (got["ids"] or []) != want.ids or got["framed"] != framed:
            wrong += 1
            print("%s: %r\n ours    %s\n library %s" % (name, text[:200], got["ids"][:40], want.ids[:40]))
            if wrong == 5:
                sys.exit(1)
        if got["places"] is None:
            untold += bool(want.ids)
        else:
            places += got["places"] != byte_places(text, want.offsets)
    print("%s: %d texts, %d differ; places differ in %d, untold in %d" % (name, len(texts), wrong, places, untold), flush=True)
    return wrong


def variants(path, folder):
    """The file under other options of its normaliser, and with further added tokens."""
    whole = json.loads(pathlib.Path(path).read_text())
    for clean in (True, False):
        for ideographs in (True, False):
            for strip in (None, True, False):
                for lower in (True, False):
                    options = {"clean_text": clean, "handle_chinese_chars": ideographs, "strip_accents": strip, "lowercase": lower}
                    yield options, {**whole, "normalizer": {"type": "BertNormalizer", **options}}
    more = [
        {"id": len(whole["model"]["vocab"]) + i, "content": c, "normalized": True, "special": False,
         "single_word": False, "lstrip": False, "rstrip": False}
        for i, c in enumerate(["[ MASK ]", "Caf\xe9", "cafex", "\u4e2d\u6587"])
    ]
    yield "added tokens", {**whole, "added_tokens": whole["added_tokens"] + more}


def race(path, texts):
    library = tokenizers.Tokenizer.from_file(str(path))
    library.no_padding()
    library.no_truncation()
    megabytes = sum(len(t.encode()) for t in texts) / 1e6
    best = [0.0, 0.0]
    for _ in range(ROUNDS):
        best[0] = max(best[0], megabytes / ours(path, texts)[1])
        began = time.perf_counter()
        for text in texts:
            library.encode(text, add_special_tokens=False)
        best[1] = max(best[1], megabytes / (time.perf_counter() - began))
    print("one thread, best of %d turns over %.1f MB: ours %.1f MB/s, tokenizers %.1f MB/s" % (ROUNDS, megabytes, *best))


def main(path, folders):
    if tokenizers.__version__ != VERSION:
        sys.exit("tokenizers %s is needed, not %s" % (VERSION, tokenizers.__version__))
    real = real_texts(folders)
    words = random.Random(SEED).sample(sorted({w for t in real[::7] for w in t.split()}), 2000)
    hostile = hostile_texts(words)
    wrong = compare("real", path, real) + compare("hostile", path, hostile)
    with tempfile.TemporaryDirectory() as folder:
        variant = pathlib.Path(folder) / "tokenizer.json"
        for name, content in variants(path, folder):
            variant.write_text(json.dumps(content))
            wrong += compare(str(name), variant, hostile[::3] + hostile[-1000:])
    race(path, real)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as built:
        BINARY = str(pathlib.Path(built) / "encodetexts")
        subprocess.run(["go", "build", "-o", BINARY, "./scripts/encodetexts"], cwd=ROOT, check=True)
        main(sys.argv[1], sys.argv[2:])
