"""Responses scored by a running embedd against a database of four texts, by a judge in this process."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hives_embed
import pytest
from conftest import BIN, ROOT, start
from hives_embed import Client, Response

VALUE = "mft/care-harm"
UNREADABLE = "nobody can say"


class Judge(BaseHTTPRequestHandler):
    """Puts the longest text first: a rule that a test can follow. Of one text it says nothing usable."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = body["messages"][-1]["content"]
        texts: list[str] = []
        for line in user.splitlines():
            start = line.find('["')
            if start >= 0:
                try:
                    found = json.loads(line[start:])
                except ValueError:
                    continue
                if len(found) == 4:
                    texts = found
        letters = sorted("ABCD"[: len(texts)], key=lambda letter: -len(texts["ABCD".index(letter)]))
        said = "I cannot say." if UNREADABLE in texts else json.dumps({"order": letters})
        answer = {
            "id": "1", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        }  # fmt: skip
        raw = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def scoring(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The target of an embedd that scores."""
    folder = tmp_path_factory.mktemp("scores")
    judge = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    threading.Thread(target=judge.serve_forever, daemon=True).start()
    database, settings = folder / "vidb.db", folder / "judges.toml"
    hives = [str(BIN / "hives"), "vidb"]
    rows = str(Path(__file__).with_name("rows.csv"))
    pool = [*hives, "pool", "--rows", rows, "--value", VALUE, "--out", str(database)]
    subprocess.run(pool, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    build = [*hives, "build", "--vidb", str(database), "--judge", "annotations", "--ties", "half"]
    subprocess.run(build, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    settings.write_text(
        f'[budget]\ntokens = 100000\n[[endpoints]]\nname = "e"\nbase_url = "http://127.0.0.1:{judge.server_port}/v1"\n'
        '[[voters]]\nname = "longest"\nendpoint = "e"\nmodel = "m"\n'
    )
    arguments = ["--model", str(model), "--vidb", str(database), "--judges", str(settings)]
    arguments += ["--votes", str(folder / "votes.db"), "--admin-listen", ""]
    process, target = start(arguments, folder / "log")
    yield target
    process.terminate()
    assert process.wait(timeout=60) == 0
    judge.shutdown()


@pytest.fixture(scope="module")
def client(scoring: str) -> Iterator[Client]:
    with Client(scoring) as made:
        yield made


RESPONSES = [
    Response("short", "No."),
    Response("long", "word " * 300),
    Response("unreadable", UNREADABLE, refused=True),
    Response("empty", " "),
]


def test_scores_and_statuses(client: Client) -> None:
    found = client.score_responses(RESPONSES, [VALUE], k=4)
    short, long, unreadable, empty = found.scores
    assert [s.status for s in found.scores] == ["below", "above", "unranked", "empty"]
    assert short.score is not None and long.score is not None and short.score < long.score
    assert short.u is None and unreadable.score is None and empty.score is None and empty.windows == ()
    assert unreadable.refused and [w.rank for w in unreadable.windows] == [None] * 3
    assert {w.rank for w in long.windows} == {1} and {w.rank for w in short.windows} == {4}
    assert all(len(w.anchors) == 3 for w in long.windows) and long.database == short.database != ""
    summary = found.summaries[0]
    assert (summary.judge, summary.responses, summary.scored, summary.refused) == ("longest", 4, 2, 1)
    assert summary.windows_asked == 9 and summary.windows_used == 6 and summary.beta_note
    assert found.asked == 9 and found.kept == 0


def test_what_was_asked_is_kept(client: Client) -> None:
    client.score_responses(RESPONSES, [VALUE], k=4)
    again = client.score_responses(RESPONSES, [VALUE], k=4)
    assert again.asked == 0 and again.kept == 9
    other = client.score_responses(RESPONSES[:2], [VALUE], k=4, seed=1, panel="random", estimate="posterior")
    assert other.asked > 0 and other.scores[0].status != "unranked"


def test_refusals_name_the_reason_and_no_text(client: Client) -> None:
    with pytest.raises(hives_embed.NotFound) as caught:
        client.score_responses(RESPONSES, ["canary-5d1e"])
    assert caught.value.reason == "UNKNOWN_VALUE" and VALUE in str(caught.value) and "canary" not in str(caught.value)
    with pytest.raises(hives_embed.InvalidRequest):
        client.score_responses([], [VALUE])
    with pytest.raises(ValueError, match="bucketed, fixed, random"):
        client.score_responses(RESPONSES, [VALUE], panel="best")


def test_a_server_without_judges_says_so(daemon: str) -> None:
    with Client(daemon) as bare, pytest.raises(hives_embed.InvalidRequest):
        bare.score_responses(RESPONSES, [VALUE])
