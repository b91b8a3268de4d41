# SPDX-License-Identifier: GPL-2.0-or-later
# What can be asked for; each target is one script.  "make help" explains.
#
# Settings go on the command line: make check YES=1, make run ACCEL=tcg,
# make driver KDIR=/path/to/a/configured/kernel.

.PHONY: help
help: ## this text
	@scripts/help.sh

# The order below is the order of the help text.

.PHONY: demo check bench run qemu driver guest qtest lint check-abi check-full check-debug check-arm64
.PHONY: check-netdev
.PHONY: clean distclean
demo: ## the card carries multiqueue traffic in a guest (10 minutes the first time)
	@scripts/demo.sh
check: ## the tests, of the guests all on 7.2 and a part on 6.12 (20 minutes the first time, then 9 to 12)
	@scripts/check.sh
check-full: ## the same, everything on 6.12, on a kernel with lockdep, and on arm64 (two hours)
	@scripts/check.sh --full
bench: ## speed beside QEMU's other cards: one table (over an hour; QUICK=1: 3 minutes)
	@BENCH_LINES='$(LINES)' scripts/bench.sh
run: ## a shell in a guest with the card, the checkout shared into it
	@scripts/run.sh
qemu: ## QEMU with the device, in build/bin (4 minutes, then seconds)
	@scripts/qemu-build.sh
driver: ## mynic.ko for the guests' kernels, or KDIR=, in build/modules (1 minute)
	@scripts/driver-build.sh $(if $(KDIR),"KDIR=$$KDIR",all)
guest: ## what guests boot from: two kernels, root image (2 minutes, then seconds)
	@scripts/guest-image.sh all
qtest: ## tests of the device alone, under QEMU's qtest (1 minute)
	@scripts/qtest.sh
lint: ## the kernel's and QEMU's own style and static checks (minutes)
	@scripts/lint.sh
check-abi: ## header, specification and generated tables agree (seconds)
	@scripts/check-abi.sh
check-debug: ## the guests' tests on a kernel with lockdep and DMA_API_DEBUG (30 minutes)
	@scripts/check.sh guest-debug
check-arm64: ## barriers, and card and driver in arm64 guests (15 minutes the first time)
	@scripts/check-arm64.sh
check-netdev: ## the kernel's own tests of network drivers, on NIC=, of TEST= (the first time a kernel is built)
	@scripts/check-netdev.sh
clean: ## removes build/
	@scripts/clean.sh
distclean: ## removes build/ and the cache, saying how large they were
	@scripts/clean.sh --cache
