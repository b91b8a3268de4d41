#!/bin/bash
# Boots guests on one kernel and runs the tests of tests/guest in them.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: scripts/guest-test.sh [--kernel 7.2|6.12|debug] [--boot one|two|three|four]
#                              [--case REGEX] [--short|--rest] [FILE]...
#
# The first two boots have one node and most of the tests, the third two nodes and
# a strict IOMMU, the fourth bounce buffers for all DMA.  FILEs are names in
# tests/guest without ".sh"; --short stands for those whose outcome is up to the
# kernel more than to the device, in one boot, without the cases of them that are
# the device's (of_the_device in tests/guest/cases.sh), --rest for all others.
# NIC=virtio-net or NIC=e1000e puts such cards in the place of ours; CARD= has
# further properties for ours, as CARD=iothreads=2.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage='usage: scripts/guest-test.sh [--kernel 7.2|6.12|debug] [--boot one|two|three|four] [--case REGEX] [--short|--rest] [FILE]...'
one=(identity reach traffic mtu filter offload vlan rss rules)
two=(channels rings coalesce stats irq link flow reset backends xdp power
     lifecycle mismatch)
three=(numa iommu xdp-dma)
four=(dma)
# What the driver does in another way on another kernel: reconfiguration under
# the device's own lock or not, RSS by one interface or another, statistics,
# NAPI, XDP; and contents both ways.
short=(traffic rss rules channels stats irq reset xdp power lifecycle)
NIC=${NIC:-mynic}
QUEUES=4

kernel=7.2
# Of logs: both parts may run at the same time.
part=
boots=(one two three four)
only=
inside=
# Which of the cases that are up to the device.
device_cases=
files=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --boot | --case)
		[ $# -gt 1 ] || die "$1 wants a value" "$usage"
		case $1 in
		--kernel) kernel=$2 ;;
		--boot) IFS=, read -ra boots <<<"$2" ;;
		--case) only=$2 ;;
		esac
		shift
		;;
	--inside | --part | --device-cases)
		case $1 in
		--inside) inside=$2 ;;
		--part) part=$2 ;;
		--device-cases) device_cases=$2 ;;
		esac
		shift
		;;
	--short)
		device_cases=without
		files+=("${short[@]}")
		one+=("${two[@]}")
		two=()
		;;
	--rest)
		part=-rest
		device_cases="only ${short[*]}"
		for f in "${one[@]}" "${two[@]}" "${three[@]}" "${four[@]}"; do
			[[ " ${short[*]} " == *" $f "* ]] &&
				! grep -q '^of_the_device' \
					"$MYNIC_ROOT/tests/guest/$f.sh" ||
				files+=("$f")
		done
		;;
	-*)
		die "guest-test.sh does not know \"$1\"" "$usage"
		;;
	*)
		files+=("$1")
		;;
	esac
	shift
done

case $NIC in
mynic)
	driver=mynic
	far=virtio-net-pci
	far_driver=virtio_net
	;;
virtio-net)
	driver=virtio_net
	far=e1000e
	far_driver=e1000e
	;;
e1000e)
	driver=e1000e
	far=virtio-net-pci
	far_driver=virtio_net
	;;
*)
	die "NIC=\"$NIC\" is no card of these tests" \
	    "use mynic, virtio-net or e1000e"
	;;
esac

# card DRIVER-NEUTRAL OPTIONS: "-device" of a card of the kind under test.
card()
{
	case $NIC in
	mynic)
		echo "mynic,$1,queues=$QUEUES${CARD:+,$CARD}"
		;;
	virtio-net)
		echo "virtio-net-pci,$1"
		;;
	e1000e)
		echo "e1000e,$1"
		;;
	esac
}

# The card under test, as "-device" and as JSON for device_add.  In the guest
# of two nodes it is on the second one.
dut_options()
{
	local o bus=rp0
	[ "$1" != three ] || bus=rp1
	o=$(card "id=nic0,netdev=net0,mac=52:54:00:6d:79:01,bus=$bus")
	[ "$NIC" != virtio-net ] || o+=",mq=on,vectors=$((2 * QUEUES + 2))"
	echo "$o"
}

dut_json()
{
	local o pair json
	o=$(dut_options "$1")
	json="{\"driver\": \"${o%%,*}\""
	for pair in $(tr ',' ' ' <<<"${o#*,}"); do
		case ${pair#*=} in
		on)
			json+=", \"${pair%%=*}\": true"
			;;
		*[!0-9]*)
			json+=", \"${pair%%=*}\": \"${pair#*=}\""
			;;
		*)
			json+=", \"${pair%%=*}\": ${pair#*=}"
			;;
		esac
	done
	echo "$json}"
}

