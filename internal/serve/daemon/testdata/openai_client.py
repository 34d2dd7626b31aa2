"""Embeds two texts with the openai package, in each encoding, and makes three mistakes. Prints one JSON object."""

import json
import sys

import openai

base, token, *texts = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key=token, max_retries=0)
plain = client.embeddings.create(model="fake", input=texts)  # the package asks for base64 by itself
floats = client.embeddings.create(model="fake", input=texts, encoding_format="float")


def mistake(key: str, model: str, text: str) -> str:
    try:
        openai.OpenAI(base_url=base, api_key=key, max_retries=0).embeddings.create(model=model, input=text)
    except openai.APIStatusError as error:
        return f"{type(error).__name__}:{error.code}"
    return "none"


print(
    json.dumps(
        {
            "base64": [list(map(float, e.embedding)) for e in plain.data],
            "float": [e.embedding for e in floats.data],
            "tokens": plain.usage.prompt_tokens,
            "models": [m.id for m in client.models.list()],
            "errors": [mistake(token, "fake", ""), mistake(token, "other", "a"), mistake("x" + token, "fake", "a")],
        }
    )
)
