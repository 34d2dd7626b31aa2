"""Asks a language model with LangChain at its defaults: whole, as a stream and with a schema. Prints one JSON object."""
import json
import sys
from typing import Literal

import pydantic
from langchain_openai import ChatOpenAI

url, token, model = sys.argv[1:]


class Verdict(pydantic.BaseModel):
    choice: Literal["power", "benevolence"]


chat = ChatOpenAI(base_url=url + "/v1", api_key=token, model=model, temperature=0, max_tokens=20)
question = [("system", "Be brief."), ("human", "Is it right to share?")]
json.dump(
    {
        "whole": chat.invoke(question).content,
        "stream": "".join(piece.content for piece in chat.stream(question)),
        "choice": chat.with_structured_output(Verdict).invoke(question).choice,
    },
    sys.stdout,
)
