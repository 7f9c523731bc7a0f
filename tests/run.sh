#!/bin/bash
# Builds and runs every test: plain, under the address and undefined-behaviour sanitizers, and under
# the thread sanitizer. Ends with ctest's own summary; exits non-zero when any of the three failed.
#
#   ./tests/run.sh [plain|asan|tsan ...] [-- CTEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/.."

kinds=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	kinds+=("$1")
	shift
done
[ $# -eq 0 ] || shift
[ ${#kinds[@]} -gt 0 ] || kinds=(plain asan tsan)

tests/packages.sh test

jobs=$(nproc)
status=0
for kind in "${kinds[@]}"; do
	case $kind in
	plain) flags=(-DCMAKE_BUILD_TYPE=Release) ;;
	asan) flags=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g" -DWYNDRVR_ASAN=ON -DWYNDRVR_UBSAN=ON) ;;
	tsan) flags=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g" -DWYNDRVR_TSAN=ON) ;;
	*)
		echo "tests/run.sh: $kind: plain, asan and tsan are known" >&2
		exit 2
		;;
	esac
	echo "== $kind"
	cmake -S . -B "build-test-$kind" -DWYNDRVR_WERROR=ON "${flags[@]}" >/dev/null
	cmake --build "build-test-$kind" -j "$jobs" 2>&1 | grep -vE '^\[|^(Scanning|Consolidate)' || true
	cmake --build "build-test-$kind" >/dev/null
	[ "$kind" != plain ] || echo "(what the tests have measured is in build-test-plain/Testing/Temporary/LastTest.log, in lines with \"figure:\")"
	ctest --test-dir "build-test-$kind" --output-on-failure -j "$jobs" "$@" || status=1
done
exit $status
