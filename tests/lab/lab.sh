#!/bin/bash
# A small network on one machine: client -- router -- server, each a network namespace.
#
#     client 10.77.1.1, fd77:1::1  --  router  --  10.77.2.1, fd77:2::1 server
#
# Owns: the three namespaces and what the router does to datagrams. Nothing changes outside them.
# Policy: every impairment sits on the router, because a queue on a sender's own host only slows its
# socket down. No interface builds or passes on offload batches, so that the router loses and counts
# single datagrams. "up" is from client to server, "down" the other way.
#
# Needs root, iproute2 and nftables. Several labs can stand side by side; WYND_LAB names one:
#
#     export WYND_LAB=$(tests/lab/lab.sh up)
#     tests/lab/lab.sh loss 50
#     tests/lab/lab.sh server ./wyndrvrd &
#     tests/lab/lab.sh client ./wyndrvr 10.77.2.1 --no-tui
#     tests/lab/lab.sh counters
#     tests/lab/lab.sh down
set -eu

usage() {
	cat >&2 <<-'END'
	lab.sh up                       make the lab and print its name, for WYND_LAB
	lab.sh down                     remove it
	lab.sh rate RATE [QUEUE_TIME=50ms] [BURST=64k] [up|down|both]   bottleneck, "100mbit" for example
	lab.sh norate
	lab.sh loss N [up|down|both]    N in a thousand UDP datagrams dropped at random
	lab.sh counters                 what the router saw: NAME PACKETS BYTES
	lab.sh zero                     its UDP counters start again from 0
	lab.sh client COMMAND...        run on that host (the process keeps its id)
	lab.sh server COMMAND...
	lab.sh router COMMAND...
	END
	exit 2
}

fail() {
	echo "lab.sh: $*" >&2
	exit 2
}

on_router() {
	ip netns exec "$lab-router" "$@"
}

# One wire: HOST, its device, the router's device, the third number of its network.
wire() {
	ip link add "$2" netns "$lab-$1" type veth peer name "$3" netns "$lab-router"
	ip -n "$lab-$1" link set "$2" up gso_max_segs 1
	ip -n "$lab-router" link set "$3" up gso_max_segs 1
	ip -n "$lab-$1" address add "10.77.$4.1/24" dev "$2"
	ip -n "$lab-$1" address add "fd77:$4::1/64" dev "$2" nodad
	ip -n "$lab-router" address add "10.77.$4.254/24" dev "$3"
	ip -n "$lab-router" address add "fd77:$4::fe/64" dev "$3" nodad
	ip -n "$lab-$1" route add default via "10.77.$4.254"
	ip -n "$lab-$1" route add default via "fd77:$4::fe"
}

up() {
	local host
	trap 'down' ERR
	for host in client router server; do
		ip netns add "$lab-$host"
		ip netns exec "$lab-$host" sysctl -qw net.ipv6.conf.default.accept_dad=0
		ip -n "$lab-$host" link set lo up
	done
	on_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	wire client wire to_client 1
	wire server wire to_server 2
	on_router nft -f - <<-'END'
	table inet weather {
		counter up_udp {}
		counter up_lost {}
		counter down_udp {}
		counter down_lost {}
		chain up {}
		chain down {}
		chain forward {
			type filter hook forward priority 0;
			meta l4proto udp iifname "to_client" counter name "up_udp" jump up
			meta l4proto udp iifname "to_server" counter name "down_udp" jump down
		}
	}
	END
	trap - ERR
	echo "$lab"
}

down() {
	local host
	for host in client router server; do
		ip netns delete "$lab-$host" 2>/dev/null || true
	done
}

directions() {
	case "${1:-both}" in
	both) echo up down ;;
	up | down) echo "$1" ;;
	*) fail "no such direction: $1" ;;
	esac
}

device() {
	if [ "$1" = up ]; then echo to_server; else echo to_client; fi
}

rate() {
	local direction
	for direction in $(directions "${4:-both}"); do
		tc -n "$lab-router" qdisc replace dev "$(device "$direction")" root \
			tbf rate "$1" latency "${2:-50ms}" burst "${3:-64k}"
	done
}

norate() {
	local direction
	for direction in up down; do
		tc -n "$lab-router" qdisc del dev "$(device "$direction")" root 2>/dev/null || true
	done
}

loss() {
	local direction rules=""
	[[ "$1" =~ ^[0-9]+$ && "$1" -le 1000 ]] || fail "loss is 0..1000 in a thousand: $1"
	for direction in $(directions "${2:-both}"); do
		rules+="flush chain inet weather $direction;"
		[ "$1" -eq 0 ] || rules+="add rule inet weather $direction numgen random mod 1000 < $1 \
			counter name ${direction}_lost drop;"
	done
	on_router nft "$rules"
}

# Every row has three fields. The queue's drops count whole frames of any protocol, without bytes.
counters() {
	local direction
	on_router nft list counters table inet weather |
		awk '$1 == "counter" { name = $2 } $1 == "packets" { print name, $2, $4 }'
	for direction in up down; do
		tc -n "$lab-router" -s qdisc show dev "$(device "$direction")" root |
			awk -v name="${direction}_queue_lost" \
				'$1 == "Sent" { sub(",", "", $7); n += $7 } END { print name, n + 0, 0 }'
	done
}

[ $# -gt 0 ] || usage
verb=$1
shift
if [ "$verb" = up ]; then
	lab=${WYND_LAB:-wynd$$}
else
	lab=${WYND_LAB:?is not set: it names the lab, as \"lab.sh up\" printed it}
fi
case "$verb" in
up | down | norate | counters) "$verb" ;;
zero) on_router nft reset counters table inet weather >/dev/null ;;
rate | loss) [ $# -gt 0 ] || usage; "$verb" "$@" ;;
client | server | router) [ $# -gt 0 ] || usage; exec ip netns exec "$lab-$verb" "$@" ;;
*) usage ;;
esac
