// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of QEMU's TCG: counts the guest's instructions and MMIO writes.
 *
 * Usage: -plugin count.so,commands=FIFO
 *
 * For each line "FILE" that is written into FIFO it writes into FILE what there
 * has been since the start of the guest, and gives FILE its name when it is
 * complete:
 *
 *   insns N            instructions of all processors
 *   mmio NAME N        writes to the device memory of that name
 *   block PC SIZE N    N runs of the SIZE kernel instructions at PC
 *   lost N             N blocks found no place: "block" does not tell all
 *
 * What was counted does not depend on how fast the host is, nor on what the
 * guest waits for: a halted processor runs nothing.  All cards are looked at in
 * the same place, the guest's store, whatever QEMU then does with it.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qemu-plugin.h>

#define BLOCKS		(1 << 20)
#define DEVICES		64
#define NAME_LEN	64
#define KERNEL_START	(1ULL << 63)

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

struct block {
	uint64_t pc;
	uint32_t insns;
};

struct device {
	char name[NAME_LEN];
	uint64_t writes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Open addressing; blocks are never removed.  A size of 0 is a free place. */
static struct block blocks[BLOCKS];
/* For each processor an array of how often each block ran. */
static struct qemu_plugin_scoreboard *runs;
static unsigned int n_blocks, n_lost;
static struct device devices[DEVICES];
static qemu_plugin_u64 insns;
static char *fifo;

static qemu_plugin_u64 runs_of(const struct block *block)
{
	return (qemu_plugin_u64){ runs, (block - blocks) * sizeof(uint64_t) };
}

/* What is translated again at the same place is the same block. */
static struct block *find_block(uint64_t pc, uint32_t size)
{
	uint32_t at = ((pc * 0x9e3779b97f4a7c15ULL >> 32) + size) % BLOCKS;

	while (blocks[at].insns &&
	       (blocks[at].pc != pc || blocks[at].insns != size))
		at = (at + 1) % BLOCKS;
	if (!blocks[at].insns) {
		/* A search has to end at a free place. */
		if (n_blocks == BLOCKS / 2) {
			n_lost++;
			return NULL;
		}
		n_blocks++;
		blocks[at] = (struct block){ pc, size };
	}
	return &blocks[at];
}

static void on_store(unsigned int cpu, qemu_plugin_meminfo_t info,
		     uint64_t address, void *data)
{
	struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, address);
	const char *name;

	(void)cpu;
	(void)data;
	if (!hw || !qemu_plugin_hwaddr_is_io(hw))
		return;
	name = qemu_plugin_hwaddr_device_name(hw);
	pthread_mutex_lock(&lock);
	for (struct device *d = devices; d < devices + DEVICES; d++) {
		if (!d->name[0])
			snprintf(d->name, sizeof(d->name), "%s", name);
		if (!strncmp(d->name, name, NAME_LEN - 1)) {
			d->writes++;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
}

/*
 * writel() and its like are a plain move of a register or a constant to memory
 * that is not on the stack; nothing else is worth looking at.
 */
static bool may_be_mmio(const struct qemu_plugin_insn *insn)
{
	uint8_t b[8] = { 0 }, rex = 0;
	size_t n = qemu_plugin_insn_data(insn, b, sizeof(b)), i = 0;

	while (i < n && (b[i] == 0x66 || (b[i] & 0xf0) == 0x40))
		rex = b[i++];
	if (i + 1 >= n)
		return false;
	if (b[i] != 0x88 && b[i] != 0x89 && b[i] != 0xc6 && b[i] != 0xc7)
		return false;
	if (b[i + 1] >> 6 == 3)
		return false;
	/* Base 4 is the stack, or r12 by the prefix. */
	return (b[i + 1] & 7) != 4 || (b[i + 2] & 7) != 4 || (rex & 1);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t size = qemu_plugin_tb_n_insns(tb);
	uint64_t pc = qemu_plugin_tb_vaddr(tb);
	struct block *block = NULL;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb,
		QEMU_PLUGIN_INLINE_ADD_U64, insns, size);
	if (pc < KERNEL_START)
		return;
	pthread_mutex_lock(&lock);
	block = find_block(pc, size);
	pthread_mutex_unlock(&lock);
	if (block)
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb,
			QEMU_PLUGIN_INLINE_ADD_U64, runs_of(block), 1);
	for (size_t i = 0; i < size; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (may_be_mmio(insn))
			qemu_plugin_register_vcpu_mem_cb(insn, on_store,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, NULL);
	}
}

static void dump(const char *name)
{
	char new[600];
	FILE *file;

	snprintf(new, sizeof(new), "%s.new", name);
	file = fopen(new, "w");
	if (!file) {
		perror(new);
		return;
	}
	pthread_mutex_lock(&lock);
	fprintf(file, "insns %" PRIu64 "\n", qemu_plugin_u64_sum(insns));
	for (struct device *d = devices; d < devices + DEVICES; d++) {
		if (d->name[0])
			fprintf(file, "mmio %s %" PRIu64 "\n", d->name, d->writes);
	}
	for (struct block *b = blocks; b < blocks + BLOCKS; b++) {
		uint64_t n = b->insns ? qemu_plugin_u64_sum(runs_of(b)) : 0;

		if (n)
			fprintf(file, "block %" PRIx64 " %u %" PRIu64 "\n",
				b->pc, b->insns, n);
	}
	if (n_lost)
		fprintf(file, "lost %u\n", n_lost);
	pthread_mutex_unlock(&lock);
	if (fclose(file) || rename(new, name))
		perror(name);
}

static void *serve(void *arg)
{
	/* Both ends, so that it stays open between two who write. */
	int fd = open(fifo, O_RDWR | O_CLOEXEC);
	FILE *commands = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512];

	(void)arg;
	if (!commands) {
		perror(fifo);
		return NULL;
	}
	while (fgets(line, sizeof(line), commands)) {
		line[strcspn(line, "\n")] = 0;
		dump(line);
	}
	return NULL;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	sigset_t all, before;
	pthread_t thread;
	int failed;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "commands=", 9)) {
		fprintf(stderr, "usage: -plugin count.so,commands=FIFO\n");
		return -1;
	}
	fifo = strdup(argv[0] + 9);
	insns = qemu_plugin_scoreboard_u64(
		qemu_plugin_scoreboard_new(sizeof(uint64_t)));
	runs = qemu_plugin_scoreboard_new(BLOCKS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	/* QEMU's signals are for its main loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, NULL, serve, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return -1;
	pthread_detach(thread);
	return 0;
}
