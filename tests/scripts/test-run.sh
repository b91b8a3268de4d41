#!/bin/bash
# Tests what scripts/run.sh makes of its settings, on a real tap, without a guest.
# SPDX-License-Identifier: GPL-2.0-or-later

# QEMU is of the user's cache, another one would take many minutes.
real_cache=${MYNIC_CACHE:-$HOME/.cache/mynic}

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# run: as "make run", but QEMU has nothing to boot and ends; what it says of the
# network is then in $OUT.
run()
{
	local f

	MYNIC_CACHE=$real_cache "$ROOT/scripts/qemu-build.sh"
	mkdir -p "$T/checkout"
	cp -r "$ROOT/scripts" "$T/checkout/"
	cd "$T/checkout/scripts"
	for f in qemu-build.sh driver-build.sh; do
		printf '#!/bin/bash\n' >"$f"
	done
	cat >vm-run.sh <<-TEXT
		#!/bin/bash
		args=()
		while [ "\$1" != -- ]; do
			if [ "\$1" = --qemu-arg ]; then
				args+=("\$2")
				shift
			fi
			shift
		done
		printf '%s\n' 'info network' quit |
			exec "$ROOT/build/bin/qemu-system-x86_64" \
			-M q35,accel=tcg -display none -nodefaults -S \
			-monitor stdio -device pcie-root-port,id=rp0 "\${args[@]}"
	TEXT
	# A terminal is wanted.
	OUT=$(script -qec ./run.sh /dev/null 2>&1) || {
		echo "$OUT"
		return 1
	}
}

test_a_card_of_any_number_of_queues_on_the_tap()
{
	local n

	for n in 1 2 64; do
		NET=tap QUEUES=$n run
		says "net0: index=$((n - 1)),type=tap"
		omits "net0: index=$n,"
	done
}

run_tests "$@"
