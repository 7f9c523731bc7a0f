#!/bin/sh
# Holds the order of the rooms (proto/README.md) over the #include lines of the whole tree: a room includes its own
# files and rooms that stand below it. Prints file, line and the rule that is broken; exits 1 when any is.
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

# The object that a header describes: "control.h" and "control_private.h" are one.
function object(path)
{
	sub(/(_private)?\.h$/, "", path)
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
	if (FILENAME ~ /\.h$/)
		includes[FILENAME] = includes[FILENAME] " " target
	else if (target ~ /_private\.h$/ && object(FILENAME) !~ "^" object(target))
		broken(target " is private to the files of one object")
}

# Walks down the headers from one; "way" is the path so far, and a header met again on it closes a circle.
function walk(header, way,    next_one, count, i)
{
	state[header] = "open"
	count = split(includes[header], next_one, " ")
	for (i = 1; i <= count; i++) {
		if (state[next_one[i]] == "open" && object(next_one[i]) != object(header)) {
			printf "%s: includes itself by way of%s %s\n", next_one[i], way, header
			failed = 1
		} else if (state[next_one[i]] == "") {
			walk(next_one[i], way " " header)
		}
	}
	state[header] = "done"
}

END {
	for (header in includes)
		if (state[header] == "")
			walk(header, "")
	exit failed
}' $(find proto server tui tests -name '*.[ch]' | sort)
