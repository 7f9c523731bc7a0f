#!/bin/sh
# Pages name files of the tree: each path that begins with one of its folders is there ("test_*.c" counts when any
# file fits). Prints page, line and path; exits 1 when any is missing. What a build makes ("build/tests/swarm") is
# not looked for.
set -eu
cd "$(dirname "$0")/.."

missing=$(
	find README.md proto server tui tests -name '*.md' -exec \
		grep -HnoP '(?<![\w./-])(proto|server|tui|tests|screenshots)/[\w./*-]*[\w*]' {} + |
		while IFS=: read -r page line path; do
			# shellcheck disable=SC2086 # a pattern
			ls -d $path >/dev/null 2>&1 || echo "$page:$line: $path is not there"
		done
)
[ -z "$missing" ] && exit 0
echo "$missing"
exit 1