# In the namespace: the host's end of the tests, then the guest.
run_boot()
{
	local boot=$1 dir a lo=127.0.0.1 args vm rc
	local name=guest-$kernel$part-$boot
	shift

	dir=$(mktemp -d "$MYNIC_BUILD/guest-test.XXXXXX")
	# shellcheck disable=SC2064 # the value of now is meant
	trap "rm -rf '$dir'" EXIT
	mkfifo "$dir"/agent.{in,out}
	"$MYNIC_ROOT/tests/guest/host-agent.sh" "$dir" \
		"$MYNIC_BUILD/run/$name.qmp" &
	iperf3 -s >"$dir/iperf3" 2>&1 &
	"$MYNIC_ROOT/scripts/cable.sh" 7001 7004 >"$dir/cable" 2>&1 &

	# shellcheck disable=SC2054 # QEMU's options have commas
	args=(-chardev "pipe,id=agent,path=$dir/agent"
	      -device virtserialport,chardev=agent,name=mynic.agent
	      -device pcie-root-port,id=rpx,bus=pcie.0,chassis=11,slot=11
	      -netdev "tap,id=net0,ifname=$MYNIC_TAP,script=no,downscript=no,vhost=off$(
		[ "$NIC" = e1000e ] || echo ",queues=$QUEUES")"
	      -device "$(dut_options "$boot")"
	      -netdev "stream,id=cable0,server=off,reconnect-ms=100,addr.type=inet,addr.host=$lo,addr.port=7001"
	      -device "$(card "netdev=cable0,mac=52:54:00:6d:79:02,bus=pcie.0")"
	      -netdev "stream,id=far0,server=off,reconnect-ms=100,addr.type=inet,addr.host=$lo,addr.port=7004"
	      -device "$far,netdev=far0,mac=52:54:00:6d:79:03,bus=pcie.0"
	      -netdev user,id=user0
	      -device "$(card "netdev=user0,mac=52:54:00:6d:79:04,bus=pcie.0")"
	      -netdev "dgram,id=cable1,local.type=inet,local.host=$lo,local.port=7002,remote.type=inet,remote.host=$lo,remote.port=7003"
	      -device "$(card "netdev=cable1,mac=52:54:00:6d:79:05,bus=pcie.0")"
	      -netdev "dgram,id=far1,local.type=inet,local.host=$lo,local.port=7003,remote.type=inet,remote.host=$lo,remote.port=7002"
	      -device "$far,netdev=far1,mac=52:54:00:6d:79:06,bus=pcie.0"
	      -netdev user,id=spare,net=10.0.3.0/24)

	vm=("$MYNIC_ROOT/scripts/vm-run.sh" --kernel "${vm_kernel:?}" --log "$name"
	    --timeout 3600
	    # Each case judges by itself (tests/guest/lib.sh); this one is meant.
	    --allow-splat='NETDEV WATCHDOG: ')
	case $boot in
	one | two)
		vm+=(--smp 2) ;;
	three)	vm+=(--smp 4 --numa 2 --iommu strict) ;;
	four)	vm+=(--smp 2 --append "swiotlb=16384,force") ;;
	esac
	for a in "${args[@]}"; do
		vm+=(--qemu-arg "$a")
	done
	rc=0
	"${vm[@]}" -- "$(guest_command "$boot" "$@")" || rc=$?
	driver_kept_rules "$MYNIC_LOG/$name.qemu.log" || rc=$((rc ? rc : 1))
	return "$rc"
}

