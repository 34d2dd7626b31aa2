#!/usr/bin/env python3
"""Train the demo's byte-level BPE tokenizer on the demo's own sample, the same file on every run.

    python3 -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    VENV/bin/python scripts/make_demo_tokenizer.py demo/data demo/model

The parts are Qwen3's: NFC, its splitting pattern, byte-level BPE without an unknown token, then the
control tokens above the vocabulary. Counting pairs has no random part and ties go to the smaller ids, so
the result is a function of the texts. With --reference FILE it also writes texts with the ids that the
Python library gives, for the Go tests.
"""

import argparse
import csv
import html
import json
import pathlib
import random
import sys

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers

VERSION = "0.23.3"  # another release may break ties otherwise
ENTRIES = 8192  # the whole vocabulary, control tokens included

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# Qwen3's order: the end token first. The <think> pair is matched in text although it is not special.
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PLAIN_ADDED = ("<think>", "</think>")


def unescape(text):
    """HTML entities until nothing changes: the corpora hold doubly escaped ones (&amp;#039;)."""
    while (plain := html.unescape(text)) != text:
        text = plain
    return text


def read_tsv(path, *columns):
    with open(path, encoding="utf-8", newline="\n") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n")
        for row in rows:
            yield from (row[name] for name in columns)


def read_stories(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            story = json.loads(line)
            yield story["norm"]
            yield story.get("moral_action") or story.get("immoral_action")


def read_texts(data):
    """Every distinct text of the sample, in the order of the files."""
    sources = (
        read_tsv(data / "valueeval" / "arguments-training.tsv", "Premise", "Conclusion"),
        read_tsv(data / "mfrc" / "mfrc.tsv", "text"),
        read_tsv(data / "social_chem" / "social_chem.tsv", "action", "rot"),
        read_stories(data / "moral_stories" / "moral_stories.jsonl"),
    )
    texts = (unescape(text).strip() for source in sources for text in source)
    return list(dict.fromkeys(text for text in texts if text))


def train(texts, entries=ENTRIES):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=entries - len(SPECIAL) - len(PLAIN_ADDED),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in PLAIN_ADDED])
    if tokenizer.get_vocab_size() != entries:
        sys.exit("%d entries instead of %d" % (tokenizer.get_vocab_size(), entries))
    return tokenizer


def write_config(path):
    config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "eos_token": SPECIAL[0],
        "model_max_length": 256,
        "pad_token": SPECIAL[0],
        "padding_side": "left",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


# Texts no corpus has but every tokenizer meets: blanks, marks, other scripts, control tokens, a NUL.
HAND = (
    "", " ", "   ", "\n", " \n\n  x", "a\r\nb", "tab\tand  two", "it's I'M we'LL they'd'VE", "12345 6.7",
    "cafe\u0301 caf\u00e9", "\U00010049\u0307", "a\u0000b", "\u01c5 \u2160 \u00b2 \u0663", "日本語のテキスト",
    "👩‍👩‍👧 🏳️‍🌈", "नमस्ते दुनिया", "مرحبا", "<|endoftext|>", "a<think>b</think> c", "<|im_start|>user\nhi<|im_end|>",
    "\u212b\u2126", "\u0344", "x\u00a0\u3000y \u0085 z", "  lead", "trail  ", "'\u017f 'S", "ﬁ", "各", "\ufeffbom",
)


def variants(tokenizer):
    """The tokenizer with the pre-tokenisers of other families, whose ids the Go tests also know."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    yield "qwen", tokenizer
    for name, pre_tokenizer in (
        ("gpt2", byte_level),
        ("smollm2", pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])),
    ):
        other = Tokenizer.from_str(tokenizer.to_str())
        other.pre_tokenizer = pre_tokenizer
        yield name, other


def write_reference(path, tokenizer, texts, seed=20260101):
    """JSON lines of [variant, text, ids]: the hand-written cases, then real texts."""
    drawn = random.Random(seed).sample(texts, 300)
    # Long comments are left out so that the file stays small.
    short = [text for text in drawn if len(text) <= 400]
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for name, variant in variants(tokenizer):
            for text in (*HAND, *(short if name == "qwen" else short[:40])):
                ids = variant.encode(text, add_special_tokens=False).ids
                out.write(json.dumps([name, text, ids], separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--reference", type=pathlib.Path)
    args = parser.parse_args()
    if tokenizers.__version__ != VERSION:
        sys.exit("tokenizers %s is needed, not %s" % (VERSION, tokenizers.__version__))
    texts = read_texts(args.data)
    tokenizer = train(texts)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"), pretty=False)
    write_config(args.out / "tokenizer_config.json")
    if args.reference:
        write_reference(args.reference, tokenizer, texts)
    ids = sum(len(e.ids) for e in tokenizer.encode_batch(texts))
    size = sum(len(t.encode()) for t in texts)
    print("%d texts, %d bytes, %.2f bytes an id" % (len(texts), size, size / ids))


if __name__ == "__main__":
    main()
