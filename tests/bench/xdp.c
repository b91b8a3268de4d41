// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drops or sends back all that a network card receives, in its driver (XDP).
 *
 * Usage: xdp INTERFACE drop|tx
 *
 * Says "attached", then for each line on standard input the time in us and how
 * many packets there were; ends with standard input.  The program is a few
 * instructions of BPF, written out here, so that no compiler for BPF is needed;
 * xdp-bench of xdp-tools 1.5 does not load on Linux 7.2.  Linked statically, it
 * runs in the guest whatever the host has for a C library.
 */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CPUS_MAX	256

/* A cache line for each processor. */
struct counter {
	uint64_t packets;
	uint64_t pad[7];
};

static long bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct counter),
		.max_entries = CPUS_MAX,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		err(1, "BPF map");
	return fd;
}

#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static int load(int map, int action, uint32_t flags)
{
	const struct bpf_insn insns[] = {
		/* r0 = processor */
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_smp_processor_id),
		/* *(u32 *)(r10 - 4) = r0 */
		INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_0, -4, 0),
		/* r0 = lookup(map, r10 - 4) */
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		/* if (r0) ++*(u64 *)r0 */
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 3, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_0, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, 1),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, 0, 0),
		/* return action */
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, action),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t)"GPL",
		.prog_flags = flags,
		.expected_attach_type = BPF_XDP,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		err(1, "BPF program");
	return fd;
}

static int attach(int program, unsigned int ifindex)
{
	union bpf_attr attr = {
		.link_create.prog_fd = program,
		.link_create.target_ifindex = ifindex,
		.link_create.attach_type = BPF_XDP,
		.link_create.flags = XDP_FLAGS_DRV_MODE,
	};

	return bpf(BPF_LINK_CREATE, &attr);
}

static uint64_t packets(int map)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < CPUS_MAX; cpu++) {
		struct counter counter;
		union bpf_attr attr = {
			.map_fd = map,
			.key = (uintptr_t)&cpu,
			.value = (uintptr_t)&counter,
		};

		if (!bpf(BPF_MAP_LOOKUP_ELEM, &attr))
			sum += counter.packets;
	}
	return sum;
}

int main(int argc, char **argv)
{
	unsigned int ifindex;
	struct timespec now;
	char line[64];
	int map, action;

	if (argc != 3 || (strcmp(argv[2], "drop") && strcmp(argv[2], "tx")))
		errx(1, "usage: xdp INTERFACE drop|tx");
	action = strcmp(argv[2], "tx") ? XDP_DROP : XDP_TX;
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		err(1, "there is no interface %s", argv[1]);
	map = make_map();
	/* A driver that merges packets wants a program that knows of it. */
	if (attach(load(map, action, BPF_F_XDP_HAS_FRAGS), ifindex) < 0 &&
	    attach(load(map, action, 0), ifindex) < 0)
		err(1, "the driver of %s", argv[1]);
	setlinebuf(stdout);
	puts("attached");
	while (fgets(line, sizeof(line), stdin)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("%lld %llu\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000,
		       (unsigned long long)packets(map));
	}
	return 0;
}
