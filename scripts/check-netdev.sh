#!/bin/bash
# make check-netdev: runs the kernel's own tests of network drivers on a card.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: [NIC=CARD] [TEST=FILE...] [KERNEL=7.2|debug] scripts/check-netdev.sh
#
# NIC is mynic, virtio-net, vmxnet3, igb or e1000e.  TEST names files as in
# tools/testing/selftests/drivers/net, "ping.py" or "hw/rss_ctx.py"; without, all
# that the Makefiles there list are run, as they are, in a guest with the newest
# kernel, lockdep, DMA_API_DEBUG and what else scripts/kernel-debug.sh has, or with
# KERNEL=7.2 with Debian's own kernel, which lacks some of what they test.  The
# guest has two pairs of such cards, each joined by a cable; the far end of the
# first, in a namespace, is the remote end.  A guest that dies is a failure of the file that ran, and the
# next one goes on behind it.
#
# In build/netdev/NIC: what each file said (.log), what the kernel said meanwhile
# (.dmesg), results.tsv with a line for each case, table.txt.  The last line is
# "N passed, N failed, N skipped, N expected failures"; the status is 0 if
# nothing failed.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NIC=${NIC:-mynic}
KERNEL=${KERNEL:-debug}
dir=$MYNIC_BUILD/netdev/$NIC
cards='mynic, virtio-net, vmxnet3, igb, e1000e'
# Four RSS contexts of two queues each, and the default one.
QUEUES=12

case $NIC in
mynic)		driver=mynic		card=mynic,queues=$QUEUES ;;
virtio-net)	driver=virtio_net	card=virtio-net-pci ;;
vmxnet3)	driver=vmxnet3		card=vmxnet3 ;;
igb)		driver=igb		card=igb ;;
e1000e)		driver=e1000e		card=e1000e ;;
*)		die "NIC=\"$NIC\" is no card of these tests" "use $cards" ;;
esac
[[ $KERNEL == debug || $KERNEL == 7.2 ]] ||
	die "KERNEL=\"$KERNEL\" is no kernel of these tests" "use debug or 7.2"

# In the namespace: the cable, then the guest; the arguments are its files.
inside()
{
	local vm end ports=(7001 7002 7003 7004)

	"$MYNIC_ROOT/scripts/cable.sh" 7001 7002 &
	"$MYNIC_ROOT/scripts/cable.sh" 7003 7004 &
	# shellcheck disable=SC2154 # exported below
	vm=("$MYNIC_ROOT/scripts/vm-run.sh" --kernel "$netdev_kernel"
	    --root "$netdev_image" --smp 2 --mem 2048 --log "netdev-$NIC"
	    --timeout 20000 --allow-splat --share "$dir"
	    # For those that want pages of 2 MiB.
	    --append "hugepages=64")
	for end in 1 2 3 4; do
		vm+=(--qemu-arg -netdev
		     --qemu-arg "stream,id=net$end,server=off,reconnect-ms=100,addr.type=inet,addr.host=127.0.0.1,addr.port=${ports[end - 1]}"
		     --qemu-arg -device
		     --qemu-arg "$card,netdev=net$end,mac=52:54:00:6d:79:0$end,bus=$(
			[ "$end" = 1 ] && echo rp0 || echo pcie.0)")
	done
	"${vm[@]}" -- "DRIVER=$driver FILE_TIMEOUT=${FILE_TIMEOUT:-1800} MODULE=/mynic/build/modules/\$(uname -r)/mynic.ko /mynic/tests/netdev/run.sh $*"
}

if [ "${1:-}" = --inside ]; then
	shift
	inside "$@"
	exit
