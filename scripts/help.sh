#!/bin/bash
# Prints what the Makefile offers, from the comments at its targets.
# SPDX-License-Identifier: GPL-2.0-or-later

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo "mynic: a multiqueue PCIe network card for QEMU, and its Linux driver"
echo
sed -nE 's/^([a-z0-9-]+):[^#]*##[ \t]*(.*)$/\1\t\2/p' "$MYNIC_ROOT/Makefile" |
	while IFS=$'\t' read -r target text; do
		printf '  make %-12s %s\n' "$target" "$text"
	done
cat <<TEXT

Times are those of two processors.  Settings, as in "make demo YES=1":
  YES=1          do not ask before packages are installed with sudo
  JOBS=N         parallel jobs of builds (now $MYNIC_JOBS)
  ACCEL=kvm|tcg  what runs guests, instead of finding out
  KDIR=DIR       for "make driver": a configured kernel tree
  KERNEL=6.12    for "make run" and "make demo": the older kernel
  NET QUEUES SMP MEM  for "make run": see scripts/run.sh
  QUICK=1        for "make demo" and "make bench": short measurements
  MYNIC_CACHE=D  sources, QEMU, kernels (now $MYNIC_CACHE)
Logs of everything long are in build/log.
TEXT
