#!/bin/bash
# Makes a copy of the checkout in which one rule of the contract is broken.
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: tests/abi/mutants.sh --list
#        tests/abi/mutants.sh NAME DIR
#
# --list prints "NAME<TAB>CHECK<TAB>SAYS<TAB>WHAT": the check of
# scripts/check-abi.sh that has to fail, and a text that it then says.  DIR is made anew.  A mutation that finds nothing to
# change is an error, so that none goes blind unnoticed.

set -euo pipefail
unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

list()
{
	sed 's/ *| */\t/g' <<-LIST
		pad|header alone, gcc -m64|pad|a hole in a structure
		pad32|layout is the same, gcc -m32|mynic_cmd_rxq.hdr_base|a layout that depends on the machine
		include|header alone, clang -m32|asm/no.h|the header needs more than the kernel's types
		virtio|offload header|hdr_len|the offload header is not virtio's
		offset|tables|0x0c8|a register moves
		comment|tables|Start and reset|a comment changes
		unshown|tables|mynic_unshown|a structure that the specification does not show
		rst|renders|able|a table is broken
		define|restated|/driver/mynic_hw.h:|a header's name defined in the driver
		readl|restated|/driver/mynic_hw.c:|an offset in readl()
		writel|restated|/driver/mynic_hw.c:|an offset in writel() over two lines
		qtest|restated|/tests/qtest/mynic-more.c:|an offset in a qtest
		doorbell|restated|/tests/qtest/mynic-more.c:|a doorbell as a number
		case|restated|/qemu-device/mynic_core.c:|an offset as a case in the device
		opcode|restated|/driver/mynic_admin.c:|an opcode in the driver
		python|restated|/tests/more.py:|an opcode in Python
		mask|restated|/driver/mynic_admin.c:|a mask at a field
		shift|restated|/driver/mynic_admin.c:|a shift at a field
		gso|restated|/qemu-device/mynic_gso.c:|a kind of segmentation in the device
		pci|restated|/qemu-device/mynic.c:|the PCI identity in the device
		unmapped|mapped|MYNIC_ERR_MUTANT|a status that the driver does not map
		unreturned|status is returned|MYNIC_ERR_MUTANT|a status that the device does not return
		unexplained|status is explained|MYNIC_ERR_MUTANT|a status that the prose leaves out
		noopcode|opcode is known|MYNIC_ADMIN_MUTANT|a command that the device lacks
		opprose|opcode is explained|MYNIC_ADMIN_MUTANT|a command that the prose leaves out
		noreg|register and doorbell|MYNIC_REG_ADMIN_LIMITS|a register that the device lacks
		nofeature|offered feature|MYNIC_F_TX_USO|a feature that the driver lacks
		noqerr|queue error|MYNIC_QERR_TOO_LONG|a queue error that the device lacks
	LIST
}

# change FILE EXPRESSION: sed, which has to change something.
change()
{
	cp "$1" "$1.orig"
	sed -i -E "$2" "$1"
	! cmp -s "$1" "$1.orig" || {
		echo "mutants.sh: $2 changes nothing in $1" >&2
		exit 1
	}
	rm "$1.orig"
}

