"""What is committed is what the .proto files and the policy give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def test_stubs_and_policy_are_current(tmp_path: Path) -> None:
    subprocess.run([sys.executable, HERE / "generate.py", tmp_path], check=True)
    package = HERE / "src" / "hives_embed"
    names = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert Path("service_config.json") in names and Path("_proto/embed_pb2.py") in names
    for name in names:
        assert (package / name).read_bytes() == (tmp_path / name).read_bytes(), f"{name}: run make proto-python"
    committed = {p.relative_to(package) for p in (package / "_proto").iterdir() if p.is_file()}
    assert committed <= set(names), "files that no .proto gives any more"
