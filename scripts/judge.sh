# What the tests of the log need: another author's reader of such logs, from PyPI as locked.

# prepare_judge: install it once per lock file, apart from our own packages.
prepare_judge() {
  local folder="$ROOT/tests/record/log/judge" packages="$CACHE/judge" stamp
  stamp=$(sha256sum <"$folder/requirements.lock")
  [ "$(cat "$packages/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "Installing an independent reader of logs for the tests (first time only) …"
  rm -rf "$packages"
  "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes \
    --no-deps --ignore-requires-python --target "$packages" \
    --requirement "$folder/requirements.lock" >"$CACHE/judge.log" 2>&1 ||
    fail "the independent reader could not be installed: check the network (details: $CACHE/judge.log)"
  printf '%s\n' "$stamp" >"$packages/stamp"
}
