# What the browser tests need from Debian: Chromium and a font with Chinese characters.

# prepare_browser: install what is missing when root, else say exactly what is missing.
prepare_browser() {
  local missing=()
  have_chromium || missing+=(chromium)
  have_chinese_font || missing+=(fonts-noto-cjk)
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "the browser tests need ${missing[*]}: as root, apt install ${missing[*]}"
  say "Installing ${missing[*]} …"
  mkdir -p "$CACHE"
  {
    apt-get update -q &&
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  } >"$CACHE/apt.log" 2>&1 ||
    fail "could not install ${missing[*]} (details: $CACHE/apt.log)"
}

have_chromium() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null
}

have_chinese_font() {
  command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh 2>/dev/null | head -1)" ]
}
