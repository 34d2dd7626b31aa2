"""The careful half of install_pjrt.sh: brings pinned wheels by pip and unpacks them into the cache.

Nothing appears under its final name before its bytes are verified and on disk, so a stopped or a second,
simultaneous installation leaves no half of a library (which would kill the process that maps it).
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

CHUNK = 1 << 20


def say(text):
    print(f"install_pjrt: {text}", file=sys.stderr, flush=True)


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(CHUNK):
            h.update(block)
    return h.hexdigest()


@contextlib.contextmanager
def locked(folder):
    """One installation at a time; the kernel frees the lock of a killed one."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def is_installed(folder, pin):
    plugin, note = folder / "plugin.so", folder / "manifest.json"
    if not (plugin.is_file() and note.is_file()):
        return False
    if digest(plugin) == pin["plugin_sha256"]:
        return True
    say(f"{plugin} is damaged: installing it afresh")
    return False


def pip_download(requirements, into):
    """Runs the registry's own client; it refuses every file whose hash is not in requirements."""
    listing = into / "requirements.txt"
    listing.write_text("\n".join(requirements) + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(into),
               "--requirement", str(listing)]
    if subprocess.run(command).returncode != 0:
        sys.exit("install_pjrt: pip download did not bring what is pinned: see pip's message above")
    return sorted(into.glob("*.whl"))


def requirement(pin):
    return f"{pin['package']}=={pin['version']} --hash=sha256:{pin['wheel_sha256']}"


def unpack_plugin(wheel, pin, folder):
    """Writes plugin.so, manifest.json and the wheel's licences into the empty folder."""
    plugin = folder / "plugin.so"
    with zipfile.ZipFile(wheel) as archive:
        with archive.open(pin["member"]) as source, open(plugin, "wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
            target.flush()
            os.fsync(target.fileno())
        for name in archive.namelist():
            if "license" in name.lower() and not name.endswith("/"):
                (folder / ("wheel-" + pathlib.PurePath(name).name)).write_bytes(archive.read(name))
    got = digest(plugin)
    if got != pin["plugin_sha256"]:
        sys.exit(f"install_pjrt: {pin['member']} has SHA-256 {got}, pinned is {pin['plugin_sha256']}")
    note = {"format": 1, "package": pin["package"], "version": pin["version"],
            "wheel_sha256": pin["wheel_sha256"], "plugin_sha256": got, "bytes": plugin.stat().st_size}
    (folder / "manifest.json").write_text(json.dumps(note, indent=2) + "\n")


def install(pin, parent):
    """Brings, verifies and moves one plugin into parent/version."""
    final = parent / pin["version"]
    with locked(parent), tempfile.TemporaryDirectory(prefix=".new-", dir=parent) as scratch:
        if is_installed(final, pin):  # another process was quicker
            return
        say(f"bringing {pin['package']} {pin['version']} with pip …")
        scratch = pathlib.Path(scratch)
        wheel, = pip_download([requirement(pin)], scratch)
        say("unpacking and verifying …")
        staged = scratch / "staged"
        staged.mkdir()
        unpack_plugin(wheel, pin, staged)
        if final.exists():
            final.rename(scratch / "damaged")
        staged.rename(final)
    say(f"installed {final / 'plugin.so'}")


def install_libs(listing, parent):
    """Unpacks NVIDIA's wheels to parent/nvidia, where the plugin's RPATH looks ($ORIGIN/../nvidia)."""
    lines = [l for l in pathlib.Path(listing).read_text().splitlines() if l and not l.startswith("#")]
    final, stamp = parent / "nvidia", "\n".join(lines)
    with locked(parent), tempfile.TemporaryDirectory(prefix=".new-", dir=parent) as scratch:
        mark = final / ".installed"
        if mark.is_file() and mark.read_text() == stamp:
            say(f"NVIDIA's libraries are in {final}")
            return
        say(f"bringing {len(lines)} NVIDIA wheels with pip (gigabytes) …")
        scratch = pathlib.Path(scratch)
        staged = scratch / "staged"
        for wheel in pip_download(lines, scratch):
            say(f"unpacking {wheel.name}")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(staged)
            wheel.unlink()
        restore_executables(staged / "nvidia")
        (staged / "nvidia" / ".installed").write_text(stamp)
        if final.exists():
            final.rename(scratch / "old")
        (staged / "nvidia").rename(final)
    say(f"installed {final}")


def restore_executables(folder):
    """zipfile drops the mode bits; ptxas and its neighbours are run by the plugin."""
    for tool in folder.glob("**/bin/*"):
        if tool.is_file():
            tool.chmod(0o755)


def main():
    action, listing, cache, kind = sys.argv[1:5]
    parent = pathlib.Path(cache).absolute() / "pjrt" / kind
    if action == "libs":
        return install_libs(listing, parent)
    pin = json.loads(pathlib.Path(listing).read_text())[kind]
    if action == "install":
        return install(pin, parent)
    if not is_installed(parent / pin["version"], pin):
        sys.exit(1)


main()
