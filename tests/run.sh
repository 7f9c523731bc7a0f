#!/bin/bash
# Checks the source, then builds and runs every test: plain, under the address and undefined-behaviour sanitizers,
# and under the thread sanitizer. Checks come first and take a few minutes; nothing else is run when one fails.
# Ends with ctest's own summary; exits non-zero when anything failed.
#
#   ./tests/run.sh [checks|plain|asan|tsan ...] [-- CTEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/.."

kinds=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	kinds+=("$1")
	shift
done
[ $# -eq 0 ] || shift
[ ${#kinds[@]} -gt 0 ] || kinds=(checks plain asan tsan)

jobs=$(nproc)
launcher=()
if command -v ccache >/dev/null; then
	launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
fi

# Shows what the compilers say, without the steps.
build() {
	cmake --build "$1" -j "$jobs" 2>&1 | grep -vE '^\[|^(Scanning|Consolidate)' || true
	cmake --build "$1" >/dev/null
}

sources() {
	find proto server tui tests -name "$1" -print0 | sort -z
}

check_format() {
	sources '*.[ch]' | xargs -0 clang-format-14 --dry-run --Werror
}

# gcc builds what is tested; this shows what clang warns about.
check_clang() {
	cmake -S . -B build-test-clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang-14 -DWYNDRVR_WERROR=ON \
		-DCMAKE_EXPORT_COMPILE_COMMANDS=ON "${launcher[@]}" >/dev/null || return
	build build-test-clang
}

check_tidy() {
	sources '*.c' | xargs -0 -P "$jobs" -n 4 clang-tidy-14 --quiet -p build-test-clang --warnings-as-errors='*' \
		2> >(grep -vE '^[0-9]+ warnings? (generated|treated as error)' >&2)
}

# All of them, so that one run names everything that is wrong.
run_checks() {
	local name failed=()

	for name in tests/layers.sh tests/pages.sh check_format check_clang check_tidy; do
		"$name" || failed+=("${name#check_}")
	done
	[ ${#failed[@]} -eq 0 ] && return
	echo "tests/run.sh: checks failed: ${failed[*]}" >&2
	return 1
}

run_tests() {
	local kind=$1 flags

	shift
	case $kind in
	plain) flags=(-DCMAKE_BUILD_TYPE=Release) ;;
	asan) flags=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g" -DWYNDRVR_ASAN=ON -DWYNDRVR_UBSAN=ON) ;;
	tsan) flags=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g" -DWYNDRVR_TSAN=ON) ;;
	esac
	cmake -S . -B "build-test-$kind" -DWYNDRVR_WERROR=ON "${launcher[@]}" "${flags[@]}" >/dev/null || return
	build "build-test-$kind" || return
	[ "$kind" != plain ] || echo "(what the tests have measured is in build-test-plain/Testing/Temporary/LastTest.log, in lines with \"figure:\")"
	# The simulations have one thread, and take ten times as long when it is watched.
	[ "$kind" != tsan ] || set -- -LE '^sim$' "$@"
	ctest --test-dir "build-test-$kind" --output-on-failure -j "$jobs" "$@"
}

for kind in "${kinds[@]}"; do
	case $kind in
	checks) tests/packages.sh checks ;;
	plain | asan | tsan) tests/packages.sh test ;;
	*)
		echo "tests/run.sh: $kind: checks, plain, asan and tsan are known" >&2
		exit 2
		;;
	esac
done

status=0
for kind in "${kinds[@]}"; do
	echo "== $kind"
	if [ "$kind" = checks ]; then
		run_checks || exit 1
	else
		run_tests "$kind" "$@" || status=1
	fi
done
exit $status