# forget WORD DIR: WORD is in no C file of DIR any more.
forget()
{
	local files

	mapfile -t files < <(grep -lw "$1" "$2"/*.[ch])
	[ "${#files[@]}" -gt 0 ] || {
		echo "mutants.sh: $2 has no $1" >&2
		exit 1
	}
	sed -i "s/\\b$1\\b/0/" "${files[@]}"
}

mutate()
{
	local abi=include/mynic_abi.h spec=docs/specs/mynic.rst

	case $1 in
	pad)
		change $abi 's/^\t__le16 hdr_len;$/\t__le32 hdr_len;/'
		;;
	pad32)
		change $abi 's/^\t__le64 hdr_base;$/\tlong hdr_base;/'
		;;
	include)
		change $abi 's/^(#include <linux.types.h>)/\1\n#include <asm\/no.h>/'
		;;
	virtio)
		change $abi '/^\t__le16 (gso_size|hdr_len);$/{s/gso_size/x/;s/hdr_len/gso_size/;s/\bx\b/hdr_len/}'
		;;
	offset)
		change $abi 's/(MYNIC_REG_TEST_IRQ\t+)0x0c4/\10x0c8/'
		;;
	comment)
		change $abi 's/(RW, reset 0\.) Enable and reset/\1 Start and reset/'
		;;
	unshown)
		change $abi 's/^(struct mynic_mac_entry \{)/struct mynic_unshown {\n\t__le32 a;\n};\n\n\1/'
		;;
	rst)
		change $spec '0,/^=====  ===/s/^=====  ===/=====  = =/'
		;;
	define)
		echo '#define MYNIC_CTRL_RESET (1U << 31)' >>driver/mynic_hw.h
		;;
	readl)
		echo 'int f(char *p) { return readl(p + 0x00c); }' >>driver/mynic_hw.c
		;;
	writel)
		printf 'void f(void)\n{\n\twritel(1,\n\t       p + 0x098);\n}\n' \
			>>driver/mynic_hw.c
		;;
	qtest)
		mkdir -p tests/qtest
		echo 'x = qpci_io_readl(dev, bar, 0x20);' >>tests/qtest/mynic-more.c
		;;
	doorbell)
		echo 'mynic_doorbell(d, 0, 0x14, 1);' >>tests/qtest/mynic-more.c
		;;
	case)
		printf 'switch (addr) {\ncase 0x0a0:\n}\n' >>qemu-device/mynic_core.c
		;;
	opcode)
		echo 'cmd.opcode = cpu_to_le16(0x24);' >>driver/mynic_admin.c
		;;
	python)
		echo 'cmd = {"opcode": 0x10}' >>tests/more.py
		;;
	mask)
		echo 'int x = le32_to_cpu(cqe->info) & 0x80000000;' >>driver/mynic_admin.c
		;;
	shift)
		echo 'x = le32_to_cpu(cqe->info) >> 8;' >>driver/mynic_admin.c
		;;
	gso)
		echo 'bool f(void) { return hdr->gso_type == 4; }' \
			>>qemu-device/mynic_gso.c
		;;
	pci)
		echo 'k->device_id = 0x10F0;' >>qemu-device/mynic.c
		;;
	unmapped | unreturned | unexplained)
		change $abi 's/^(\tMYNIC_ERR_INTERNAL = 14,)/\1\n\tMYNIC_ERR_MUTANT = 15,/
			s/^( \* @MYNIC_ERR_INTERNAL:)/ * @MYNIC_ERR_MUTANT: new\n\1/'
		;;
	noopcode | opprose)
		change $abi 's/^(\tMYNIC_ADMIN_GET_STATS = 0x38,)/\1\n\tMYNIC_ADMIN_MUTANT = 0x39,/
			s/^( \* @MYNIC_ADMIN_GET_STATS:)/ * @MYNIC_ADMIN_MUTANT: new\n\1/'
		;;
	noreg)
		change qemu-device/mynic_regs.c 's/\(ADMIN_LIMITS,/(MUTANT,/'
		;;
	nofeature)
		forget MYNIC_F_TX_USO driver
		;;
	noqerr)
		forget MYNIC_QERR_TOO_LONG qemu-device
		;;
	*)
		echo "mutants.sh: \"$1\" is no mutation; see --list" >&2
		exit 1
		;;
	esac
}

if [ "${1:-}" = --list ]; then
	list
	exit
fi
[ $# -eq 2 ] || {
	echo "usage: tests/abi/mutants.sh --list | NAME DIR" >&2
	exit 1
}
rm -rf "${2:?}"
mkdir -p "$2"
cd "$root"
cp -r include driver qemu-device tests docs scripts "$2"
cd "$2"
mutate "$1"
