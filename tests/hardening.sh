#!/bin/sh
# Whether programs are built as a release should be: canaries on the stack, checked calls of the C library, a place
# in memory that changes with each start, tables of addresses read-only before main, no stack that can be executed.
#
#   tests/hardening.sh PROGRAM...
set -eu

status=0
missing() {
	echo "$program: $*" >&2
	status=1
}

for program in "$@"; do
	header=$(readelf -hW "$program")
	segments=$(readelf -lW "$program")
	dynamic=$(readelf -dW "$program")
	symbols=$(readelf --dyn-syms -W "$program")
	echo "$header" | grep -qE 'Type: +DYN' || missing "not position-independent (-pie)"
	echo "$segments" | grep -q GNU_RELRO || missing "no relocation is read-only (-z relro)"
	echo "$dynamic" | grep -qE '\(BIND_NOW\)|FLAGS.* BIND_NOW|FLAGS_1.* NOW' ||
		missing "symbols are bound late (-z now)"
	echo "$segments" | grep -qE 'GNU_STACK.* RW ' || missing "the stack can be executed (-z noexecstack)"
	echo "$symbols" | grep -q ' __stack_chk_fail' || missing "no canary (-fstack-protector-strong)"
	echo "$symbols" | grep -qE ' __[a-z]+_chk(@| |$)' || missing "no checked call (_FORTIFY_SOURCE)"
done
exit $status
