#!/usr/bin/env bash
# What the page checks need: Chromium, Node, and the packages that package-lock.json pins. Installs what is missing.
set -euo pipefail
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

browser() {
    local path
    for path in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
        if [ -n "$path" ] && [ -x "$path" ]; then echo "$path"; return; fi
    done
}

missing=()
[ -n "$(browser)" ] || missing+=(chromium)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}"
    { as_root apt-get update && as_root apt-get install -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 \
        || { grep -E '^E:' "$log" | sed 's,//[^/ ]*,//...,g'; exit 1; }
fi
npm ci --no-audit --no-fund --loglevel=error > "$log" 2>&1 || { sed 's,//[^/ ]*,//...,g' "$log" | tail -n 5; exit 1; }
echo "Node $(node --version), $("$(browser)" --version 2> /dev/null || browser)"
