#!/bin/bash
# Builds the programs, starts a server on loopback, runs the client against it, and ends the server with it: the
# panels on a terminal, an upload test as text elsewhere. Further arguments go to the client.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/packages.sh
cmake -S . -B build -DWYNDRVR_TESTS=OFF >/dev/null
cmake --build build -j "$(nproc)" >/dev/null

log=$(mktemp)
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -f "$log"' EXIT

# Any port that is free will do.
for _ in 1 2 3 4 5; do
	address=127.0.0.1:$((20000 + RANDOM % 10000))
	build/server/wyndrvrd --port-ranges 30000-32000 "$address" >"$log" 2>&1 &
	server=$!
	until grep -q '^Server started' "$log" || ! kill -0 $server 2>/dev/null; do sleep 0.05; done
	! kill -0 $server 2>/dev/null || break
done
if ! kill -0 $server 2>/dev/null; then
	echo "The server did not start:" >&2
	cat "$log" >&2
	exit 1
fi

if [ -t 0 ] && [ -t 1 ]; then
	build/tui/wyndrvr "$@" "$address"
else
	build/tui/wyndrvr --no-tui --bwup --duration 5 "$@" "$address"
fi
