#!/bin/sh
# Holds the order of the rooms (proto/README.md) over the #include lines of the whole tree: a room includes its own
# files and rooms that stand below it, and no object includes itself by way of others. Prints file, line and the
# rule that is broken; exits 1 when any is.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2046 # a list of files
awk '
BEGIN {
	floors = split("proto/sys proto/record proto/measure proto/rate proto/wire proto/net proto/config" \
		" proto/engine proto/report server tui/screen tui/client tui/panels tui", floor, " ")
	for (i = 1; i <= floors; i++)
		height[floor[i]] = i
}

function room(path)
{
	sub("/[^/]*$", "", path)
	return path
}

# What a file is a part of: "control.c", "control.h" and "control_private.h" are one object.
function object(path)
{
	sub(/(_private)?\.[ch]$/, "", path)
	return path
}

function broken(rule)
{
	printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, rule
	failed = 1
}

function exists(path,    line, there)
{
	there = (getline line < path) >= 0
	close(path)
	return there
}

function check_product(from, to)
{
	if (!(from in height))
		broken("no room is called " from)
	else if (!(to in height))
		broken("programs include " floor[1] " and the rooms above it, not " to)
	else if (from != to && (from ~ /^server/ && to ~ /^tui/ || from ~ /^tui/ && to ~ /^server/))
		broken("server and tui stand beside each other on proto")
	else if (height[to] > height[from])
		broken(from " stands below " to)
}

# A test includes its own folder, what tests share, and the programs.
function check_test(from, to)
{
	if (to !~ /^tests/)
		return
	if (to != from && to != "tests/support")
		broken(from " includes its own files and tests/support")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	target = $0
	sub(/^[^"]*"/, "", target)
	sub(/".*/, "", target)
	if (target !~ "^(proto|server|tui|tests)/" || !exists(target)) {
		broken("includes are written whole, from the top of the tree")
		next
	}
	if (FILENAME ~ "^tests/")
		check_test(room(FILENAME), room(target))
	else
		check_product(room(FILENAME), room(target))
	if (target ~ /_private\.h$/ && index(object(FILENAME), object(target)) != 1)
		broken(target " is private to the files of one object")
	if (object(FILENAME) != object(target))
		includes[object(FILENAME)] = includes[object(FILENAME)] " " object(target)
}

# Walks down the objects from one; "way" is the path so far, and meeting an object on it again closes a circle.
function walk(from, way,    to, count, i)
{
	state[from] = "open"
	way = way " " from
	count = split(includes[from], to, " ")
	for (i = 1; i <= count; i++) {
		if (state[to[i]] == "open") {
			printf "no object includes itself:%s %s\n", substr(way, index(way " ", " " to[i] " ")), to[i]
			failed = 1
		} else if (state[to[i]] == "") {
			walk(to[i], way)
		}
	}
	state[from] = "done"
}

END {
	for (from in includes)
		if (state[from] == "")
			walk(from, "")
	exit failed
}' $(find proto server tui tests -name '*.[ch]' | sort)
