# What the tests of chain anchors need: a local EVM node (anvil), from npm exactly as locked.

# prepare_chain: install it once per lock file, with the node that comes as a Python package.
prepare_chain() {
  local folder="$ROOT/tests/anchors/chain" stamp node npm
  stamp=$(sha256sum <"$folder/package-lock.json")
  [ "$(cat "$folder/node_modules/stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "Installing a local chain for the tests (first time only) …"
  node=$("$VENV/bin/python" -c 'from makegood.web.frontend import node_binary; print(node_binary())')
  npm="$(dirname "$(dirname "$node")")/lib/node_modules/npm/bin/npm-cli.js"
  (cd "$folder" && PATH="$(dirname "$node"):$PATH" "$node" "$npm" ci --ignore-scripts --prefer-offline \
    --no-fund --no-audit --loglevel=error) >"$CACHE/chain.log" 2>&1 ||
    fail "the local chain could not be installed: check the network (details: $CACHE/chain.log)"
  printf '%s\n' "$stamp" >"$folder/node_modules/stamp"
}
