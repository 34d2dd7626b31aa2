#!/usr/bin/env bash
# Runs what the Dockerfiles' build stages run, in a clean folder and without docker: COPY copies what .dockerignore
# leaves of the last commit, RUN runs with /src and /opt/hives moved below that folder. apt-get lines are left out: the
# machine must have what they install. Then the runtime stage's files are asked for their version as another user
# would ask, with nothing else of the checkout there.
#
#   deploy/check_stages.sh [Dockerfile…]        # by default deploy/Dockerfile; Dockerfile.cuda fetches gigabytes
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# context lays out what docker would be given: the commit's files less .dockerignore's.
context() {
  mkdir -p "$scratch/context"
  git -C "$here" archive HEAD | tar -x -C "$scratch/context"
  (cd "$scratch/context" && grep -v '^#' .dockerignore | while read -r pattern; do
    case $pattern in
      /*) rm -rf ".$pattern" ;;
      '**/'*) find . -depth -name "${pattern#'**/'}" -exec rm -rf {} + ;;
      *) echo "check_stages: .dockerignore: $pattern: a form that this script does not know" >&2; exit 1 ;;
    esac
  done)
}

# moved puts the stage's folders below the scratch folder.
moved() { sed "s|/opt/hives|$stage/opt/hives|g; s|\$CUDA|cuda12|g; s|\$COMMIT|check|g" <<<"$1"; }

copy() { # sources… target, below the stage's /src
  local target=$stage/src/${!#}
  [ "${!#}" = . ] || [ "${!#}" = ./ ] && target=$stage/src
  for source in "${@:1:$#-1}"; do
    if [ -d "$scratch/context/$source" ]; then
      mkdir -p "$target" && cp -a "$scratch/context/$source/." "$target/"
    else
      [ "$target" = "$stage/src" ] || mkdir -p "$(dirname "$target")"
      cp -a "$scratch/context/$source" "$target"
    fi
  done
}

build() {
  local file=$1 line
  stage=$scratch/$(basename "$file")
  mkdir -p "$stage/src" "$stage/opt/hives"
  # Up to the second FROM; no continued lines are used.
  sed -n '/^FROM .* AS build/,/^FROM debian/p' "$file" | while read -r line; do
    case $line in
      'RUN apt-get'*) echo "left out: $line" ;;
      'RUN '*) echo "$line"; (cd "$stage/src" && bash -euc "$(moved "${line#RUN }")") </dev/null ;;
      'COPY '*) read -ra words <<<"${line#COPY }"; copy "${words[@]}" ;;
      'FROM '*|'WORKDIR '*|'ARG '*|'#'*|'') ;;
      *) echo "check_stages: $file: $line: an instruction that this script does not know" >&2; exit 1 ;;
    esac
  done
  rm -rf "$stage/src" # the runtime stage has none of it
  for program in embedd hives; do
    (cd / && env -i HOME=/ HIVES_CACHE="$stage/opt/hives" PATH="$stage/opt/hives/bin:/usr/bin:/bin" "$program" --version)
  done
}

context
[ $# -gt 0 ] || set -- "$here/deploy/Dockerfile"
for file in "$@"; do build "$file"; done
