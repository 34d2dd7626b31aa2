#!/usr/bin/env bash
# Holds what is in deploy/ to what can be known without a cluster, a systemd or a docker daemon:
#
#   manifests     kubectl kustomize, Kubernetes' schemas (kubernetes-validate), and check_manifests.py
#   unit          systemd-analyze verify and security
#   Dockerfiles   check_stages.sh runs the build stage's commands; only with --stages, since it builds anew (minutes)
#
# What is missing here is named and left out. Nothing of this ran in a container or a cluster.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${HIVES_CACHE:-$here/../.cache}/check-deploy
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

missing() { echo "check-deploy: left out: $*" >&2; }

manifests() {
  local kustomize=(kubectl kustomize)
  command -v kubectl >/dev/null || kustomize=(go run sigs.k8s.io/kustomize/kustomize/v5@v5.8.0 build)
  if [ ! -x "$venv/bin/kubernetes-validate" ]; then
    { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet kubernetes-validate==1.37.0; } ||
      { missing "manifests: pip could not bring kubernetes-validate"; return 0; }
  fi
  for folder in embedd tls embed-corpus; do
    "${kustomize[@]}" "$here/kubernetes/$folder" > "$scratch/$folder.yaml"
    # The oldest version that the manifests are for, and the newest that the validator knows.
    for version in 1.32 1.37; do
      "$venv/bin/kubernetes-validate" --strict --quiet -k "$version" "$scratch/$folder.yaml"
    done
  done
  "$venv/bin/python" "$here/check_manifests.py" "$scratch"
}

unit() {
  command -v systemd-analyze >/dev/null || { missing "unit: no systemd-analyze"; return 0; }
  # The program is not installed here; true stands in its place.
  sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$here/systemd/embedd.service" > "$scratch/embedd.service"
  local said
  said=$(systemd-analyze verify "$scratch/embedd.service" 2>&1) || true
  [ -z "$said" ] || { echo "embedd.service: $said" >&2; exit 1; }
  systemd-analyze security --offline=true --threshold=20 "$here/systemd/embedd.service" >/dev/null ||
    { echo "embedd.service: exposure above 2.0: see systemd-analyze security --offline=true" >&2; exit 1; }
}

manifests
unit
[ "${1:-}" != --stages ] || "$here/check_stages.sh"
echo "deploy: as it should be"
