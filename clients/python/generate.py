"""Writes the stubs of proto/hives/v1, those of its drafts in v1alpha1, and the retry policy into the package.

    python generate.py [TARGET]      # by default src/hives_embed

protoc's Python imports are absolute by the path of the .proto file, which would claim the name "hives" for this
package alone; they are made relative. Run it through make proto-python, whose generator is pinned.
"""

import re
import shutil
import sys
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"
FILES = {"v1": ["common", "embed", "values"], "v1alpha1": ["intensity", "profile"]}


def relative(source: str) -> str:
    """Turns "from hives.v1 import x" into "from . import x"."""
    return re.sub(r"^from hives\.v1(alpha1)? import ", "from . import ", source, flags=re.MULTILINE)


def main(target: Path) -> None:
    out = target / "_proto"
    out.mkdir(parents=True, exist_ok=True)
    well_known = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{well_known}"]
    arguments += [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    files = [f"hives/{version}/{name}.proto" for version, names in FILES.items() for name in names]
    if protoc.main(arguments + files) != 0:
        raise SystemExit("protoc refuses the files")
    for made in sorted(path for version in FILES for path in (out / "hives" / version).iterdir()):
        if made.name == "common_pb2_grpc.py":  # it has no service
            continue
        (out / made.name).write_text(relative(made.read_text()))
    shutil.rmtree(out / "hives")
    (out / "__init__.py").write_text('"""Generated from proto/hives by generate.py; never edited."""\n')
    shutil.copyfile(PROTO / "hives" / "v1" / "service_config.json", target / "service_config.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "src" / "hives_embed")
