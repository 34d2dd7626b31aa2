"""How a peer answers: it says "ready" and its version, then does the work for each line of stdin, and prints a line of
JSON. The first has the output, which bench compares with ours."""

import json
import sys


def serve(version, do) -> None:
    """do takes the line, and returns numbers (a list or an array), or a dict as llamacpp.py does."""
    print("ready", version, flush=True)
    first = True
    for line in sys.stdin:
        done = do(line)
        if isinstance(done, dict):
            answer = done
        else:
            answer = {"output": [float(x) for x in done]} if first else {}
        print(json.dumps(answer), flush=True)
        first = False


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]
