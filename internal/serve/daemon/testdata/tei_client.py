"""Generates a stub from a tei.proto and uses it on a daemon. Prints one JSON object."""

import importlib
import json
import sys
from pathlib import Path

import grpc
from grpc_tools import protoc

proto, work, address, token, *texts = sys.argv[1:]
folder = Path(proto).parent
if protoc.main(["", f"-I{folder}", f"--python_out={work}", f"--grpc_python_out={work}", proto]) != 0:
    sys.exit(f"{proto} cannot be compiled")
sys.path.insert(0, work)
pb, stubs = importlib.import_module("tei_pb2"), importlib.import_module("tei_pb2_grpc")

channel = grpc.insecure_channel(address)
who = [("authorization", f"Bearer {token}")]
embed, tokenize = stubs.EmbedStub(channel), stubs.TokenizeStub(channel)


def code(call) -> str:
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


questions = [pb.EmbedRequest(inputs=text, truncate=True, normalize=True) for text in texts]
encoded = [tokenize.Tokenize(pb.EncodeRequest(inputs=text, add_special_tokens=True), metadata=who) for text in texts]
print(
    json.dumps(
        {
            "embed": [list(embed.Embed(q, metadata=who).embeddings) for q in questions],
            "stream": [list(reply.embeddings) for reply in embed.EmbedStream(iter(questions), metadata=who)],
            "ids": [[t.id for t in reply.tokens] for reply in encoded],
            "maxInput": stubs.InfoStub(channel).Info(pb.InfoRequest(), metadata=who).max_input_length,
            "errors": [
                code(lambda: embed.Embed(pb.EmbedRequest(inputs="word " * 200), metadata=who)),
                code(lambda: stubs.PredictStub(channel).Predict(pb.PredictRequest(inputs="a"), metadata=who)),
            ],
        }
    )
)