# driver_kept_rules LOG: whatever the cases found, the device has not complained
# of the driver to QEMU, as it does when a rule of the data sheet is broken; but
# of the one whose admin queue has a wrong address (other_drivers). Nor has QEMU
# kept an access of the device from another one that was in the middle of its own.
driver_kept_rules()
{
	local claim="driver: keeps the rules of the data sheet" said
	local meant='^mynic: fatal: admin submission ring cannot be read$'

	echo "KTAP version 1"
	echo "1..1"
	said=$(awk -v meant="$meant" '
		(/^mynic: / && $0 !~ meant || /Blocked re-entrant IO/) &&
			n++ < 20' "$1")
	if [ -z "$said" ]; then
		echo "ok 1 $claim"
		return
	fi
	echo "# QEMU said: ${said//$'\n'/$'\n'# }"
	echo "not ok 1 $claim"
	return 1
}

# other_driver NAME FILE SED: the driver with another source FILE, as SED makes
# it.  It begins with the objects of the real one, so that kbuild compiles this
# file only, where its commands do not name directories (kernels since 6.13).
other_driver()
{
	local modules=$MYNIC_BUILD/$1-$kernel file=$MYNIC_ROOT/driver/$2 f
	local dir=$modules/driver

	if [ ! -e "$modules/$driver_release" ]; then
		mkdir -p "$modules/$driver_release.new"
		cp -a "$MYNIC_BUILD/modules/$driver_release/obj" \
			"$modules/$driver_release.new/"
		mv "$modules/$driver_release.new" "$modules/$driver_release"
	fi
	mkdir -p "$dir"
	for f in "$MYNIC_ROOT"/driver/{*.[ch],Kbuild,Makefile}; do
		[ "$f" = "$file" ] || cp -pu "$f" "$dir/"
	done
	sed -E "$3" "$file" >"$dir/new"
	! cmp -s "$dir/new" "$file" || die "$2 has no place for \"$3\" any more"
	f=$dir/$2
	cmp -s "$dir/new" "$f" || mv "$dir/new" "$f"
	MYNIC_DRIVER=$dir MYNIC_MODULES=$modules \
		"$MYNIC_ROOT/scripts/driver-build.sh" "$kernel" >/dev/null
}

# What mismatch needs: a driver for another major version of the contract, and
# one whose first admin command the device cannot read, as nothing is at the
# address that it is told.
other_drivers()
{
	other_driver other-major mynic_hw.c \
		's/\bMYNIC_ABI_MAJOR\b/(& + 1)/'
	other_driver wrong-asq mynic_hw.c \
		'/_ASQ_LO,/s/admin->asq_dma/BIT_ULL(45)/'
}

# guest_command BOOT FILE...: what the guest runs.
guest_command()
{
	local boot=$1
	shift

	printf 'cd /mynic && DRIVER=%s FAR_DRIVER=%s AGENT=%s CASES=%q ' \
		"$driver" "$far_driver" mynic.agent "$only"
	printf 'DEVICE_CASES=%q ' "$device_cases"
	# shellcheck disable=SC2016 # expanded in the guest
	printf '%s/$(uname -r)/mynic.ko ' MODULE=/mynic/build/modules \
		"OTHER_MODULE=/mynic/build/other-major-$kernel" \
		"WRONG_ASQ_MODULE=/mynic/build/wrong-asq-$kernel" \
		"MASK32_MODULE=/mynic/build/mask32-$kernel"
	# shellcheck disable=SC2016 # likewise
	printf '%s/$(uname -r)/rx-restart.ko ' \
		"RX_RESTART_MODULE=/mynic/build/rx-restart"
	printf 'DONE=/mynic/build/log/guest-%s-%s.results ' "$kernel$part" \
		"$boot"
	printf 'PLUG_JSON=%q tests/guest/run.sh' "$(dut_json "$boot")"
	printf ' %q' "$@"
}

# run_namespace BOOT FILE...: a guest for the files; where the emulator failed,
# another one for the cases that have had no result yet.
run_namespace()
{
	local boot=$1 rc tries=4 results
	results=$MYNIC_LOG/guest-$kernel$part-$boot.results

	: >"$results"
	while :; do
		rc=0
		"$MYNIC_ROOT/scripts/netns-run.sh" -- "${BASH_SOURCE[0]}" \
			--kernel "$kernel" --case "$only" --part "$part" \
			--device-cases "$device_cases" --inside "$@" |
			tee -a "$results" || rc=$?
		if [ "$rc" -ne 98 ] || [ $((--tries)) -eq 0 ]; then
			break
		fi
		say "the cases that are left go on in a new guest"
	done
	! grep -q '^not ok ' "$results" || rc=1
	return "$rc"
}

is_wanted()
{
	[ "${#files[@]}" -eq 0 ] || [[ " ${files[*]} " == *" $1 "* ]]
}

# runs BOOT FILE: true if it is among those that are run.
runs()
{
	[[ " ${boots[*]} " == *" $1 "* ]] && is_wanted "$2"
}

if [ -n "$inside" ]; then
	run_boot "$inside" "${files[@]}"
	exit
fi

"$MYNIC_ROOT/scripts/prereqs.sh" check
for f in "${files[@]}"; do
	[ -e "$MYNIC_ROOT/tests/guest/$f.sh" ] ||
		die "there are no guest tests called \"$f\"" \
		    "there are: ${one[*]} ${two[*]} ${three[*]} ${four[*]}"
done
# All that takes the network is done before there is none.
[ -x "$MYNIC_BUILD/bin/qemu-system-x86_64" ] ||
	"$MYNIC_ROOT/scripts/qemu-build.sh"
vm_kernel=$kernel
[ "$kernel" != debug ] || vm_kernel=$("$MYNIC_ROOT/scripts/kernel-debug.sh")
export vm_kernel
"$MYNIC_ROOT/scripts/guest-image.sh" "$vm_kernel" >/dev/null
"$MYNIC_ROOT/scripts/accel.sh" >/dev/null
"$MYNIC_ROOT/scripts/guest-tools.sh"
if [ "$NIC" = mynic ]; then
	driver_release=$("$MYNIC_ROOT/scripts/driver-build.sh" "$kernel")
	driver_release=$(basename "$(dirname "$driver_release")")
	! runs two mismatch || other_drivers
	! runs four dma || other_driver mask32 mynic_pci.c \
		's/DMA_BIT_MASK\(64\)/DMA_BIT_MASK(32)/'
	# 6.12 does not let modules restart queues.
	if [ "$kernel" != 6.12 ] && runs two rings; then
		"$MYNIC_ROOT/scripts/guest-module.sh" "$kernel" >/dev/null
	fi
fi

rc=0
for boot in "${boots[@]}"; do
	declare -n all=$boot
	wanted=()
	for f in "${all[@]}"; do
		! is_wanted "$f" || wanted+=("$f")
	done
	[ "${#wanted[@]}" -gt 0 ] || continue
	run_namespace "$boot" "${wanted[@]}" || rc=$?
done
exit "$rc"
