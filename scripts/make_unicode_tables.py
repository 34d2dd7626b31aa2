#!/usr/bin/env python3
"""Ask the reference library which Unicode it speaks, and write tokenizer/unicode.txt.

    python3 -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    VENV/bin/python scripts/make_unicode_tables.py tokenizer/unicode.txt     # about a minute

Ids depend on tables that the library takes from several places: its regular expressions (letters, numbers,
blanks), Rust (numeric characters of Digits, lower case), an old normaliser (marks and compositions of
Unicode 9) and old categories (what BERT drops and cuts at). Go's tables are of yet another version, so each
code point is asked for.
"""

import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

VERSION = "0.23.3"
CODES = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic, no table

nfd = normalizers.NFD().normalize_str
nfc = normalizers.NFC().normalize_str


def matching(pattern):
    """Code points that the library's engine matches with the pattern."""
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed")
    return [c for c in CODES if not split.pre_tokenize_str(chr(c))]


def numeric():
    digits = pre_tokenizers.Digits(individual_digits=True)
    return [c for c in CODES if len(digits.pre_tokenize_str("a" + chr(c))) == 2]


def bert(**on):
    """BertNormalizer with one step on and the others off."""
    steps = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**{**steps, **on}).normalize_str


def controls(blanks):
    """What clean_text drops; the blanks that it keeps become spaces, and no other character changes."""
    clean = bert(clean_text=True)
    dropped = [c for c in CODES if clean("a" + chr(c) + "b") == "ab"]
    gone, spaces = set(dropped), set(blanks)
    for c in CODES:
        kept = "" if c in gone else " " if c in spaces else chr(c)
        if clean("a" + chr(c) + "b") != "a" + kept + "b":
            sys.exit("clean_text does more to U+%04X than drop it or blank it" % c)
    return dropped


def ideographs():
    apart = bert(handle_chinese_chars=True)
    return [c for c in CODES if apart(chr(c)) != chr(c)]


def accents():
    strip = bert(strip_accents=True)
    return [c for c in CODES if strip(chr(c)) == ""]


def punctuation(blanks):
    """What BertPreTokenizer cuts out; it drops the blanks of the regular expressions."""
    cut, spaces, found = pre_tokenizers.BertPreTokenizer(), set(blanks), []
    for c in CODES:
        pieces = len(cut.pre_tokenize_str("a" + chr(c) + "b"))
        if (pieces == 2) != (c in spaces):
            sys.exit("BertPreTokenizer and the regular expressions disagree on U+%04X" % c)
        if pieces == 3:
            found.append(c)
    return found


def ranges(codes):
    """Ascending code points as inclusive ranges."""
    found = []
    for c in codes:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def decompositions():
    """Full canonical decompositions, Hangul syllables apart."""
    return {c: nfd(chr(c)) for c in CODES if c not in HANGUL and nfd(chr(c)) != chr(c)}


def compositions(decomposed):
    """(first, second) of every character that the library composes."""
    pairs = {}
    for c, parts in decomposed.items():
        if nfc(chr(c)) == chr(c):
            first, second = nfc(parts[:-1]), parts[-1]
            if len(first) != 1 or nfc(first + second) != chr(c):
                sys.exit("U+%04X does not compose from two characters" % c)
            pairs[c] = (ord(first), ord(second))
    return pairs


def combining_classes(decomposed):
    """Canonical combining class of every mark, found by which marks change places with it.

    Representatives of the classes come from Python's table; a mark belongs to the class with whose
    representative it keeps its place on either side.
    """
    overlay = "\u0334"  # class 1: moves before every mark of a higher class
    marks = [
        c
        for c in CODES
        if c not in decomposed
        and c not in HANGUL
        and (nfd(chr(c) + overlay) != chr(c) + overlay or nfd("\u0300" + chr(c)) != "\u0300" + chr(c))
    ]
    marks += [c for c in (0x334, 0x300) if c not in marks]
    representative = {}
    for c in marks:
        if unicodedata.combining(chr(c)):
            representative.setdefault(unicodedata.combining(chr(c)), chr(c))
    classes = {}
    for c in marks:
        fixed = [k for k, r in representative.items() if keeps_place(chr(c), r)]
        if len(fixed) != 1:
            sys.exit("U+%04X fits the classes %s" % (c, fixed))
        classes[c] = fixed[0]
    return classes


def keeps_place(a, b):
    return nfd(a + b) == a + b and nfd(b + a) == b + a


def lines():
    blanks = matching(r"\s")
    for letter, codes in (
        ("L", matching(r"\p{L}")), ("N", matching(r"\p{N}")), ("S", blanks), ("D", numeric()),
        ("X", controls(blanks)), ("K", ideographs()), ("A", accents()), ("B", punctuation(blanks)),
    ):
        for first, last in ranges(codes):
            yield "%s %X %X" % (letter, first, last)
    lower = bert(lowercase=True)
    for c in CODES:
        if lower(chr(c)) != chr(c):
            yield "W %X %s" % (c, " ".join("%X" % ord(x) for x in lower(chr(c))))
    decomposed = decompositions()
    classes = combining_classes(decomposed)
    for k in sorted(set(classes.values())):
        for first, last in ranges(sorted(c for c in classes if classes[c] == k)):
            yield "C %X %X %X" % (k, first, last)
    pairs = compositions(decomposed)
    for c in sorted(pairs):
        yield "P %X %X %X" % (c, *pairs[c])
    for c in sorted(set(decomposed) - set(pairs)):
        yield "M %X %s" % (c, " ".join("%X" % ord(x) for x in decomposed[c]))


HEADER = """\
# Characters as Hugging Face tokenizers %s sees them; made by scripts/make_unicode_tables.py, not by hand.
# Facts of the Unicode Character Database (Unicode License v3). Hexadecimal, ranges inclusive:
# L, N, S first last: letter, number, blank of the regular expressions; D: numeric for Digits;
# X, K, A, B first last: what BERT's steps drop, set between blanks, strip as accents, cut out as punctuation;
# W c parts...: lower case of c; C class first last: canonical combining class; P c a b: c composes from a and b;
# M c parts...: c decomposes into parts and never comes back."""


def main(path):
    if tokenizers.__version__ != VERSION:
        sys.exit("tokenizers %s is needed, not %s" % (VERSION, tokenizers.__version__))
    text = "\n".join([HEADER % VERSION, *lines()]) + "\n"
    pathlib.Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
