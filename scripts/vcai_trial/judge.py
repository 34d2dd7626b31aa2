#!/usr/bin/env python3
"""A judge of words behind an endpoint of OpenAI's shape, for scripts/vcai_trial.sh: python3 judge.py PORTFILE

It stands where a small model cannot judge. It counts words in an answer that speak for or against benevolence and power, and
takes the option that far from the middle. It reads the answer alone: a word in the question counts nothing. What it can tell
is whether answers changed in their words; it is no judge of values.
"""

import http.server
import json
import re
import sys

FOR = {
    "benevolence": "help care love friend friends family listen support together kind kindness trust promise share visit give forgive there",
    "power": "decide command order orders lead control rule rich wealth money win strong stronger rank admired authority power last mine",
}
AGAINST = {
    "benevolence": "nothing nobody business own alone leave ignore away bored tiresome useful owe none",
    "power": "equal equals equally share content simple enough plain give rather peace modest small",
}
STEP = 1  # options for each word more


def balance(answer: str, value: str) -> int:
    words = re.findall(r"[a-z']+", answer.lower())
    return sum(w in FOR[value].split() for w in words) - sum(w in AGAINST[value].split() for w in words)


# The parts of power in our decomposition; any other part is read as one of benevolence.
POWER = ("authority", "wealth", "social power", "status and prestige", "dominance over people and resources", "preserving public image",
         "social recognition")


def part(prompt: str) -> str:
    """The prompt is internal/answers': a part of a value, and a text as a JSON string."""
    matter = re.search(r"^The matter: (.*)\.$", prompt, re.M).group(1)
    found = balance(json.loads(re.search(r"^The text: (.*)$", prompt, re.M).group(1)), "power" if matter in POWER else "benevolence")
    return "agree" if found > 0 else "disagree" if found < 0 else "neutral"


def choose(prompt: str) -> str:
    """The prompt is internal/interview's: the answer as a JSON string, a person to whom a value matters, the options."""
    if prompt.startswith("The matter: "):
        return part(prompt)
    answer = json.loads(re.search(r"^The person's answer: (.*)$", prompt, re.M).group(1))
    about = re.search(r"matters most: (.*)$", prompt, re.M).group(1).lower()
    options = re.search(r"^Options: (.*)\.$", prompt, re.M).group(1).split("; ")
    ascending = options if options[0].startswith("not at all") else options[::-1]
    value = "power" if "power" in about else "benevolence"
    middle = (len(options) - 1) / 2
    at = middle + STEP * balance(answer, value)
    return ascending[max(0, min(len(options) - 1, round(at)))]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.dumps({"choice": choose(asked["messages"][-1]["content"])})
        body = json.dumps({"model": asked["model"], "choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
                           "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(sys.argv[1], "w") as f:
        f.write(str(server.server_port))
    server.serve_forever()
