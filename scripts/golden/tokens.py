"""b_tokenizer and i_bert's WordPiece: small tokenizers trained on the demo's rows, and the ids of Hugging Face tokenizers."""

import collections
import hashlib
import pathlib
import random
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from common import write_json

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from compare_wordpiece import AWKWARD, SPECIAL as MARKS_IN_TEXT  # noqa: E402
from make_demo_tokenizer import HAND, SPECIAL, read_texts, train  # noqa: E402

ENTRIES = 1500
MAX_LENGTH = 48  # of the cut ids and, halved, of the padded batch
END = SPECIAL[0]
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def draw_texts(seed):
    """(source, text): the demo's rows, then random mixtures of what has broken tokenizers."""
    rng = random.Random(seed)
    real = read_texts(ROOT / "demo" / "data")
    drawn = rng.sample(real, 130)
    words = [word for text in drawn for word in text.split()]
    found = [("demo", text[:300]) for text in drawn] + [("long", " ".join(rng.sample(words, 120)))]
    found += [("hand", text) for text in (*HAND, *AWKWARD, *MARKS_IN_TEXT)]
    for _ in range(70):
        parts = [rng.choice((rng.choice(words), rng.choice(AWKWARD), rng.choice(HAND), code_point(rng))) for _ in range(rng.randrange(1, 12))]
        found.append(("random", rng.choice(("", " ", "-")).join(parts)))
    return found


def code_point(rng):
    """Any code point but the surrogates, half of them of the first planes' beginnings."""
    while True:
        c = rng.randrange(0x3000) if rng.random() < 0.5 else rng.randrange(0x110000)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def encode(tokenizer, text, special):
    return tokenizer.encode(text, add_special_tokens=special).ids


def write_bytes_pairs(out, seed):
    tokenizer = train(read_texts(ROOT / "demo" / "data"), ENTRIES)
    end = tokenizer.token_to_id(END)
    template = processors.TemplateProcessing(single="$A " + END, pair="$A %s $B %s" % (END, END), special_tokens=[(END, end)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    path = out / "b_tokenizer" / "tokenizer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path), pretty=False)

    texts = draw_texts(seed)
    items = [dict(source=s, text=t, ids=encode(tokenizer, t, False), ids_eos=encode(tokenizer, t, True)) for s, t in texts]
    tokenizer.enable_truncation(MAX_LENGTH)
    for item in items:
        item["ids_eos_max256"] = encode(tokenizer, item["text"], True)
    write_json(path.with_name("texts.json"), dict(
        tokenizer_sha256=hashlib.sha256(path.read_bytes()).hexdigest(), tokenizers_version=tokenizers.__version__,
        eos_id=end, pad_id=end, max_length=MAX_LENGTH, items=items,
    ))  # fmt: skip
    write_padded(path.with_name("padded_batch.json"), tokenizer, end, [t for _, t in texts[:9]] + [""])


def write_padded(path, tokenizer, end, texts):
    tokenizer.enable_truncation(MAX_LENGTH // 2)
    tokenizer.enable_padding(direction="left", pad_id=end, pad_token=END)
    batch = tokenizer.encode_batch(texts)
    write_json(path, dict(
        max_length=MAX_LENGTH // 2, padding="longest, left", pad_id=end, texts=texts,
        input_ids=[e.ids for e in batch], attention_mask=[e.attention_mask for e in batch],
    ))  # fmt: skip


def pieces(words=500, ends=250):
    """The marks, every letter, then the commonest words and ends of words; the library's trainer draws its order anew."""
    normalize, split = normalizers.BertNormalizer().normalize_str, pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    seen, tails = collections.Counter(), collections.Counter()
    for text in read_texts(ROOT / "demo" / "data"):
        for word, _ in split(normalize(text)):
            seen[word] += 1
            tails.update("##" + word[-n:] for n in (2, 3, 4) if len(word) > n)
    letters = sorted({letter for word in seen for letter in word})
    found = MARKS + letters + ["##" + letter for letter in letters]
    for counts, most in ((seen, words), (tails, ends)):
        found += sorted(counts, key=lambda piece: (-counts[piece], piece))[:most]
    return {piece: i for i, piece in enumerate(dict.fromkeys(found))}


def write_wordpiece(out, seed, cut=24):
    tokenizer = Tokenizer(models.WordPiece(pieces(), unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in MARKS])
    around = [(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=around)
    path = out / "i_bert" / "tokenizer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path), pretty=False)

    items = []
    for source, text in draw_texts(seed + 1):
        items.append(dict(source=source, text=text, ids=encode(tokenizer, text, False), ids_special=encode(tokenizer, text, True)))
    tokenizer.enable_truncation(cut)
    for item in items:
        item["ids_special_max%d" % cut] = encode(tokenizer, item["text"], True)
    write_json(path.with_name("wordpiece.json"), {"texts": items})


def write(out, seed):
    write_bytes_pairs(out, seed)
    write_wordpiece(out, seed)
