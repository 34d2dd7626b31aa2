# Sourced by bench/llm.sh and scripts/roundtrip.sh. Sets $llamacpp to an interpreter that has llama-cpp-python for the CPU and
# numpy: $HIVES_LLAMACPP_PYTHON, or that of an environment in the cache, which is made at first (needs cmake and a C++
# compiler; a quarter of an hour). It is empty where that fails.
llamacpp=${HIVES_LLAMACPP_PYTHON:-}
if [ -z "$llamacpp" ]; then
  llamacpp_venv=${HIVES_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache}/llamacpp/venv
  if ! "$llamacpp_venv/bin/python" -c 'import llama_cpp, numpy' 2>/dev/null; then
    mkdir -p "$(dirname "$llamacpp_venv")"
    echo "building llama-cpp-python into the cache: a quarter of an hour" >&2
    python3 -m venv "$llamacpp_venv" &&
      CMAKE_ARGS=-DGGML_NATIVE=ON "$llamacpp_venv/bin/pip" install --quiet numpy==2.4.6 llama-cpp-python==0.3.36 || true
  fi
  if "$llamacpp_venv/bin/python" -c 'import llama_cpp, numpy' 2>/dev/null; then llamacpp=$llamacpp_venv/bin/python; fi
fi
