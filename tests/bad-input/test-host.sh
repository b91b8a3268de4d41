#!/bin/bash
# What the commands refuse on a host: each cause in one clear sentence.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # single quotes: expanded by the shell under test

. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

# refused COMMAND...: COMMAND fails with one sentence on what is wrong and at
# most one on what to do, which is then in $OUT; progress lines apart.
refused()
{
	fails "$@"
	OUT=$(grep -v '^\[ *[0-9:]*\] ' <<<"$OUT")
	equal "$(grep -c '^mynic: error: ' <<<"$OUT")" 1
	equal "$(grep -vc '^mynic: ' <<<"$OUT")" 0
	[ "$(wc -l <<<"$OUT")" -le 2 ]
}

# fake NAME TEXT: a command NAME that runs the shell commands TEXT.
fake()
{
	mkdir -p "$T/fake"
	printf '#!/bin/bash\n%s\n' "$2" >"$T/fake/$1"
	chmod +x "$T/fake/$1"
	PATH=$T/fake:$PATH
}

# on_tmpfs MIB COMMAND...: COMMAND with a small file system at $T/small.
on_tmpfs()
{
	local size=$1 ns=(unshare --mount)
	shift

	mkdir -p "$T/small"
	[ "$(id -u)" -eq 0 ] || ns+=(--user --map-root-user)
	"${ns[@]}" true 2>/dev/null || {
		echo "no mount namespaces here"
		return 4
	}
	"${ns[@]}" bash -c 'mount -t tmpfs -o size="$1"m small "$2"
		shift 2; exec "$@"' on_tmpfs "$size" "$T/small" "$@"
}

test_no_dev_net_tun()
{
	export MYNIC_TUN=$T/net/tun
	refused "$ROOT/scripts/netns-run.sh" -- true
	says "there is no $T/net/tun"
	says "modprobe tun"
}

test_dev_net_tun_that_is_no_device()
{
	export MYNIC_TUN=$T/tun
	: >"$MYNIC_TUN"
	refused "$ROOT/scripts/netns-run.sh" -- true
	says "$T/tun is no character device"
	says "mknod"
}

test_namespaces_are_forbidden()
{
	fake unshare 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1'
	refused "$ROOT/scripts/netns-run.sh" -- true
	says "Operation not permitted"
	says "SYS_ADMIN"
}

# The PATH of Debian's ordinary users, and of sysctl nothing at all.
test_namespace_without_sysctl()
{
	fake sysctl 'echo sysctl was used; exit 1'
	PATH=$T/fake:/usr/local/bin:/usr/bin:/bin
	"$ROOT/scripts/netns-run.sh" -- true ||
		{ echo "no tap can be made here"; return 4; }
	OUT=$("$ROOT/scripts/netns-run.sh" -- \
		cat /proc/sys/net/ipv6/conf/tap0/accept_dad 2>&1)
	equal "$OUT" 0
}

test_namespace_ends_with_its_command()
{
	local rc=0
	"$ROOT/scripts/netns-run.sh" --no-tap -- sh -c 'exit 7' || rc=$?
	equal "$rc" 7
	timeout --signal=TERM 2 "$ROOT/scripts/netns-run.sh" --no-tap -- \
		sh -c "echo \$\$ >$T/pid; exec sleep 4711" || :
	[ -s "$T/pid" ]
	equal "$(pgrep -f '^sleep 4711' || :)" ""
}

test_other_architecture()
{
	fake uname '[ "$1" = -m ] && echo aarch64 || exec /bin/uname "$@"'
	refused "$ROOT/scripts/qemu-build.sh"
	says "this is Linux on aarch64"
	says "x86_64"
}

test_other_system()
{
	fake uname '[ "$1" = -s ] && echo FreeBSD || exec /bin/uname "$@"'
	refused "$ROOT/scripts/check.sh"
	says "FreeBSD"
}

test_system_older_than_Debian_12()
{
	fake getconf 'echo glibc 2.31'
	refused "$ROOT/scripts/qemu-build.sh"
	says "older than Debian 12: its C library is glibc 2.31"
}

