"""Ids by the library tokenizers, which is written in Rust: TOKENIZER TEXTS."""

import sys

import tokenizers
from common import lines, serve

PASSES = 5  # over the texts in a turn, as bench/tokens.go has it


def main(path, texts):
    tokenizer, texts = tokenizers.Tokenizer.from_file(path), lines(texts)
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def turn(_):
        for _ in range(PASSES):
            rows = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [i for row in rows for i in row.ids]

    serve(f"tokenizers {tokenizers.__version__}", turn)


main(*sys.argv[1:])
