#!/usr/bin/env python3
"""Write tokenizer/testdata/wordpiece.json, a small WordPiece over the demo's rows, and the reference library's ids.

    VENV/bin/python scripts/make_wordpiece_testdata.py     # with tokenizers==0.23.3
"""

import json

from compare_wordpiece import AWKWARD, ROOT, SPECIAL, hostile_texts
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

OUT = ROOT / "tokenizer" / "testdata"
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
lines = (ROOT / "demo" / "data" / "valueeval" / "arguments-training.tsv").read_text(encoding="utf-8").splitlines()

tok = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
tok.normalizer = normalizers.BertNormalizer()
tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tok.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=600, special_tokens=MARKS, show_progress=False))
tok.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[(t, tok.token_to_id(t)) for t in ("[CLS]", "[SEP]")]
)
tok.enable_truncation(8)  # read over by every reader here
tok.save(str(OUT / "wordpiece.json"), pretty=False)
tok.no_truncation()

words = sorted({w for l in lines for w in l.split()})
hostile = [t for t in hostile_texts(words) if len(t) <= 80]
texts = lines[1:80] + AWKWARD + SPECIAL + hostile[:40] + hostile[-260:]
with open(OUT / "wordpiece_ids.jsonl", "w", encoding="utf-8") as f:
    for text in texts:
        plain = tok.encode(text, add_special_tokens=False)
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        places = [[at[a], at[b]] for a, b in plain.offsets]
        f.write(json.dumps([text, plain.ids, tok.encode(text).ids, places]) + "\n")