test_names_that_builds_do_not_take()
{
	MYNIC_CACHE="$T/a cache" refused "$ROOT/scripts/qemu-build.sh"
	says "has a blank or a colon in it"
	MYNIC_CACHE="$T/a:cache" refused "$ROOT/scripts/qemu-build.sh"
	says "MYNIC_CACHE"
	mkdir -p "$T/a:checkout"
	cp -r "$ROOT/scripts" "$T/a:checkout/"
	refused "$T/a:checkout/scripts/qemu-build.sh"
	says "the checkout's path"
}

test_no_package_manager()
{
	mkdir -p "$T/bin"
	local c
	for c in bash env dirname date nproc uname id cat grep sed awk sort; do
		ln -s "$(command -v "$c")" "$T/bin/$c"
	done
	refused env "PATH=$T/bin" "$ROOT/scripts/prereqs.sh" qemu
	says "no apt-get and dpkg"
	says "Debian 12"
}

test_missing_package_is_named()
{
	# An ordinary user without sudo's help, on a machine that lacks one.
	fake dpkg-query '[[ $* == *iperf3* ]] && exit 1
		echo "install ok installed"'
	fake id '[ "$1" = -u ] && echo 1000 || exec /usr/bin/id "$@"'
	fake sudo 'exit 1'
	refused "$ROOT/scripts/demo.sh" </dev/null
	says "missing Debian packages: iperf3"
}

test_no_space_for_qemu()
{
	MYNIC_CACHE=$T/small refused on_tmpfs 16 "$ROOT/scripts/qemu-build.sh"
	says "MiB"
	says "MYNIC_CACHE"
}

test_no_space_for_the_guest()
{
	MYNIC_CACHE=$T/small refused on_tmpfs 16 \
		"$ROOT/scripts/guest-image.sh" 7.2
	says "MiB"
	says "MYNIC_CACHE"
}

test_no_space_for_the_driver()
{
	mkdir -p "$T/linux/include/config"
	: >"$T/linux/Makefile"
	echo 9.9.9 >"$T/linux/include/config/kernel.release"
	: >"$T/linux/Module.symvers"
	fake make 'echo make was run'
	MYNIC_MODULES=$T/small refused on_tmpfs 16 \
		"$ROOT/scripts/driver-build.sh" "KDIR=$T/linux"
	says "the driver needs"
	says "move the checkout"
}

test_accel_that_does_not_exist()
{
	# Nor is QEMU built for it.
	export MYNIC_QEMU=$T/no-qemu
	fake dpkg-query 'exit 1'
	fake apt-get 'exit 1'
	ACCEL=nonsense refused "$ROOT/scripts/vm-run.sh" -- true
	says "nonsense"
	says "kvm"
	says "tcg"
}

test_kdir_that_is_no_kernel()
{
	mkdir "$T/nothing"
	refused "$ROOT/scripts/driver-build.sh" "KDIR=$T/nothing"
	says "$T/nothing"
}

test_kdir_that_does_not_exist()
{
	refused "$ROOT/scripts/driver-build.sh" KDIR=/does/not/exist
	says "/does/not/exist"
}

# Headers of the running kernel are what most would name.
test_kdir_whose_headers_are_not_installed()
{
	refused "$ROOT/scripts/driver-build.sh" KDIR=/lib/modules/9.9.9-none/build
	says "KDIR=/lib/modules/9.9.9-none/build is no kernel tree"
	says "linux-headers-9.9.9-none"
}

test_kdir_that_is_not_configured()
{
	mkdir -p "$T/linux/include/config"
	: >"$T/linux/Makefile"
	refused "$ROOT/scripts/driver-build.sh" "KDIR=$T/linux"
	says "$T/linux is not configured"
	# What a build leaves that was interrupted.
	: >"$T/linux/include/config/kernel.release"
	refused "$ROOT/scripts/driver-build.sh" "KDIR=$T/linux"
	says "$T/linux is not configured"
}

