# What ./serve, ./check and ./bench share: an environment from a lock file, and the front end.
# Sourced by bash; ROOT is the folder of the checkout. Nothing is done twice: stamps say what is
# there, so a second start needs no network.

VENV="$ROOT/.venv"
CACHE="$ROOT/.cache"

say() { printf '%s\n' "$*" >&2; }
fail() { say "makegood: $*"; exit 1; }

# prepare_environment LOCK: .venv with exactly the packages of the lock file.
prepare_environment() {
  local lock=$1 stamp
  { mkdir -p "$CACHE" && : >>"$CACHE/environment.lock"; } 2>/dev/null ||
    fail "cannot write to $ROOT: start as its owner, change its owner, or free some space"
  exec 9>"$CACHE/environment.lock"
  flock 9
  stamp="$ROOT $(sha256sum <"$ROOT/$lock")"
  if [ "$(cat "$VENV/stamp-$lock" 2>/dev/null)" != "$stamp" ]; then
    make_environment "$lock"
    printf '%s\n' "$stamp" >"$VENV/stamp-$lock"
  fi
  build_frontend
  compile_sources
  exec 9>&-
}

make_environment() {
  local lock=$1 log="$CACHE/install.log"
  require_python
  if ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
    say "Making the environment .venv …"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV" >"$log" 2>&1 || explain_install "$log"
  fi
  say "Installing packages (first time only, about a minute) …"
  {
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes \
      --requirement "$ROOT/$lock" &&
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps \
      --no-build-isolation --no-index --config-settings editable_mode=compat --editable "$ROOT"
  } >"$log" 2>&1 || explain_install "$log"
}

require_python() {
  PYTHON=${PYTHON:-python3}
  command -v "$PYTHON" >/dev/null || fail "python3 is missing: apt install python3 python3-venv"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, and $PYTHON is older: set PYTHON to a newer one"
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "python3-venv is missing: apt install python3-venv"
}

# explain_install LOG: one line for what a person can do about it.
explain_install() {
  if grep -qi 'no space left' "$1"; then
    fail "the disk is full: free some space and start again"
  elif grep -qiE 'connection|resolve|timed out|network|no matching distribution' "$1"; then
    fail "packages could not be fetched: check the network and start again (details: $1)"
  fi
  tail -5 "$1" >&2
  fail "the installation failed (details: $1)"
}

# build_frontend: scripts and styles, by the node that comes as a Python package.
build_frontend() {
  local source="$ROOT/frontend" built="$ROOT/makegood/web/static/dist/built-from"
  [ -d "$source" ] || return 0
  if [ -f "$built" ] && [ -z "$(newer_files "$source" "$built")" ]; then
    return 0
  fi
  say "Building the front end …"
  "$VENV/bin/python" -m makegood build --source "$source" >/dev/null || exit 1
  touch "$built"
}

newer_files() {
  find "$1" -name node_modules -prune -o -type f -newer "$2" -print -quit
}

# compile_sources: once for all, since the process tree starts ten programs that read the same files.
compile_sources() {
  local compiled="$CACHE/compiled"
  [ -d "$ROOT/makegood" ] || return 0
  if [ -f "$compiled" ] && [ -z "$(newer_sources "$ROOT/makegood" "$compiled")" ]; then
    return 0
  fi
  "$VENV/bin/python" -m compileall -q -j 0 "$ROOT/makegood" >/dev/null || return 0
  touch "$compiled"
}

newer_sources() { find "$1" -name '*.py' -newer "$2" -print -quit; }
