#!/bin/sh
# Makes sure that what the build (with "test" also the tests, with "checks" the checks of the source) needs is
# installed. Debian 12, Ubuntu 22.04 or later: installs it as root or with sudo; elsewhere says what is missing.
#
#   tests/packages.sh [test|checks ...]
set -eu

build="gcc cmake make pkg-config libc6-dev libncurses-dev libinih-dev libjansson-dev libsodium-dev"
test="libcmocka-dev python3 iproute2 nftables iputils-ping procps tmux binutils"
checks="clang-14 clang-tidy-14 clang-format-14 libcmocka-dev python3"

packages=$build
for part in "$@"; do
	case $part in
	test) packages="$packages $test" ;;
	checks) packages="$packages $checks" ;;
	*)
		echo "tests/packages.sh: $part: test and checks are known" >&2
		exit 2
		;;
	esac
done

missing=
for package in $packages; do
	case " $missing " in *" $package "*) continue ;; esac
	dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "Please install what these Debian packages hold:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
		echo "Missing packages. Please run: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
{
	$sudo apt-get update -qq
	$sudo apt-get install -y -qq --no-install-recommends $missing
} >&2
