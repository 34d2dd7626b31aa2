"""A daemon that serves the demo's model shape with random weights, and a server in this process that misbehaves."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
import pytest
from hives_embed import Client, Unavailable
from hives_embed._proto import common_pb2, embed_pb2, embed_pb2_grpc

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(os.environ.get("HIVES_BIN", ROOT / "bin"))
SEED = 20


def tensors(config: dict[str, int]) -> Iterator[tuple[str, np.ndarray]]:
    """The weights of a Qwen3 model: norms of one, the rest normal."""
    rng = np.random.default_rng(SEED)
    h, f, d = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    q, k = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    shapes = {
        "input_layernorm": [h], "post_attention_layernorm": [h], "self_attn.q_norm": [d], "self_attn.k_norm": [d],
        "self_attn.q_proj": [q, h], "self_attn.k_proj": [k, h], "self_attn.v_proj": [k, h], "self_attn.o_proj": [h, q],
        "mlp.gate_proj": [f, h], "mlp.up_proj": [f, h], "mlp.down_proj": [h, f],
    }  # fmt: skip
    everything = {"embed_tokens": [config["vocab_size"], h], "norm": [h]}
    for layer in range(config["num_hidden_layers"]):
        everything |= {f"layers.{layer}.{name}": shape for name, shape in shapes.items()}
    for name, shape in everything.items():
        value = np.ones(shape) if len(shape) == 1 else rng.normal(0, 0.05, shape)
        yield f"{name}.weight", value.astype("<f4")


def save(path: Path, named: Iterator[tuple[str, np.ndarray]]) -> None:
    """Writes safetensors: length of the header, header, numbers."""
    header, body = {}, b""
    for name, value in named:
        raw = value.tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(ROOT / "demo" / "model" / name, folder / name)
    save(folder / "model.safetensors", tensors(json.loads((folder / "config.json").read_text())))
    return folder


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def start(arguments: list[str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Starts embedd and waits until it serves."""
    program = BIN / "embedd"
    if not program.exists():
        pytest.fail(f"{program} is missing: run make test-python, or make build")
    address = f"127.0.0.1:{free_port()}"
    with log.open("wb") as out:
        daemon = subprocess.Popen([program, "--listen", address, *arguments], stderr=out, stdout=out, cwd=ROOT)
    for _ in range(600):
        if daemon.poll() is not None:
            break
        try:
            with Client(f"grpc://{address}", timeout=5) as client:
                client.info()
            return daemon, f"grpc://{address}"
        except Unavailable:
            time.sleep(0.2)
    daemon.kill()
    pytest.fail(f"embedd does not serve:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def daemon(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The target of a running embedd. Small limits make a handful of texts several requests."""
    folder = tmp_path_factory.mktemp("daemon")
    vectors = folder / "values.db"
    rows = Path(__file__).with_name("rows.csv")
    build = ["vectors", "build", "--model", model, "--data", rows, "--out", vectors, "--anchors", ""]
    build += ["--sides", "pooled", "--min-side", "1"]  # of a handful of rows nothing can be held out
    subprocess.run([BIN / "hives", *build], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    process, target = start(
        ["--model", str(model), "--vectors", str(vectors), "--max-texts", "8", "--admin-listen", ""],
        folder / "log",
    )
    yield target
    process.terminate()
    assert process.wait(timeout=60) == 0


class Fake(embed_pb2_grpc.EmbedServiceServicer):
    """Embeds a text as its length and place in the request; each call first does what plan says."""

    def __init__(self) -> None:
        self.plan: list[tuple[grpc.StatusCode, bytes] | str] = []
        self.requests: list[embed_pb2.EmbedRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.limits = embed_pb2.Limits(max_texts=4, max_length=64)

    def GetInfo(self, request: embed_pb2.GetInfoRequest, context: grpc.ServicerContext) -> embed_pb2.GetInfoResponse:
        return embed_pb2.GetInfoResponse(model=self.model("w"), limits=self.limits)

    def model(self, weights: str) -> common_pb2.ModelVersion:
        return common_pb2.ModelVersion(weights_sha256=weights, dimension=2)

    def Embed(self, request: embed_pb2.EmbedRequest, context: grpc.ServicerContext) -> embed_pb2.EmbedResponse:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        step = self.plan.pop(0) if self.plan else "w"
        if not isinstance(step, str):
            code, details = step
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
            context.abort(code, "the plan")
        if step == "sleep":
            time.sleep(1)
        texts = list(request.texts) or [ids.ids for ids in request.token_ids]
        found = [embed_pb2.Embedding(values=[len(text), i]) for i, text in enumerate(texts)]
        if step == "short":
            found = found[1:]
        return embed_pb2.EmbedResponse(embeddings=found, model=self.model("v" if step == "swapped" else "w"))


@pytest.fixture
def fake() -> Iterator[tuple[Fake, str]]:
    servicer = Fake()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    embed_pb2_grpc.add_EmbedServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"grpc://127.0.0.1:{port}"
    server.stop(0).wait()