fi
[ $# -eq 0 ] || die "\"$1\" is not understood" \
	"usage: NIC=$NIC TEST=hw/rss_ctx.py scripts/check-netdev.sh"

# log_of TEST: where its output is, without ".log".
log_of()
{
	printf '%s/%s' "$dir" "${1//[:\/]/_}"
}

# Short names are those below drivers/net.
short()
{
	local name=${1#drivers/net:}
	printf '%s' "${name/#drivers\/net\/hw:/hw/}"
}

# results TEST: its lines of results.tsv.
results()
{
	local log
	log=$(log_of "$1")
	touch "$log".{log,dmesg,end}
	awk -v file="$(short "$1")" -v end="$(<"$log.end")" \
		-f "$MYNIC_ROOT/tests/netdev/cases.awk" "$log.log" "$log.dmesg" |
		sed "s|^|$(short "$1")\t|"
}

# table: of results.tsv and the .end files, a line for each file.
table()
{
	local test seconds

	{
		printf 'file\tpass\tfail\tskip\txfail\tseconds\n'
		for test in "${tests[@]}"; do
			read -r _ seconds <"$(log_of "$test").end" || seconds=-
			awk -F '\t' -v file="$(short "$test")" -v s="$seconds" '
				$1 == file { n[$2]++ }
				END {
					printf "%s\t%d\t%d\t%d\t%d\t%s\n", file,
						n["pass"], n["fail"], n["skip"],
						n["xfail"], s
				}' "$dir/results.tsv"
		done
	} >"$dir/table.tsv"
	awk -F '\t' '
		NR > 1 { for (i = 2; i <= 5; i++) t[i] += $i }
		{ printf "%-32s %6s %6s %6s %6s %8s\n", $1, $2, $3, $4, $5, $6 }
		END { printf "%-32s %6d %6d %6d %6d\n", "all", t[2], t[3], t[4], t[5] }
	' "$dir/table.tsv" | tee "$dir/table.txt"
}

"$MYNIC_ROOT/scripts/prereqs.sh" check qemu guest
"$MYNIC_ROOT/scripts/qemu-build.sh"
netdev_kernel=$KERNEL
[ "$KERNEL" != debug ] ||
	netdev_kernel=$("$MYNIC_ROOT/scripts/kernel-debug.sh")
"$MYNIC_ROOT/scripts/guest-image.sh" "$netdev_kernel" >/dev/null
netdev_image=$("$MYNIC_ROOT/scripts/netdev-image.sh")
export netdev_kernel netdev_image NIC
[ "$NIC" != mynic ] || "$MYNIC_ROOT/scripts/driver-build.sh" "$KERNEL" >/dev/null
"$MYNIC_ROOT/scripts/accel.sh" >/dev/null

mapfile -t all < <(unsquashfs -cat "$netdev_image" ksft/kselftest-list.txt)
tests=()
for name in ${TEST:-}; do
	target=drivers/net:$name
	[[ $name != hw/* ]] || target=drivers/net/hw:${name#hw/}
	[[ " ${all[*]} " == *" $target "* ]] ||
		die "TEST=\"$name\" is none of the kernel's tests" \
		    "there are: $(for t in "${all[@]}"; do short "$t"; echo; done | tr '\n' ' ')"
	tests+=("$target")
done
[ "${#tests[@]}" -gt 0 ] || tests=("${all[@]}")

rm -rf "$dir"
mkdir -p "$dir"
: >"$dir/results.tsv"
left=("${tests[@]}")
while [ "${#left[@]}" -gt 0 ]; do
	"$MYNIC_ROOT/scripts/netns-run.sh" --no-tap -- "${BASH_SOURCE[0]}" \
		--inside "${left[@]}" || :
	while [ "${#left[@]}" -gt 0 ] && [ -e "$(log_of "${left[0]}").end" ]; do
		left=("${left[@]:1}")
	done
	[ "${#left[@]}" -gt 0 ] || break
	if [ ! -e "$(log_of "${left[0]}").log" ]; then
		die "the guest did not come to the tests" \
		    "see build/log/netdev-$NIC.console.log"
	fi
	say "the guest ended in $(short "${left[0]}"); another one goes on behind it"
	left=("${left[@]:1}")
done

for test in "${tests[@]}"; do
	results "$test" >>"$dir/results.tsv"
done
echo
table
awk -F '\t' '$2 == "fail" { print "failed: " $1 " " $3 ": " $4 }' "$dir/results.tsv"
read -r pass fail skip xfail < <(awk -F '\t' '{ n[$2]++ }
	END { printf "%d %d %d %d\n", n["pass"], n["fail"], n["skip"], n["xfail"] }' \
	"$dir/results.tsv")
echo
echo "$pass passed, $fail failed, $skip skipped, $xfail expected failures"
[ "$fail" -eq 0 ]
