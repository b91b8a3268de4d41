# shellcheck shell=bash
# The cards that "make bench" compares: how QEMU is told to make each.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # shared with scripts/bench.sh
#
# Sourced after lib.sh.  Each is configured as well as its manual allows, for
# speed, with up to BENCH_QUEUES queue pairs; what was chosen is in the output.

BENCH_CARDS=(mynic virtio-net vmxnet3 igb e1000e)
BENCH_QUEUES=4

# card_queues CARD [QUEUES]: queue pairs of the card, each a queue of the tap.
# igb's driver takes one for each processor, up to eight; QEMU's vmxnet3 reads
# and writes one queue of its backend, e1000e has a single pair.
card_queues()
{
	case $1 in
	mynic | virtio-net)	echo "${2:-$BENCH_QUEUES}" ;;
	igb)			echo "$(( ${2:-$BENCH_QUEUES} < 8 ? ${2:-$BENCH_QUEUES} : 8 ))" ;;
	*)			echo 1 ;;
	esac
}

# card_driver CARD: the driver in the guest.
card_driver()
{
	case $1 in
	virtio-net)	echo virtio_net ;;
	*)		echo "$1" ;;
	esac
}

# card_device CARD IOMMU [QUEUES]: the model and its options, for "-device".
# virtio-net: user space may have 1024 receive slots and 256 transmit slots (QEMU
# 10.0.13 makes each ring one of 1024, whatever it is told), a vector for each
# queue and one for the configuration, and, behind an IOMMU, has to be told not to
# go around it.  There its rings are packed ones.  In a split ring of 512 or more,
# entries of 8 bytes lie across two pages; QEMU 9.0 and newer translates the first
# page alone, writes the length to what comes after it in the guest's memory, and
# so destroys whatever that is.  An entry of a packed ring lies in one page.  rss
# and hash stay off: they cost a Toeplitz hash in QEMU for each packet, without
# them the tap steers.
card_device()
{
	local queues

	queues=$(card_queues "$1" "${3:-}")
	case $1 in
	mynic)
		echo "mynic,queues=$queues"
		;;
	virtio-net)
		printf 'virtio-net-pci,mq=on,vectors=%d,rx_queue_size=1024,tx_queue_size=256' \
			$((2 * queues + 2))
		[ "$2" = off ] || printf ',iommu_platform=on,disable-legacy=on,packed=on'
		echo
		;;
	*)
		echo "$1"
		;;
	esac
}

# card_vm_args CARD IOMMU [QUEUES]: options of scripts/vm-run.sh, one a line,
# for two such cards on tap0 and tap1.
card_vm_args()
{
	local n device queues

	device=$(card_device "$@")
	queues=$(card_queues "$1" "${3:-}")
	for n in 0 1; do
		printf -- '--qemu-arg\n%s\n' -netdev \
			"tap,id=net$n,ifname=tap$n,script=no,downscript=no,vhost=off$(
				[ "$queues" = 1 ] || echo ",queues=$queues")" \
			-device "pcie-root-port,id=bench$n,bus=pcie.0,chassis=$((20 + n)),slot=$((20 + n))" \
			-device "$device,id=nic$n,netdev=net$n,bus=bench$n,mac=52:54:00:6d:79:0$((n + 1))"
	done
}
