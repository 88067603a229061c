#!/usr/bin/env bash
# Installs the browser and the database server that some tests need, where the machine allows it (Debian, as root or
# with sudo that asks no password). Elsewhere those tests skip and say so; a missing package never fails the set-up.
set -u
missing=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || [ -n "${CHROMIUM:-}" ] || missing+=(chromium)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(false); fi
fi
if command -v apt-get >/dev/null && [ "${as_root[*]:-}" != "false" ]; then
  echo "installing ${missing[*]} for the tests"
  "${as_root[@]}" apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core \
    >/dev/null && exit 0
fi
echo "NOTE: ${missing[*]} could not be installed here; the tests that need it will be skipped" >&2
[ "${CI:-}" = "true" ] && { echo "in CI they must run" >&2; exit 1; }
exit 0
