// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads one of some small XDP programs and pins it, for "ip link set dev NIC
 * xdpdrv pinned FILE".
 *
 * Usage: xdp-prog [--frags] [--bound IFACE] [--all] PROGRAM FILE [ARGUMENT]
 *
 *   --frags        the program takes packets in several buffers
 *   --bound IFACE  it is bound to this device, whose metadata it may ask for
 *   --all          it acts on all packets, not only on Ethernet type 0x88b5
 *
 * PROGRAM is pass, drop, aborted, invalid (a verdict that there is none of), tx
 * (back with the addresses exchanged), redirect IFINDEX, push BYTES (that many
 * bytes more in front, the header moved there), trim BYTES (that many fewer
 * at the end), grow BYTES (more at the end), meta (four bytes of metadata),
 * hash (the source address becomes the hash and what it was made of) or vlan
 * (likewise the tag's protocol and its contents).
 *
 * Packets of other types pass, so that a connection lives on meanwhile. The
 * programs are assembled here: that needs no compiler for BPF and works on
 * any kernel that has what it uses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEST_TYPE	0x88b5
#define ETH_HEADER	14
#define MAX_INSNS	128

/* Newer than the headers of some machines that this is compiled on. */
#define XDP_HAS_FRAGS_FLAG	(1U << 5)
#define XDP_DEV_BOUND_FLAG	(1U << 6)

struct program {
	struct bpf_insn insn[MAX_INSNS];
	unsigned int len;
	/* Jumps to "pass", at the end. */
	unsigned int to_pass[16];
	unsigned int num_to_pass;
};

static void emit(struct program *p, uint8_t code, int dst, int src,
		 int16_t off, int32_t imm)
{
	if (p->len == MAX_INSNS) {
		fprintf(stderr, "xdp-prog: program too long\n");
		exit(2);
	}
	p->insn[p->len++] = (struct bpf_insn) {
		.code = code, .dst_reg = dst, .src_reg = src,
		.off = off, .imm = imm,
	};
}

static void mov(struct program *p, int dst, int src)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void mov_imm(struct program *p, int dst, int32_t imm)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static void add_imm(struct program *p, int dst, int32_t imm)
{
	emit(p, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm);
}

static void load(struct program *p, int size, int dst, int src, int off)
{
	emit(p, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static void store(struct program *p, int size, int dst, int src, int off)
{
	emit(p, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static void call(struct program *p, int helper)
{
	emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void pass_if(struct program *p, uint8_t op, int dst, int src,
		    int32_t imm)
{
	p->to_pass[p->num_to_pass++] = p->len;
	emit(p, BPF_JMP | op, dst, src, 0, imm);
}

static void verdict(struct program *p, int act)
{
	mov_imm(p, BPF_REG_0, act);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* r6 the context, r2 the packet, of which the first @len bytes are there. */
static void packet(struct program *p, int len)
{
	load(p, BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data));
	load(p, BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end));
	mov(p, BPF_REG_4, BPF_REG_2);
	add_imm(p, BPF_REG_4, len);
	pass_if(p, BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 0);
}

/* Copies @len bytes, an even number, within the packet. */
static void copy(struct program *p, int to, int from, int len)
{
	for (; len; len -= 2, to += 2, from += 2) {
		load(p, BPF_H, BPF_REG_5, BPF_REG_2, from);
		store(p, BPF_H, BPF_REG_2, BPF_REG_5, to);
	}
}

static void prog_tx(struct program *p)
{
	int i;

	for (i = 0; i < 6; i += 2) {
		load(p, BPF_H, BPF_REG_5, BPF_REG_2, i);
		load(p, BPF_H, BPF_REG_7, BPF_REG_2, i + 6);
		store(p, BPF_H, BPF_REG_2, BPF_REG_7, i);
		store(p, BPF_H, BPF_REG_2, BPF_REG_5, i + 6);
	}
	verdict(p, XDP_TX);
}

static void adjust(struct program *p, int helper, int delta)
{
	mov(p, BPF_REG_1, BPF_REG_6);
	mov_imm(p, BPF_REG_2, delta);
	call(p, helper);
	pass_if(p, BPF_JNE | BPF_K, BPF_REG_0, 0, 0);
}

static void prog_push(struct program *p, int bytes)
{
	adjust(p, BPF_FUNC_xdp_adjust_head, -bytes);
	packet(p, bytes + ETH_HEADER);
	copy(p, 0, bytes, ETH_HEADER);
	verdict(p, XDP_PASS);
}

static void prog_meta(struct program *p)
{
	adjust(p, BPF_FUNC_xdp_adjust_meta, -4);
	load(p, BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data_meta));
	load(p, BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data));
	mov(p, BPF_REG_4, BPF_REG_2);
	add_imm(p, BPF_REG_4, 4);
	pass_if(p, BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 0);
	mov_imm(p, BPF_REG_5, 0x6d796e69);
	store(p, BPF_W, BPF_REG_2, BPF_REG_5, 0);
	verdict(p, XDP_PASS);
}

/* Number of a function of the kernel in its type information. */
static int kernel_function(const char *wanted)
{
	const struct btf_header *header;
	const struct btf_type *t;
	const char *file = "/sys/kernel/btf/vmlinux", *names;
	struct stat st;
	char *btf, *end;
	FILE *f;
	int id;

	f = fopen(file, "r");
	if (!f || fstat(fileno(f), &st)) {
		perror(file);
		exit(2);
	}
	btf = malloc(st.st_size);
	if (!btf || fread(btf, 1, st.st_size, f) != (size_t)st.st_size) {
		fprintf(stderr, "xdp-prog: %s cannot be read\n", file);
		exit(2);
	}
	fclose(f);

	header = (const void *)btf;
	names = btf + header->hdr_len + header->str_off;
	t = (const void *)(btf + header->hdr_len + header->type_off);
	end = (char *)t + header->type_len;
	for (id = 1; (char *)t < end; id++) {
		size_t size = sizeof(*t), vlen = BTF_INFO_VLEN(t->info);

		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_FUNC:
			if (!strcmp(names + t->name_off, wanted)) {
				free(btf);
				return id;
			}
			break;
		case BTF_KIND_INT:
		case BTF_KIND_VAR:
		case 17: /* DECL_TAG */
			size += 4;
			break;
		case BTF_KIND_ARRAY:
			size += sizeof(struct btf_array);
			break;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			size += vlen * sizeof(struct btf_member);
			break;
		case BTF_KIND_ENUM:
			size += vlen * sizeof(struct btf_enum);
			break;
		case BTF_KIND_FUNC_PROTO:
			size += vlen * sizeof(struct btf_param);
			break;
		case BTF_KIND_DATASEC:
			size += vlen * sizeof(struct btf_var_secinfo);
			break;
		case 19: /* ENUM64 */
			size += vlen * 12;
			break;
		}
		t = (const void *)((const char *)t + size);
	}
	fprintf(stderr, "xdp-prog: this kernel has no %s\n", wanted);
	exit(3);
}

/* Asks the device by a function that writes two values of @size1 and @size2,
 * and puts them where the source address was.
 */
static void prog_metadata(struct program *p, const char *function,
			  int size1, int size2)
{
	mov_imm(p, BPF_REG_5, 0);
	store(p, BPF_DW, BPF_REG_10, BPF_REG_5, -8);
	store(p, BPF_DW, BPF_REG_10, BPF_REG_5, -16);
	mov(p, BPF_REG_1, BPF_REG_6);
	mov(p, BPF_REG_2, BPF_REG_10);
	add_imm(p, BPF_REG_2, -8);
	mov(p, BPF_REG_3, BPF_REG_10);
	add_imm(p, BPF_REG_3, -16);
	emit(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0,
	     kernel_function(function));
	pass_if(p, BPF_JNE | BPF_K, BPF_REG_0, 0, 0);
	packet(p, ETH_HEADER);
	load(p, size1, BPF_REG_5, BPF_REG_10, -8);
	load(p, size2, BPF_REG_7, BPF_REG_10, -16);
	/* Four bytes and two, whatever they were. */
	store(p, BPF_W, BPF_REG_2, BPF_REG_5, 6);
	store(p, BPF_H, BPF_REG_2, BPF_REG_7, 10);
	verdict(p, XDP_PASS);
}

static bool assemble(struct program *p, const char *name, int arg, bool all)
{
	unsigned int i;

	mov(p, BPF_REG_6, BPF_REG_1);
	packet(p, ETH_HEADER);
	if (!all) {
		load(p, BPF_H, BPF_REG_5, BPF_REG_2, 12);
		pass_if(p, BPF_JNE | BPF_K, BPF_REG_5, 0, htons(TEST_TYPE));
	}

	if (!strcmp(name, "pass")) {
		verdict(p, XDP_PASS);
	} else if (!strcmp(name, "drop")) {
		verdict(p, XDP_DROP);
	} else if (!strcmp(name, "aborted")) {
		verdict(p, XDP_ABORTED);
	} else if (!strcmp(name, "invalid")) {
		verdict(p, 42);
	} else if (!strcmp(name, "tx")) {
		prog_tx(p);
	} else if (!strcmp(name, "redirect")) {
		mov_imm(p, BPF_REG_1, arg);
		mov_imm(p, BPF_REG_2, 0);
		call(p, BPF_FUNC_redirect);
		emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	} else if (!strcmp(name, "push")) {
		prog_push(p, arg);
	} else if (!strcmp(name, "trim")) {
		adjust(p, BPF_FUNC_xdp_adjust_tail, -arg);
		verdict(p, XDP_PASS);
	} else if (!strcmp(name, "grow")) {
		adjust(p, BPF_FUNC_xdp_adjust_tail, arg);
		verdict(p, XDP_PASS);
	} else if (!strcmp(name, "meta")) {
		prog_meta(p);
	} else if (!strcmp(name, "hash")) {
		prog_metadata(p, "bpf_xdp_metadata_rx_hash", BPF_W, BPF_W);
	} else if (!strcmp(name, "vlan")) {
		prog_metadata(p, "bpf_xdp_metadata_rx_vlan_tag", BPF_H, BPF_H);
	} else {
		return false;
	}

	for (i = 0; i < p->num_to_pass; i++)
		p->insn[p->to_pass[i]].off = p->len - p->to_pass[i] - 1;
	verdict(p, XDP_PASS);
	return true;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	static char log[65536];
	struct program p = { .len = 0 };
	union bpf_attr attr;
	unsigned int flags = 0, bound = 0;
	bool all = false;
	int fd;

	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "--frags")) {
			flags |= XDP_HAS_FRAGS_FLAG;
		} else if (!strcmp(argv[1], "--all")) {
			all = true;
		} else if (!strcmp(argv[1], "--bound") && argc > 2) {
			flags |= XDP_DEV_BOUND_FLAG;
			bound = if_nametoindex(argv[2]);
			argc--, argv++;
		} else {
			argc = 0;
		}
	}
	if (argc < 3 || argc > 4 ||
	    !assemble(&p, argv[1], argc > 3 ? atoi(argv[3]) : 0, all)) {
		fprintf(stderr, "usage: xdp-prog [--frags] [--bound IFACE] [--all] PROGRAM FILE [ARGUMENT]\n");
		return 2;
	}

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)p.insn;
	attr.insn_cnt = p.len;
	attr.license = (uintptr_t)"GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	attr.prog_flags = flags;
	attr.prog_ifindex = bound;
	snprintf(attr.prog_name, sizeof(attr.prog_name), "test_%s", argv[1]);
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0) {
		fprintf(stderr, "xdp-prog: %s does not load: %s\n%s", argv[1],
			strerror(errno), log);
		return 1;
	}

	unlink(argv[2]);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)argv[2];
	attr.bpf_fd = fd;
	if (bpf(BPF_OBJ_PIN, &attr)) {
		fprintf(stderr, "xdp-prog: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	return 0;
}
