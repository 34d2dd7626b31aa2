"""Asks a language model with the openai package: whole, as a stream, with log-probabilities, with a schema and a list of
choices, without a template, and makes mistakes. Prints one JSON object."""

import json
import sys
from typing import Literal, Optional

import openai
import pydantic

base, token, model = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key=token, max_retries=0)
asked = {"model": model, "messages": [{"role": "user", "content": "Is it right to share?"}], "seed": 5, "max_tokens": 20}


class Reason(pydantic.BaseModel):
    words: str
    sure: Optional[int]


class Verdict(pydantic.BaseModel):
    choice: Literal["power", "benevolence"]
    level: int
    reasons: list[Reason]


def mistake(key: str = token, **change) -> str:
    try:
        openai.OpenAI(base_url=base, api_key=key, max_retries=0).chat.completions.create(**{**asked, **change})
    except openai.APIStatusError as error:
        return f"{type(error).__name__}:{error.code}:{error.param}"
    return "none"


whole = client.chat.completions.create(**asked, logprobs=True, top_logprobs=3, n=2)
stream = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
pieces, ended, usage = [], None, None
for event in stream:
    usage = event.usage or usage
    for choice in event.choices:
        pieces.append(choice.delta.content or "")
        ended = choice.finish_reason or ended
verdict = client.chat.completions.parse(**{**asked, "max_tokens": 120}, response_format=Verdict)
chosen = client.chat.completions.create(**asked, extra_body={"structured_outputs": {"choice": ["yes", "no"]}})
completion = client.completions.create(model=model, prompt="Once upon a time", seed=5, max_tokens=8, logprobs=2)
told = client.completions.create(model=model, prompt="Once upon a time", seed=5, max_tokens=8, stream=True)

print(
    json.dumps(
        {
            "whole": [c.message.content for c in whole.choices],
            "finish": [c.finish_reason for c in whole.choices],
            "logs": [len(c.logprobs.content) for c in whole.choices],
            "tops": sorted({len(t.top_logprobs) for c in whole.choices for t in c.logprobs.content}),
            "spelled": b"".join(bytes(t.bytes) for t in whole.choices[0].logprobs.content).decode("utf-8", "replace"),
            "completion_tokens": whole.usage.completion_tokens,
            "fingerprint": whole.system_fingerprint,
            "stream": "".join(pieces),
            "ended": ended,
            "stream_tokens": usage.completion_tokens,
            "verdict": verdict.choices[0].message.parsed.model_dump(),
            "chosen": chosen.choices[0].message.content,
            "completion": completion.choices[0].text,
            "completion_logs": len(completion.choices[0].logprobs.tokens),
            "told": "".join(e.choices[0].text for e in told),
            "models": [m.id for m in client.models.list()],
            "errors": [
                mistake(presence_penalty=1),
                mistake(model="other"),
                mistake(key="x" + token),
                mistake(extra_body={"frobnicate": 1}),
                mistake(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"not": {}}}}),
                mistake(max_tokens=100_000),
            ],
        }
    )
)
