"""A plain HTTP server of /v1/embeddings over sentence-transformers: FOLDER. It prints its address, and calls encode once
a request, one at a time."""

import http.server
import json
import os
import sys
import threading

import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
MODEL = SentenceTransformer(sys.argv[1], device="cpu")
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            vector = MODEL.encode([asked["input"]], normalize_embeddings=True)[0]
        body = json.dumps({"data": [{"embedding": vector.tolist()}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
