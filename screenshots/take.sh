#!/bin/bash
# Takes the pictures of this folder anew: real sessions over loopback, in xterm on a virtual X server. Builds the
# programs first; as root it installs what it needs from Debian. Names as arguments: only these pictures.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(xvfb xterm xdotool imagemagick fonts-dejavu-core)
if [ "$(id -u)" = 0 ]; then
	dpkg-query -W "${packages[@]}" >/dev/null 2>&1 ||
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
tests/packages.sh
cmake -S . -B build -DWYNDRVR_TESTS=OFF >/dev/null
cmake --build build -j "$(nproc)" >/dev/null

work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null; rm -rf "$work"' EXIT
export LANG=C.UTF-8 LC_ALL=C.UTF-8

Xvfb -displayfd 3 -screen 0 1600x1200x24 3>"$work/display" >/dev/null 2>&1 &
pids+=($!)
until [ -s "$work/display" ]; do sleep 0.05; done
DISPLAY=:$(cat "$work/display")
export DISPLAY

# A server on a port of its own, with further flags; its address is in $address.
serve() {
	local log="$work/server.$RANDOM"

	address=127.0.0.1:$((21000 + RANDOM % 9000))
	build/server/wyndrvrd --port-ranges 31000-33000 "$@" "$address" >"$log" 2>&1 &
	server=$!
	pids+=("$server")
	until grep -q '^Server started' "$log"; do sleep 0.05; done
}

# picture NAME COLSxROWS BACKGROUND SCRIPT CLIENT-FLAGS...: SCRIPT is a list of keys and seconds.
picture() {
	local name=$1 size=$2 background=$3 script=$4 word window terminal foreground=gray85

	shift 4
	if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
	[ "$background" = black ] || foreground=black
	serve "${server_flags[@]}"
	xterm -geometry "$size+0+0" -bg "$background" -fg "$foreground" -fa 'DejaVu Sans Mono' -fs 10 -b 6 +sb \
		-T "$name" -xrm 'XTerm*allowSendEvents: true' -e env "${environment[@]}" build/tui/wyndrvr "$@" "$address" &
	terminal=$!
	pids+=("$terminal")
	window=$(xdotool search --sync --onlyvisible --name "^$name\$" | head -1)
	for word in $script; do
		case $word in
		[0-9]*) sleep "$word" ;;
		*) xdotool key --window "$window" "$word" 2>/dev/null ;;
		esac
	done
	import -window "$window" -strip "screenshots/$name.png"
	kill "$terminal" "$server" 2>/dev/null
	wait "$terminal" "$server" 2>/dev/null || true
	echo "screenshots/$name.png"
}

wanted=("$@")
environment=(TERM=xterm-256color)
server_flags=()
picture idle 120x40 black "22" --heartbeat-rate 250
picture upload 120x40 black "4 u 14" --rate 2G --duration 20 --heartbeat-rate 250
picture both 120x40 black "3 b 14" --rate 500M --duration 20 --heartbeat-rate 250
picture wide 200x60 black "3 b 16 v 2" --rate 900M --duration 30 --heartbeat-rate 250
server_flags=(--test-drop-rate 0.02 --test-delay 20)
picture lossy 120x40 black "3 d 16" --rate 20M --duration 20 --heartbeat-rate 250 --test-drop-rate 0.02
server_flags=()
picture zoomed 120x40 black "3 d 2 j Return 12" --rate 1G --duration 20 --heartbeat-rate 250
picture help 120x40 black "4 question 1" --heartbeat-rate 250
picture small 80x24 black "3 u 9 d 6" --rate 100M --duration 8 --heartbeat-rate 250
environment=(TERM=vt100 NO_COLOR=1)
picture ascii 80x24 black "3 b 8" --ascii --rate 100M --duration 20 --heartbeat-rate 250
environment=(TERM=xterm-256color)
picture light 120x40 white "3 b 12" --theme light --rate 500M --duration 20 --heartbeat-rate 250
