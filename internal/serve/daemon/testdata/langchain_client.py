"""Embeds 1,000 texts with LangChain at its defaults, but for texts in place of OpenAI's token ids, and prints the first, the last and the number."""
import json
import sys

from langchain_openai import OpenAIEmbeddings

url, token, model = sys.argv[1:]
embeddings = OpenAIEmbeddings(base_url=url + "/v1", api_key=token, model=model, check_embedding_ctx_length=False)
vectors = embeddings.embed_documents([f"document {i}" for i in range(1000)])
json.dump({"count": len(vectors), "first": vectors[0], "last": vectors[-1]}, sys.stdout)