test_kdir_with_an_apostrophe()
{
	OUT=$(make -C "$ROOT" driver "KDIR=$T/it's not" 2>&1) || :
	echo "$OUT"
	says "KDIR=$T/it's not is no kernel tree"
	mkdir -p "$T/it's"
	: >"$T/it's/Makefile"
	refused "$ROOT/scripts/driver-build.sh" "KDIR=$T/it's"
	says "has the character \"'\" in its path"
}

test_kernel_that_nobody_knows()
{
	refused "$ROOT/scripts/vm-run.sh" --kernel 2.4 -- true
	says "2.4"
	refused "$ROOT/scripts/driver-build.sh" 2.4
	says "2.4"
}

test_card_that_nobody_tests()
{
	NIC=ne2000 refused "$ROOT/scripts/guest-test.sh"
	says "ne2000"
	says "virtio-net"
	NIC=ne2000 refused "$ROOT/scripts/demo.sh"
	says "ne2000"
}

# at_terminal SETTING=VALUE...: "make run" with them, of a checkout that builds
# nothing but says what it would.
at_terminal()
{
	local f

	if [ ! -e "$T/checkout" ]; then
		mkdir "$T/checkout"
		cp -r "$ROOT/scripts" "$T/checkout/"
		for f in qemu-build driver-build vm-run prereqs; do
			printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$f" "$T/asked" \
				>"$T/checkout/scripts/$f.sh"
		done
	fi
	: >"$T/asked"
	env NET=user "$@" script -qec "$T/checkout/scripts/run.sh" /dev/null \
		</dev/null | tr -d '\r'
}

test_settings_of_make_run()
{
	local s

	for s in SMP=0 SMP=256 SMP=300 SMP=many QUEUES=0 QUEUES=65 MEM=1 \
		 MEM=2000000; do
		refused at_terminal "$s"
		says "$s is out of range"
		equal "$(cat "$T/asked")" ""
	done
	# Zeros in front make no octal number of it.
	at_terminal QUEUES=08 SMP=09 MEM=01024
	grep -q '^vm-run .*queues=8,' "$T/asked"
	refused "$ROOT/scripts/vm-run.sh" --smp 08 --mem 0 -- true
	says "--mem 0 is out of range"
}

test_kernel_of_make_run_that_has_no_driver()
{
	refused at_terminal "KERNEL=$T"
	says "KERNEL=$T is not known"
	mkdir -p "$T/kernel/lib/modules/1.2.3" "$T/cache/kernels"
	refused at_terminal "KERNEL=$T/kernel"
	says "there is no driver for 1.2.3"
	says "make driver KDIR="
	equal "$(grep -v prereqs "$T/asked" || :)" ""
	# The debug kernel of make check-debug: its driver is built.
	ln -s ../../kernel "$T/cache/kernels/debug-0123456789ab"
	mkdir -p "$T/checkout/build/modules/1.2.3"
	: >"$T/checkout/build/modules/1.2.3/mynic.ko"
	at_terminal "KERNEL=$T/kernel"
	grep -qx 'driver-build debug' "$T/asked"
	grep -q "^vm-run .*--kernel $T/kernel " "$T/asked"
	# One of the user's own, whose driver is there.
	rm "$T/cache/kernels/debug-0123456789ab"
	at_terminal "KERNEL=$T/kernel"
	grep -q "^vm-run .*--kernel $T/kernel " "$T/asked"
	[ "$(grep -c driver-build "$T/asked")" -eq 0 ]
}

test_words_that_are_no_arguments()
{
	refused "$ROOT/scripts/check.sh" nonsense
	says "nonsense"
	says "guest-7.2"
	refused "$ROOT/scripts/guest-test.sh" nonsense
	says "nonsense"
	refused "$ROOT/scripts/guest-test.sh" --nonsense
	says "nonsense"
	refused "$ROOT/scripts/netns-run.sh"
	says "no command"
	refused "$ROOT/scripts/vm-run.sh" --smp many -- true
	says "many"
}

run_tests "$@"
