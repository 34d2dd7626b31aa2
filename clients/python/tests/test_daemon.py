"""The client against a running embedd with the demo's shape and random weights."""

from __future__ import annotations

import threading
from pathlib import Path

import hives_embed
import numpy as np
import pytest
from conftest import start
from hives_embed import Client

TEXTS = [f"Text {n}: she told {'the whole ' * (n % 7)}truth." for n in range(30)]


@pytest.fixture(scope="module")
def client(daemon: str) -> Client:
    return Client(daemon)


def test_info_tells_the_model(client: Client) -> None:
    info = client.info()
    assert info.model.dimension == 128 and len(info.model.weights_sha256) == 64
    assert info.limits.max_texts == 8 and info.server.startswith("embedd")


def test_vectors_are_unit_rows_in_order(client: Client) -> None:
    together = client.embed(TEXTS)  # four requests
    assert together.shape == (30, 128) and together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.stack([client.embed([text])[0] for text in TEXTS[:5]])
    assert np.abs(together[:5] - alone).max() < 1e-5
    assert np.abs(together[0] - together[1]).max() > 1e-3  # the comparison can fail
    assert np.abs(np.stack(list(client.embed_iter(iter(TEXTS)))) - together).max() < 1e-5


def test_encodings_and_dimensions(client: Client) -> None:
    whole = client.embed(TEXTS[:3])
    short = client.embed(TEXTS[:3], dimensions=16)
    cut = whole[:, :16] / np.linalg.norm(whole[:, :16], axis=1, keepdims=True)
    assert np.abs(short - cut).max() < 1e-5
    assert np.abs(client.embed(TEXTS[:3], encoding="f16") - whole).max() < 1e-3
    assert np.abs(client.embed(TEXTS[:3], encoding="int8") - whole).max() < np.abs(whole).max() / 127
    bits = client.embed(TEXTS[:3], encoding="binary")
    assert bits.dtype == np.uint8 and np.array_equal(bits, np.packbits(whole > 0, axis=1))
    raw = client.embed(TEXTS[:3], normalize=False)
    assert np.abs(raw / np.linalg.norm(raw, axis=1, keepdims=True) - whole).max() < 1e-5


def test_ids_are_the_text(client: Client) -> None:
    ids = client.tokenize(TEXTS)
    assert len(ids) == 30 and len({row[-1] for row in ids}) == 1  # the end token
    assert np.abs(client.embed(ids) - client.embed(TEXTS)).max() < 1e-5
    prompted = client.tokenize(TEXTS[:1], prompt="Query: ")
    assert prompted != ids[:1]
    assert np.abs(client.embed(prompted) - client.embed(TEXTS[:1], prompt="Query: ")).max() < 1e-5


def test_scores_are_ordered_and_signed(client: Client) -> None:
    scores = client.score_texts(TEXTS[:10], theories=["mft"], top_k=4)
    assert len(scores) == 10
    for row in scores:
        assert len(row) == 4
        assert [s.strength for s in row] == sorted((s.strength for s in row), reverse=True)
        for s in row:
            assert s.theory == "mft" and s.value_id.startswith("mft/")
            if s.kind == "directional":
                assert s.stance == ("supports" if s.cosine > 0 else "opposes")
                assert s.strength == pytest.approx(abs(s.cosine))
            else:
                assert (s.kind, s.stance) == ("prototype", "unsigned")
            assert (s.answer, s.about, s.supports, s.percentile) == ("unsure", None, None, None)  # nothing was held out
    with pytest.raises(hives_embed.Mismatch):
        client.score_texts(TEXTS[:1], theories=["mft"], require_sign=True)


def test_the_nearest_value_of_a_training_text(client: Client) -> None:
    near = client.nearest_values("She nursed the stray dog back to health.", theories=["mft"], top_k=3)
    assert [n.cosine for n in near] == sorted((n.cosine for n in near), reverse=True)
    far = client.nearest_values("She nursed the stray dog back to health.", theories=["mft"], opposing=True, top_k=3)
    assert far[0].cosine < near[0].cosine
    vector = client.embed(["She nursed the stray dog back to health."])[0]
    again = client.nearest_values(vector=vector, theories=["mft"], top_k=3)
    assert [n.value_id for n in again] == [n.value_id for n in near]
    other = client.nearest_values(value_id=near[0].value_id, cross_theory=True)
    assert other and all(n.theory != "mft" for n in other)
    with pytest.raises(hives_embed.NotFound):
        client.nearest_values(value_id="mft/no-such")
    with pytest.raises(ValueError):
        client.nearest_values("a text", value_id="mft/care-harm")


def test_refusals_name_the_reason_and_no_text(client: Client) -> None:
    for bad, reason in ((["canary-5d1e", ""], "EMPTY_TEXT"), ([[99999999]], "UNKNOWN_ID")):
        with pytest.raises(hives_embed.InvalidRequest) as caught:
            client.embed(bad)
        assert caught.value.reason == reason and "canary" not in str(caught.value)
    with pytest.raises(hives_embed.InvalidRequest):
        client.embed(["word " * 2000], refuse_overlong=True)
    assert client.embed(["word " * 2000]).shape == (1, 128)


def test_many_threads_share_a_client(client: Client) -> None:
    want = client.embed(TEXTS)
    worst: list[float] = []

    def work() -> None:
        for _ in range(5):
            worst.append(float(np.abs(client.embed(TEXTS) - want).max()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(worst) == 20 and max(worst) < 1e-5


def test_a_daemon_that_ends_is_unavailable(model: Path, tmp_path: Path) -> None:
    process, target = start(["--model", str(model), "--admin-listen", ""], tmp_path / "log")
    with Client(target, timeout=30) as client:
        assert client.embed(["x"]).shape == (1, 128)
        process.terminate()
        assert process.wait(timeout=60) == 0
        with pytest.raises(hives_embed.Unavailable):
            client.embed(["x"])
