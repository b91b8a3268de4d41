/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * mynic: the contract between the network card and its driver.
 *
 * This header is the only statement of the contract. The driver, the device
 * model, its qtests and user-space tools compile these same bytes; the tables
 * of docs/specs/mynic.rst are generated from them. The specification gives
 * meaning and order; section names in comments refer to it.
 *
 * Conventions
 *
 * - Everything in registers and in memory is little-endian.
 * - Registers and doorbells are accessed with aligned 32-bit reads and writes.
 * - A comment directly above a register says: access, reset value, meaning.
 *   RO read only, RW read and write, WO write only (reads 0).
 * - Masks are complete (for FIELD_PREP() and FIELD_GET()); there are no shifts.
 * - Ring indices are free-running 32-bit counters; the slot of index i in a
 *   ring of n (a power of two) slots is i & (n - 1).
 * - "Reserved" is written as 0 by whoever owns the memory and ignored by the
 *   reader, unless said otherwise.
 */
#ifndef MYNIC_ABI_H
#define MYNIC_ABI_H

#include <linux/types.h>

#define MYNIC_BIT(n)		(1U << (n))
#define MYNIC_BIT64(n)		(1ULL << (n))
#define MYNIC_GENMASK(h, l)	((~0U << (l)) & (~0U >> (31 - (h))))
#define MYNIC_GENMASK64(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))

/* Section "Identity" ------------------------------------------------------ */

/* From the range that QEMU's pci-ids.rst leaves free for experiments. */
#define MYNIC_PCI_VENDOR_ID	0x1af4
#define MYNIC_PCI_DEVICE_ID	0x10f0
#define MYNIC_PCI_REVISION	0x01

/* The pair must agree on the major version; a minor version only adds. */
#define MYNIC_ABI_MAJOR		1
#define MYNIC_ABI_MINOR		1

/* "my", so that a wrong BAR or a dead device is never taken for a card. */
#define MYNIC_ID_MAGIC		0x6d79

/* What every register reads as once the device is gone. */
#define MYNIC_ALL_ONES		(~0U)

/* Section "BARs": 64-bit memory BARs; each takes two BAR registers. */
#define MYNIC_BAR_REGS		0
#define MYNIC_BAR_DOORBELLS	2
#define MYNIC_BAR_MSIX		4

#define MYNIC_BAR_REGS_SIZE	0x1000

/* Section "Interrupts": vector 0 reports admin completions and events. */
#define MYNIC_VECTOR_ADMIN	0

/* Section "Registers" (BAR 0) --------------------------------------------- */

/* RO, reset MAGIC|MAJOR|MINOR. Identity and version of the contract. */
#define MYNIC_REG_ID			0x000
#define   MYNIC_ID_MAGIC_MASK		MYNIC_GENMASK(31, 16)
#define   MYNIC_ID_MAJOR_MASK		MYNIC_GENMASK(15, 8)
#define   MYNIC_ID_MINOR_MASK		MYNIC_GENMASK(7, 0)

/* RW, reset 0. The driver's own version, laid out as ID; set before ENABLE. */
#define MYNIC_REG_DRIVER_ID		0x004

/* RW, reset 0. Enable and reset; a write of any other bit is ignored. */
#define MYNIC_REG_CTRL			0x008
#define   MYNIC_CTRL_ENABLE		MYNIC_BIT(0)
#define   MYNIC_CTRL_RESET		MYNIC_BIT(31)

/* RO, reset READY. State of the device; ERROR tells why ENABLE was refused. */
#define MYNIC_REG_STATUS		0x00c
#define   MYNIC_STATUS_READY		MYNIC_BIT(0)
#define   MYNIC_STATUS_ENABLED		MYNIC_BIT(1)
#define   MYNIC_STATUS_FATAL		MYNIC_BIT(2)
#define   MYNIC_STATUS_LINK_UP		MYNIC_BIT(3)
#define   MYNIC_STATUS_ERROR_MASK	MYNIC_GENMASK(15, 8)

/* RO, reset features. Bits 31:0 of what the device offers. */
#define MYNIC_REG_DEV_FEATURES_LO	0x010
/* RO, reset features. Bits 63:32 of what the device offers. */
#define MYNIC_REG_DEV_FEATURES_HI	0x014
/* RW, reset 0. Bits 31:0 of what the driver accepts; a subset of the offer. */
#define MYNIC_REG_DRV_FEATURES_LO	0x018
/* RW, reset 0. Bits 63:32 of what the driver accepts. */
#define MYNIC_REG_DRV_FEATURES_HI	0x01c

/* RO, reset limit. Number of queue pairs, 1 to MYNIC_MAX_QUEUE_PAIRS. */
#define MYNIC_REG_MAX_QUEUE_PAIRS	0x020
#define   MYNIC_MAX_QUEUE_PAIRS		64

/* RO, reset limit. Number of MSI-X vectors: one per pair and one for admin. */
#define MYNIC_REG_MAX_VECTORS		0x024

/* RO, reset limit. Transmit rings: size in log2, most slots of a packet. */
#define MYNIC_REG_TX_LIMITS		0x028
/* RO, reset limit. Receive rings and their completion rings: size in log2. */
#define MYNIC_REG_RX_LIMITS		0x02c
#define   MYNIC_LIMITS_LOG2_MIN_MASK	MYNIC_GENMASK(7, 0)
#define   MYNIC_LIMITS_LOG2_MAX_MASK	MYNIC_GENMASK(15, 8)
#define   MYNIC_LIMITS_TX_SLOTS_MASK	MYNIC_GENMASK(31, 16)

/* RO, reset limit. Largest packet that transmit accepts, bytes, all headers;
 * TX_FRAME_MAX at most if it is not to be cut.
 */
#define MYNIC_REG_TX_MAX_LEN		0x030
#define   MYNIC_TX_FRAME_MAX		65557

/* RO, reset limit. Largest MTU in bytes; the smallest is MYNIC_MIN_MTU. */
#define MYNIC_REG_MAX_MTU		0x034
#define   MYNIC_MIN_MTU			68

/* RO, reset limit. RSS: entries of a table, bytes of the key, contexts. */
#define MYNIC_REG_RSS_LIMITS		0x038
#define   MYNIC_RSS_LIMITS_TABLE_MASK	MYNIC_GENMASK(15, 0)
#define   MYNIC_RSS_LIMITS_KEY_MASK	MYNIC_GENMASK(23, 16)
#define   MYNIC_RSS_LIMITS_CTX_MASK	MYNIC_GENMASK(31, 24)

/* RO, reset limit. Perfect-match MAC addresses beside the station address. */
#define MYNIC_REG_MAC_FILTERS		0x03c

/* RO, reset 4096. Bytes from one queue pair's doorbell page to the next. */
#define MYNIC_REG_DOORBELL_STRIDE	0x040

/* RO, reset limit. Largest log2 of the admin rings and the event ring. */
#define MYNIC_REG_ADMIN_LIMITS		0x044
#define   MYNIC_ADMIN_LIMITS_LOG2_MASK	MYNIC_GENMASK(7, 0)

/* RO, reset limit. Flow rules; of a device that offers FLOW_RULES. */
#define MYNIC_REG_RULE_LIMITS		0x048
#define   MYNIC_RULE_LIMITS_RULES_MASK	MYNIC_GENMASK(15, 0)

/* RW, reset 0. Admin submission ring, address bits 31:0. */
#define MYNIC_REG_ASQ_LO		0x080
/* RW, reset 0. Admin submission ring, address bits 63:32. */
#define MYNIC_REG_ASQ_HI		0x084
/* RW, reset 0. Admin completion ring, address bits 31:0. */
#define MYNIC_REG_ACQ_LO		0x088
/* RW, reset 0. Admin completion ring, address bits 63:32. */
#define MYNIC_REG_ACQ_HI		0x08c
/* RW, reset 0. Event ring, address bits 31:0. */
#define MYNIC_REG_AEQ_LO		0x090
/* RW, reset 0. Event ring, address bits 63:32. */
#define MYNIC_REG_AEQ_HI		0x094
/* RW, reset 0. Sizes in log2: both admin rings, event ring; 1 or more. */
#define MYNIC_REG_ADMIN_SIZES		0x098
#define   MYNIC_ADMIN_SIZES_ASQ_MASK	MYNIC_GENMASK(7, 0)
#define   MYNIC_ADMIN_SIZES_AEQ_MASK	MYNIC_GENMASK(15, 8)

/* WO, reset 0. Admin doorbell: index after the last command submitted. */
#define MYNIC_REG_ASQ_TAIL		0x0a0
/* WO, reset 0. Events: index after the last event that the driver has read. */
#define MYNIC_REG_AEQ_HEAD		0x0a4

/* RW, reset ~0. Self-test: reads as the complement of what was written. */
#define MYNIC_REG_TEST_ECHO		0x0c0
/* WO, reset 0. Self-test: raises the MSI-X vector whose number is written. */
#define MYNIC_REG_TEST_IRQ		0x0c4

/* Section "Features" ------------------------------------------------------ */

/* Tails and interrupt arming in memory (struct mynic_queue_ctl). */
#define MYNIC_F_SHADOW			MYNIC_BIT64(0)
/* Checksum completed on transmit, MYNIC_HDR_F_NEEDS_CSUM. */
#define MYNIC_F_TX_CSUM			MYNIC_BIT64(1)
/* Segmentation of TCP over IPv4 and IPv6; needs TX_CSUM. */
#define MYNIC_F_TX_TSO			MYNIC_BIT64(2)
/* Segmentation of UDP over IPv4 and IPv6; needs TX_CSUM. */
#define MYNIC_F_TX_USO			MYNIC_BIT64(3)
/* VLAN tag inserted on transmit. */
#define MYNIC_F_TX_VLAN			MYNIC_BIT64(4)
/* Checksum verified, or left partial, on receive. */
#define MYNIC_F_RX_CSUM			MYNIC_BIT64(5)
/* TCP segments delivered merged (HW-GRO); needs RX_CSUM. */
#define MYNIC_F_RX_GRO			MYNIC_BIT64(6)
/* UDP segments delivered merged; needs RX_GRO. */
#define MYNIC_F_RX_GRO_UDP		MYNIC_BIT64(7)
/* VLAN tag stripped on receive. */
#define MYNIC_F_RX_VLAN			MYNIC_BIT64(8)
/* Receive filter by VLAN identifier. */
#define MYNIC_F_VLAN_FILTER		MYNIC_BIT64(9)
/* Receive-side scaling, and the hash in completions. */
#define MYNIC_F_RSS			MYNIC_BIT64(10)
/* Interrupt moderation per queue. */
#define MYNIC_F_MODERATION		MYNIC_BIT64(11)
/* Partial checksums filled in on receive where asked for; needs RX_CSUM. */
#define MYNIC_F_RX_CSUM_FILL		MYNIC_BIT64(12)
/* Flow rules: frames dropped or steered by what their headers say. */
#define MYNIC_F_FLOW_RULES		MYNIC_BIT64(13)
/* RSS hash that is the same in both directions of a flow; needs RSS. */
#define MYNIC_F_RSS_SYMMETRIC		MYNIC_BIT64(14)
/* Flow label of IPv6 in the RSS hash; needs RSS. */
#define MYNIC_F_RSS_FLOW_LABEL		MYNIC_BIT64(15)

/*
 * Features whose formats below are final and which no device offers yet.
 * A driver that accepts one of them is refused.
 */
#define MYNIC_F_TX_TIMESTAMP		MYNIC_BIT64(32)
#define MYNIC_F_RX_TIMESTAMP		MYNIC_BIT64(33)
#define MYNIC_F_LAUNCH_TIME		MYNIC_BIT64(34)
#define MYNIC_F_TX_TUNNEL		MYNIC_BIT64(35)
#define MYNIC_F_HEADER_SPLIT		MYNIC_BIT64(36)
#define MYNIC_F_FLOW_MARK		MYNIC_BIT64(37)

/* Section "Doorbells" (BAR 2) --------------------------------------------- */

/*
 * The page of queue pair i is at i * DOORBELL_STRIDE. The value is a
 * free-running index in every one; reads return 0.
 */
/* WO, reset 0. Transmit queue i: index after the last slot filled. */
#define MYNIC_DB_TX_TAIL		0x00
/* WO, reset 0. Receive queue i: index after the last buffer posted. */
#define MYNIC_DB_RX_TAIL		0x04
/* WO, reset 0. Transmit queue i: interrupt once slot number value is done. */
#define MYNIC_DB_TX_ARM			0x08
/* WO, reset 0. Completion queue 2i: interrupt once entry value is written. */
#define MYNIC_DB_CQ_ARM			0x10
/* WO, reset 0. Completion queue 2i + 1, likewise. */
#define MYNIC_DB_CQ_ARM_ODD		0x14

/* Completion queue of receive queue i, and that of i's transmit timestamps. */
#define MYNIC_CQ_RX(i)			(2 * (i))
#define MYNIC_CQ_TX(i)			(2 * (i) + 1)

/* Section "Queue control block" ------------------------------------------- */

/**
 * struct mynic_queue_ctl - memory shared by both sides, one for each queue
 * @tail: driver; index after the last slot filled (TX) or buffer posted (RX).
 *	Read by the device only if %MYNIC_F_SHADOW was negotiated.
 * @arm: driver; interrupt wanted once the slot (TX) or completion entry (CQ)
 *	of this index is done. Read only if %MYNIC_F_SHADOW was negotiated.
 * @driver_reserved: completes the line that only the driver writes
 * @head: device; index after the last slot done (TX), buffer consumed (RX) or
 *	entry written (CQ), published once a batch
 * @kick: device; a doorbell is wanted once @tail moves past this index
 * @error: device; enum mynic_queue_error, 0 while the queue works
 * @device_reserved: completes the line that only the device writes
 *
 * Aligned to %MYNIC_CTL_ALIGN. Each side writes its own 128 bytes only.
 */
struct mynic_queue_ctl {
	__le32 tail;
	__le32 arm;
	__u8 driver_reserved[120];

	__le32 head;
	__le32 kick;
	__le32 error;
	__u8 device_reserved[116];
};

_Static_assert(sizeof(struct mynic_queue_ctl) == 256, "queue_ctl size");
_Static_assert(__builtin_offsetof(struct mynic_queue_ctl, head) == 128,
	       "queue_ctl device line");

#define MYNIC_CTL_ALIGN			128
#define MYNIC_RING_ALIGN		64

/**
 * enum mynic_queue_error - why the device stopped one queue
 * @MYNIC_QERR_NONE: the queue works
 * @MYNIC_QERR_BAD_TAIL: tail further ahead than the ring has slots
 * @MYNIC_QERR_BAD_DESC: reserved type, META or EXT out of place, too many
 *	slots, offsets outside the packet, a packet or buffer of no bytes
 * @MYNIC_QERR_TOO_LONG: more bytes than TX_MAX_LEN, or than TX_FRAME_MAX and
 *	not to be cut
 * @MYNIC_QERR_DMA: the ring, control block or a buffer could not be accessed
 */
enum mynic_queue_error {
	MYNIC_QERR_NONE = 0,
	MYNIC_QERR_BAD_TAIL = 1,
	MYNIC_QERR_BAD_DESC = 2,
	MYNIC_QERR_TOO_LONG = 3,
	MYNIC_QERR_DMA = 4,
};

/* Section "Offload header" ------------------------------------------------ */

/**
 * struct mynic_offload_hdr - laid out as struct virtio_net_hdr_v1
 * @flags: MYNIC_HDR_F_*
 * @gso_type: MYNIC_HDR_GSO_*
 * @hdr_len: bytes of headers before the payload that is cut. In a completion
 *	with %MYNIC_RX_SPLIT: bytes in the header buffer.
 * @gso_size: bytes of payload in each segment
 * @csum_start: offset from the start of the packet where summing starts
 * @csum_offset: offset from @csum_start where the sum is stored
 * @num_buffers: receive: buffers that the packet fills; transmit: 0
 */
struct mynic_offload_hdr {
	__u8 flags;
#define MYNIC_HDR_F_NEEDS_CSUM		0x01
#define MYNIC_HDR_F_DATA_VALID		0x02
	__u8 gso_type;
#define MYNIC_HDR_GSO_NONE		0
#define MYNIC_HDR_GSO_TCPV4		1
#define MYNIC_HDR_GSO_TCPV6		4
#define MYNIC_HDR_GSO_UDP_L4		5
#define MYNIC_HDR_GSO_ECN		0x80
	__le16 hdr_len;
	__le16 gso_size;
	__le16 csum_start;
	__le16 csum_offset;
	__le16 num_buffers;
};

_Static_assert(sizeof(struct mynic_offload_hdr) == 12, "offload_hdr size");

/* Section "Transmit ring" ------------------------------------------------- */

/**
 * struct mynic_tx_frag - slot that names a piece of the packet
 * @addr: address of the first byte
 * @len: bytes, at least 1
 * @reserved: 0
 * @flags: MYNIC_TX_TYPE_MASK = %MYNIC_TX_TYPE_FRAG, and %MYNIC_TX_EOP on the
 *	last slot of the packet
 */
struct mynic_tx_frag {
	__le64 addr;
	__le32 len;
	__le16 reserved;
	__le16 flags;
#define MYNIC_TX_TYPE_MASK		MYNIC_GENMASK(1, 0)
#define MYNIC_TX_TYPE_FRAG		0
#define MYNIC_TX_TYPE_META		1
#define MYNIC_TX_TYPE_EXT		2
#define MYNIC_TX_EOP			MYNIC_BIT(2)
#define MYNIC_TX_VLAN			MYNIC_BIT(3)
#define MYNIC_TX_TIMESTAMP		MYNIC_BIT(4)
#define MYNIC_TX_LAUNCH			MYNIC_BIT(5)
#define MYNIC_TX_TUNNEL			MYNIC_BIT(6)
};

/**
 * struct mynic_tx_meta - optional first slot of a packet: offloads
 * @hdr: checksum and segmentation
 * @vlan_tci: tag to insert, valid with %MYNIC_TX_VLAN
 * @flags: %MYNIC_TX_TYPE_META; %MYNIC_TX_VLAN, %MYNIC_TX_TIMESTAMP
 */
struct mynic_tx_meta {
	struct mynic_offload_hdr hdr;
	__le16 vlan_tci;
	__le16 flags;
};

/**
 * struct mynic_tx_ext - optional second slot, behind META: more offloads
 * @launch_time: not to be sent before, ns; valid with %MYNIC_TX_LAUNCH
 * @outer_th_offset: offset of the outer transport header
 * @inner_nh_offset: offset of the inner network header
 * @reserved: 0
 * @flags: %MYNIC_TX_TYPE_EXT; %MYNIC_TX_LAUNCH, %MYNIC_TX_TUNNEL
 */
struct mynic_tx_ext {
	__le64 launch_time;
	__le16 outer_th_offset;
	__le16 inner_nh_offset;
	__le16 reserved;
	__le16 flags;
};

/**
 * union mynic_tx_slot - one slot of a transmit ring
 * @frag: piece of the packet
 * @meta: offloads
 * @ext: more offloads
 */
union mynic_tx_slot {
	struct mynic_tx_frag frag;
	struct mynic_tx_meta meta;
	struct mynic_tx_ext ext;
};

_Static_assert(sizeof(union mynic_tx_slot) == 16, "tx_slot size");
_Static_assert(__builtin_offsetof(struct mynic_tx_frag, flags) == 14 &&
	       __builtin_offsetof(struct mynic_tx_meta, flags) == 14 &&
	       __builtin_offsetof(struct mynic_tx_ext, flags) == 14,
	       "tx_slot flags");

/**
 * struct mynic_tx_cqe - completion entry of a packet that wanted a timestamp
 * @index: index of the packet's last slot
 * @reserved: 0
 * @timestamp: ns of the device's clock when the packet left
 * @reserved2: 0
 * @info: %MYNIC_CQE_PHASE
 */
struct mynic_tx_cqe {
	__le32 index;
	__le32 reserved;
	__le64 timestamp;
	__le32 reserved2[3];
	__le32 info;
};

_Static_assert(sizeof(struct mynic_tx_cqe) == 32, "tx_cqe size");

/* Section "Receive ring" -------------------------------------------------- */

/**
 * struct mynic_rx_buf - slot of a receive ring: one empty buffer
 * @addr: address of the first byte
 * @len: bytes, at least 1
 * @reserved: 0
 */
struct mynic_rx_buf {
	__le64 addr;
	__le32 len;
	__le32 reserved;
};

_Static_assert(sizeof(struct mynic_rx_buf) == 16, "rx_buf size");

/**
 * struct mynic_rx_cqe - completion entry of one received packet
 * @hdr: checksum state, merged segments, and in num_buffers how many buffers
 *	the packet fills: the oldest ones posted and not yet consumed, in order
 * @hash: valid if the hash type in @info is not %MYNIC_HASH_NONE
 * @len: bytes of the packet
 * @vlan_tci: valid with %MYNIC_RX_VLAN
 * @mark: of the flow rule that matched, 0 for none
 * @timestamp: low 32 bits of ns at arrival, valid with %MYNIC_RX_TIMESTAMP
 * @info: flags, type of the hash, phase
 */
struct mynic_rx_cqe {
	struct mynic_offload_hdr hdr;
	__le32 hash;
	__le32 len;
	__le16 vlan_tci;
	__le16 mark;
	__le32 timestamp;
	__le32 info;
#define MYNIC_RX_VLAN			MYNIC_BIT(0)
#define MYNIC_RX_TIMESTAMP		MYNIC_BIT(1)
#define MYNIC_RX_SPLIT			MYNIC_BIT(2)
#define MYNIC_RX_HASH_TYPE_MASK		MYNIC_GENMASK(11, 8)
#define MYNIC_CQE_PHASE			MYNIC_BIT(31)
};

_Static_assert(sizeof(struct mynic_rx_cqe) == 32, "rx_cqe size");
_Static_assert(__builtin_offsetof(struct mynic_rx_cqe, info) == 28 &&
	       __builtin_offsetof(struct mynic_tx_cqe, info) == 28,
	       "cqe phase word");

/**
 * enum mynic_hash_type - what the hash in a completion covers
 * @MYNIC_HASH_NONE: no hash
 * @MYNIC_HASH_L3: addresses
 * @MYNIC_HASH_L4: addresses and ports
 */
enum mynic_hash_type {
	MYNIC_HASH_NONE = 0,
	MYNIC_HASH_L3 = 1,
	MYNIC_HASH_L4 = 2,
};

/* Section "Admin queue" --------------------------------------------------- */

/**
 * enum mynic_admin_op - admin commands
 * @MYNIC_ADMIN_ECHO: self-test; data is read, complemented and written back
 * @MYNIC_ADMIN_GET_INFO: data receives struct mynic_device_info
 * @MYNIC_ADMIN_CREATE_CQ: params cq; creates and starts a completion queue
 * @MYNIC_ADMIN_DESTROY_CQ: params queue; refused while a queue uses it
 * @MYNIC_ADMIN_CREATE_TXQ: params txq; creates and starts a transmit queue
 * @MYNIC_ADMIN_DESTROY_TXQ: params queue; no DMA for it after completion
 * @MYNIC_ADMIN_CREATE_RXQ: params rxq; creates and starts a receive queue
 * @MYNIC_ADMIN_DESTROY_RXQ: params queue; no DMA for it after completion
 * @MYNIC_ADMIN_MODIFY_TXQ: params modify; moderation, vector
 * @MYNIC_ADMIN_MODIFY_CQ: params modify; moderation, vector
 * @MYNIC_ADMIN_SET_RX_FILTER: params rx_filter, data struct mynic_mac_entry[]
 * @MYNIC_ADMIN_SET_VLAN_FILTER: data is a bitmap of 4096 bits, LSB first
 * @MYNIC_ADMIN_SET_MAC: params mac; the station address
 * @MYNIC_ADMIN_SET_MTU: params mtu; frames above it are dropped on receive
 * @MYNIC_ADMIN_SET_OFFLOADS: params offloads; receive offloads switched on
 * @MYNIC_ADMIN_SET_RSS: params rss, data struct mynic_rss_config
 * @MYNIC_ADMIN_DELETE_RSS: params rss; refused while a flow rule uses it
 * @MYNIC_ADMIN_SET_RULE: params rule, data struct mynic_flow_rule
 * @MYNIC_ADMIN_DELETE_RULE: params rule
 * @MYNIC_ADMIN_GET_LINK: result[0] is MYNIC_LINK_*
 * @MYNIC_ADMIN_GET_STATS: params stats; data receives the counters
 */
enum mynic_admin_op {
	MYNIC_ADMIN_ECHO = 0x01,
	MYNIC_ADMIN_GET_INFO = 0x02,
	MYNIC_ADMIN_CREATE_CQ = 0x10,
	MYNIC_ADMIN_DESTROY_CQ = 0x11,
	MYNIC_ADMIN_CREATE_TXQ = 0x12,
	MYNIC_ADMIN_DESTROY_TXQ = 0x13,
	MYNIC_ADMIN_CREATE_RXQ = 0x14,
	MYNIC_ADMIN_DESTROY_RXQ = 0x15,
	MYNIC_ADMIN_MODIFY_TXQ = 0x16,
	MYNIC_ADMIN_MODIFY_CQ = 0x17,
	MYNIC_ADMIN_SET_RX_FILTER = 0x20,
	MYNIC_ADMIN_SET_VLAN_FILTER = 0x21,
	MYNIC_ADMIN_SET_MAC = 0x22,
	MYNIC_ADMIN_SET_MTU = 0x23,
	MYNIC_ADMIN_SET_OFFLOADS = 0x24,
	MYNIC_ADMIN_SET_RSS = 0x28,
	MYNIC_ADMIN_DELETE_RSS = 0x29,
	MYNIC_ADMIN_SET_RULE = 0x2a,
	MYNIC_ADMIN_DELETE_RULE = 0x2b,
	MYNIC_ADMIN_GET_LINK = 0x30,
	MYNIC_ADMIN_GET_STATS = 0x38,
};

/**
 * enum mynic_status - result of an admin command, and of ENABLE in STATUS
 * @MYNIC_OK: done
 * @MYNIC_ERR_OPCODE: no such command
 * @MYNIC_ERR_PARAM: a parameter is outside its range or a reserved bit is set
 * @MYNIC_ERR_ID: no such number of a queue, context or rule on this device
 * @MYNIC_ERR_EXISTS: the queue exists already
 * @MYNIC_ERR_NOT_FOUND: the queue, context or rule does not exist
 * @MYNIC_ERR_BUSY: the completion queue is used by another queue, or the
 *	context by a flow rule
 * @MYNIC_ERR_SIZE: ring size outside the limits
 * @MYNIC_ERR_ADDRESS: address not aligned
 * @MYNIC_ERR_VECTOR: no such interrupt vector
 * @MYNIC_ERR_LENGTH: the data buffer is too small or too large
 * @MYNIC_ERR_DMA: the data buffer could not be read or written
 * @MYNIC_ERR_FEATURE: needs a feature that was not negotiated
 * @MYNIC_ERR_VERSION: the driver's major version is another one
 * @MYNIC_ERR_INTERNAL: the device failed; it is unchanged
 */
enum mynic_status {
	MYNIC_OK = 0,
	MYNIC_ERR_OPCODE = 1,
	MYNIC_ERR_PARAM = 2,
	MYNIC_ERR_ID = 3,
	MYNIC_ERR_EXISTS = 4,
	MYNIC_ERR_NOT_FOUND = 5,
	MYNIC_ERR_BUSY = 6,
	MYNIC_ERR_SIZE = 7,
	MYNIC_ERR_ADDRESS = 8,
	MYNIC_ERR_VECTOR = 9,
	MYNIC_ERR_LENGTH = 10,
	MYNIC_ERR_DMA = 11,
	MYNIC_ERR_FEATURE = 12,
	MYNIC_ERR_VERSION = 13,
	MYNIC_ERR_INTERNAL = 14,
	/* private: one more than the last; not a status */
	MYNIC_STATUS_COUNT
};

_Static_assert((MYNIC_STATUS_COUNT - 1) <= 0xff, "status fits STATUS_ERROR");

/**
 * struct mynic_cmd_queue - parameters of the DESTROY commands
 * @id: number of the queue
 * @reserved: 0
 */
struct mynic_cmd_queue {
	__le16 id;
	__le16 reserved[19];
};

/**
 * struct mynic_cmd_moderation - when an interrupt may follow its cause
 * @usecs: it follows its first cause after so many microseconds, at most
 *	%MYNIC_MODERATION_USECS_MAX; 0 means at once, whatever @frames says
 * @frames: packets after which it waits no longer; 0 means no such number
 */
struct mynic_cmd_moderation {
	__le16 usecs;
#define MYNIC_MODERATION_USECS_MAX	10000
	__le16 frames;
};

/**
 * struct mynic_cmd_cq - parameters of CREATE_CQ
 * @id: number of the queue, below twice the number of queue pairs
 * @vector: MSI-X vector
 * @log2_size: size of the ring in entries, within RX_LIMITS
 * @reserved: 0
 * @ring: address of the entries, which the driver has zeroed
 * @ctl: address of struct mynic_queue_ctl, likewise zeroed
 * @moderation: interrupt moderation
 * @reserved2: 0
 */
struct mynic_cmd_cq {
	__le16 id;
	__le16 vector;
	__le16 log2_size;
	__le16 reserved;
	__le64 ring;
	__le64 ctl;
	struct mynic_cmd_moderation moderation;
	__le32 reserved2[3];
};

/**
 * struct mynic_cmd_txq - parameters of CREATE_TXQ
 * @id: number of the queue
 * @vector: MSI-X vector
 * @log2_size: size of the ring in slots, within TX_LIMITS
 * @cq: completion queue for timestamps, or %MYNIC_CQ_NONE
 * @ring: address of the slots
 * @ctl: address of struct mynic_queue_ctl, which the driver has zeroed
 * @moderation: interrupt moderation
 * @reserved: 0
 */
struct mynic_cmd_txq {
	__le16 id;
	__le16 vector;
	__le16 log2_size;
	__le16 cq;
#define MYNIC_CQ_NONE			0xffff
	__le64 ring;
	__le64 ctl;
	struct mynic_cmd_moderation moderation;
	__le32 reserved[3];
};

/**
 * struct mynic_cmd_rxq - parameters of CREATE_RXQ
 * @id: number of the queue
 * @cq: its completion queue, which no other queue may use
 * @log2_size: size of the ring in buffers, within RX_LIMITS and at most the
 *	size of the completion queue, so that completions always have room
 * @hdr_stride: bytes of each header buffer, 0 without header split
 * @ring: address of the slots
 * @ctl: address of struct mynic_queue_ctl, which the driver has zeroed
 * @hdr_base: header buffer of slot i is at @hdr_base + i * @hdr_stride
 * @reserved: 0
 */
struct mynic_cmd_rxq {
	__le16 id;
	__le16 cq;
	__le16 log2_size;
	__le16 hdr_stride;
	__le64 ring;
	__le64 ctl;
	__le64 hdr_base;
	__le32 reserved[2];
};

/**
 * struct mynic_cmd_modify - parameters of MODIFY_TXQ and MODIFY_CQ
 * @id: number of the queue
 * @vector: MSI-X vector
 * @moderation: interrupt moderation
 * @reserved: 0
 */
struct mynic_cmd_modify {
	__le16 id;
	__le16 vector;
	struct mynic_cmd_moderation moderation;
	__le32 reserved[8];
};

/**
 * struct mynic_cmd_rx_filter - parameters of SET_RX_FILTER
 * @flags: MYNIC_RX_FILTER_*; without ENABLE nothing is received
 * @count: entries in the data buffer, at most the limit in MAC_FILTERS
 * @reserved: 0
 * @hash: multicast hash: a frame passes if the bit is set whose number is the
 *	top 6 bits of the Ethernet CRC-32 of its destination address
 * @reserved2: 0
 *
 * The whole filter is replaced at once, or, on an error, not at all.
 */
struct mynic_cmd_rx_filter {
	__le16 flags;
#define MYNIC_RX_FILTER_ENABLE		MYNIC_BIT(0)
#define MYNIC_RX_FILTER_PROMISC		MYNIC_BIT(1)
#define MYNIC_RX_FILTER_ALLMULTI	MYNIC_BIT(2)
#define MYNIC_RX_FILTER_BROADCAST	MYNIC_BIT(3)
	__le16 count;
	__le32 reserved;
	__le64 hash;
	__le32 reserved2[6];
};

/**
 * struct mynic_mac_entry - one address of SET_RX_FILTER, unicast or multicast
 * @addr: the address
 * @reserved: 0
 */
struct mynic_mac_entry {
	__u8 addr[6];
	__u8 reserved[2];
};

_Static_assert(sizeof(struct mynic_mac_entry) == 8, "mac_entry size");

/* Bytes of the bitmap of SET_VLAN_FILTER. */
#define MYNIC_VLAN_BITMAP_SIZE		512

/**
 * struct mynic_cmd_mac - parameters of SET_MAC
 * @addr: unicast address, not zero
 * @reserved: 0
 */
struct mynic_cmd_mac {
	__u8 addr[6];
	__u8 reserved[34];
};

/**
 * struct mynic_cmd_mtu - parameters of SET_MTU
 * @mtu: bytes behind the Ethernet header and VLAN tags
 * @reserved: 0
 */
struct mynic_cmd_mtu {
	__le32 mtu;
	__le32 reserved[9];
};

/**
 * struct mynic_cmd_offloads - parameters of SET_OFFLOADS
 * @rx: MYNIC_OFFLOAD_RX_*; each needs the feature of its name
 * @reserved: 0
 */
struct mynic_cmd_offloads {
	__le32 rx;
#define MYNIC_OFFLOAD_RX_CSUM		MYNIC_BIT(0)
#define MYNIC_OFFLOAD_RX_GRO		MYNIC_BIT(1)
#define MYNIC_OFFLOAD_RX_GRO_UDP	MYNIC_BIT(2)
#define MYNIC_OFFLOAD_RX_VLAN		MYNIC_BIT(3)
#define MYNIC_OFFLOAD_VLAN_FILTER	MYNIC_BIT(4)
#define MYNIC_OFFLOAD_RX_HASH		MYNIC_BIT(5)
#define MYNIC_OFFLOAD_RX_CSUM_FILL	MYNIC_BIT(6)
	__le32 reserved[9];
};

/**
 * struct mynic_cmd_rss - parameters of SET_RSS and DELETE_RSS
 * @context: number of the RSS context; 0 is the default one
 * @reserved: 0
 */
struct mynic_cmd_rss {
	__le16 context;
	__le16 reserved[19];
};

/**
 * enum mynic_flow_class - classes of packets that are hashed on their own
 * @MYNIC_FLOW_IPV4: IPv4 that is none of the below, and IPv4 fragments
 * @MYNIC_FLOW_TCPV4: TCP over IPv4
 * @MYNIC_FLOW_UDPV4: UDP over IPv4
 * @MYNIC_FLOW_SCTPV4: SCTP over IPv4
 * @MYNIC_FLOW_IPV6: IPv6 that is none of the below, and IPv6 fragments
 * @MYNIC_FLOW_TCPV6: TCP over IPv6
 * @MYNIC_FLOW_UDPV6: UDP over IPv6
 * @MYNIC_FLOW_SCTPV6: SCTP over IPv6
 */
enum mynic_flow_class {
	MYNIC_FLOW_IPV4 = 0,
	MYNIC_FLOW_TCPV4 = 1,
	MYNIC_FLOW_UDPV4 = 2,
	MYNIC_FLOW_SCTPV4 = 3,
	MYNIC_FLOW_IPV6 = 4,
	MYNIC_FLOW_TCPV6 = 5,
	MYNIC_FLOW_UDPV6 = 6,
	MYNIC_FLOW_SCTPV6 = 7,
	/* private: one more than the last; not a class */
	MYNIC_FLOW_COUNT
};

/* Sizes of the arrays in struct mynic_rss_config; limits are in RSS_LIMITS. */
#define MYNIC_RSS_FLOW_CLASSES		16
#define MYNIC_RSS_KEY_SIZE		40
#define MYNIC_RSS_TABLE_SIZE		512

/**
 * struct mynic_rss_config - data of SET_RSS; replaces a context at once
 * @table_len: entries used of @table, a power of two within RSS_LIMITS
 * @key_len: bytes used of @key, exactly what RSS_LIMITS says
 * @function: MYNIC_RSS_TOEPLITZ
 * @xfrm: MYNIC_RSS_XFRM_*, what becomes of the fields before they are hashed
 * @reserved: 0
 * @fields: by enum mynic_flow_class, MYNIC_RSS_FIELD_* that are hashed; 0
 *	means that packets of the class are not hashed and go to entry 0
 * @key: the hash key
 * @table: receive queue for each value of hash % table_len
 */
struct mynic_rss_config {
	__le16 table_len;
	__le16 key_len;
	__u8 function;
#define MYNIC_RSS_TOEPLITZ		1
	__u8 xfrm;
#define MYNIC_RSS_XFRM_NONE		0
#define MYNIC_RSS_XFRM_SYM_XOR		1
#define MYNIC_RSS_XFRM_SYM_OR_XOR	2
	__u8 reserved[2];
	__u8 fields[MYNIC_RSS_FLOW_CLASSES];
#define MYNIC_RSS_FIELD_SRC_ADDR	0x01
#define MYNIC_RSS_FIELD_DST_ADDR	0x02
#define MYNIC_RSS_FIELD_SRC_PORT	0x04
#define MYNIC_RSS_FIELD_DST_PORT	0x08
#define MYNIC_RSS_FIELD_FLOW_LABEL	0x10
	__u8 key[MYNIC_RSS_KEY_SIZE];
	__le16 table[MYNIC_RSS_TABLE_SIZE];
};

_Static_assert(sizeof(struct mynic_rss_config) == 1088, "rss_config size");
_Static_assert((MYNIC_FLOW_COUNT + 0) <= MYNIC_RSS_FLOW_CLASSES,
	       "flow classes fit rss_config");

/**
 * struct mynic_cmd_rule - parameters of SET_RULE and DELETE_RULE
 * @location: number of the rule, below the limit in RULE_LIMITS; of all rules
 *	that match a frame the one of the lowest number is followed
 * @reserved: 0
 */
struct mynic_cmd_rule {
	__le16 location;
	__le16 reserved[19];
};

/**
 * struct mynic_flow_key - what flow rules look at, as it is in the frame
 * @dst_mac: destination address
 * @src_mac: source address
 * @vlan_type: type of the outermost VLAN tag, 0x8100 or 0x88a8
 * @vlan_tci: contents of that tag
 * @eth_type: EtherType behind up to two VLAN tags
 * @ip_proto: what follows the IP header and its extension headers
 * @tos: type of service of IPv4, traffic class of IPv6
 * @l4: the four bytes behind the IP header and its extension headers, which
 *	are the ports of TCP, UDP and SCTP; not of fragments
 * @src_addr: source address, that of IPv4 in the first four bytes
 * @dst_addr: destination address, likewise
 *
 * In network byte order. What a frame does not have is 0.
 */
struct mynic_flow_key {
	__u8 dst_mac[6];
	__u8 src_mac[6];
	__u8 vlan_type[2];
	__u8 vlan_tci[2];
	__u8 eth_type[2];
	__u8 ip_proto;
	__u8 tos;
	__u8 l4[4];
	__u8 src_addr[16];
	__u8 dst_addr[16];
};

_Static_assert(sizeof(struct mynic_flow_key) == 56, "flow_key size");

/**
 * struct mynic_flow_rule - data of SET_RULE
 * @classes: classes of frames that can match: bits by enum mynic_flow_class,
 *	and %MYNIC_RULE_NO_IP for frames that have none of them; not 0
 * @action: MYNIC_RULE_*, what happens to a frame that matches
 * @reserved: 0
 * @queue: receive queue of %MYNIC_RULE_QUEUE; what %MYNIC_RULE_RSS adds to the
 *	queue that it finds
 * @context: RSS context of %MYNIC_RULE_RSS, which exists
 * @value: what the frame must have in the bits of @mask; 0 in all others
 * @mask: bits that are looked at
 */
struct mynic_flow_rule {
	__le16 classes;
#define MYNIC_RULE_NO_IP		MYNIC_BIT(15)
	__u8 action;
#define MYNIC_RULE_DROP			0
#define MYNIC_RULE_QUEUE		1
#define MYNIC_RULE_RSS			2
	__u8 reserved;
	__le16 queue;
	__le16 context;
	struct mynic_flow_key value;
	struct mynic_flow_key mask;
};

_Static_assert(sizeof(struct mynic_flow_rule) == 120, "flow_rule size");
_Static_assert((MYNIC_FLOW_COUNT + 0) <= 15, "flow classes fit flow_rule");

/* result[0] of GET_LINK, and data[0] of the link event */
#define MYNIC_LINK_SPEED_MASK		MYNIC_GENMASK64(31, 0)
#define MYNIC_LINK_UP			MYNIC_BIT64(32)
#define MYNIC_LINK_FULL_DUPLEX		MYNIC_BIT64(33)

/**
 * struct mynic_cmd_stats - parameters of GET_STATS
 * @scope: MYNIC_STATS_*: which structure the data buffer receives
 * @id: number of the queue, location of the rule, 0 for the port
 * @reserved: 0
 *
 * A data buffer shorter than the structure receives its beginning; the
 * completion tells how many bytes were written.
 */
struct mynic_cmd_stats {
	__le16 scope;
#define MYNIC_STATS_PORT		0
#define MYNIC_STATS_TXQ			1
#define MYNIC_STATS_RXQ			2
#define MYNIC_STATS_RULE		3
	__le16 id;
	__le32 reserved[9];
};

/* Classes of frame length in the histograms of struct mynic_port_stats. */
#define MYNIC_STATS_HIST		7

/**
 * struct mynic_port_stats - counters of the port, from device reset on
 * @rx_packets: frames received from the wire, delivered or dropped
 * @rx_bytes: their bytes, without FCS
 * @rx_unicast: of these, addressed to one station
 * @rx_multicast: of these, to a group
 * @rx_broadcast: of these, to everybody
 * @rx_drop_disabled: dropped: receive is not enabled or the link is down
 * @rx_drop_filter: dropped by the MAC or VLAN filter
 * @rx_drop_too_long: dropped: longer than the MTU allows
 * @rx_drop_malformed: dropped: shorter than an Ethernet header, or offsets of
 *	the backend's offload header outside the frame
 * @rx_drop_no_queue: dropped: steered to a receive queue that does not exist
 * @rx_drop_no_buffer: dropped: fewer buffers posted than the frame needs
 * @rx_drop_error: dropped: the queue is stopped by an error
 * @rx_csum_good: checksum verified and right
 * @rx_csum_bad: checksum verified and wrong; delivered all the same
 * @rx_gro_packets: merged packets delivered
 * @rx_hist: by length: 64 bytes and less (with FCS), 65-127, 128-255,
 *	256-511, 512-1023, 1024-1518, above
 * @tx_packets: frames handed to the wire, before segmentation
 * @tx_bytes: their bytes, without FCS
 * @tx_unicast: of these, addressed to one station
 * @tx_multicast: of these, to a group
 * @tx_broadcast: of these, to everybody
 * @tx_gso_packets: of these, with segmentation asked for
 * @tx_drop_link: dropped: the link is down
 * @tx_drop_backend: dropped: the backend refused the frame
 * @tx_hist: as @rx_hist
 * @rx_drop_rule: dropped by a flow rule
 */
struct mynic_port_stats {
	__le64 rx_packets;
	__le64 rx_bytes;
	__le64 rx_unicast;
	__le64 rx_multicast;
	__le64 rx_broadcast;
	__le64 rx_drop_disabled;
	__le64 rx_drop_filter;
	__le64 rx_drop_too_long;
	__le64 rx_drop_malformed;
	__le64 rx_drop_no_queue;
	__le64 rx_drop_no_buffer;
	__le64 rx_drop_error;
	__le64 rx_csum_good;
	__le64 rx_csum_bad;
	__le64 rx_gro_packets;
	__le64 rx_hist[MYNIC_STATS_HIST];
	__le64 tx_packets;
	__le64 tx_bytes;
	__le64 tx_unicast;
	__le64 tx_multicast;
	__le64 tx_broadcast;
	__le64 tx_gso_packets;
	__le64 tx_drop_link;
	__le64 tx_drop_backend;
	__le64 tx_hist[MYNIC_STATS_HIST];
	__le64 rx_drop_rule;
};

/**
 * struct mynic_queue_stats - counters of one queue, from its creation on
 * @packets: frames transmitted or delivered
 * @bytes: their bytes
 * @drop_no_buffer: receive: fewer buffers posted than the frame needs
 * @drop_error: frames refused or lost because of an error, and one for the
 *	error that stopped the queue
 * @interrupts: interrupts raised for the queue or its completion queue
 * @doorbells: tail doorbells written
 */
struct mynic_queue_stats {
	__le64 packets;
	__le64 bytes;
	__le64 drop_no_buffer;
	__le64 drop_error;
	__le64 interrupts;
	__le64 doorbells;
};

/**
 * struct mynic_rule_stats - counters of a flow rule, from its SET_RULE on
 * @packets: frames that followed it, delivered or dropped
 * @bytes: their bytes
 */
struct mynic_rule_stats {
	__le64 packets;
	__le64 bytes;
};

/**
 * struct mynic_device_info - data of GET_INFO
 * @perm_addr: permanent MAC address
 * @reserved: 0
 * @fw_version: version of the device, ASCII, ends with 0
 * @reserved2: 0
 */
struct mynic_device_info {
	__u8 perm_addr[6];
	__u8 reserved[2];
	char fw_version[32];
	__u8 reserved2[24];
};

_Static_assert(sizeof(struct mynic_device_info) == 64, "device_info size");

/**
 * struct mynic_admin_cmd - slot of the admin submission ring
 * @opcode: enum mynic_admin_op
 * @tag: chosen by the driver, returned in the completion
 * @data_len: bytes of the data buffer, at most %MYNIC_ADMIN_DATA_MAX
 * @data: address of the data buffer; ignored if @data_len is 0
 * @reserved: 0
 * @params: parameters by opcode, union mynic_cmd_params
 */
struct mynic_admin_cmd {
	__le16 opcode;
	__le16 tag;
	__le32 data_len;
#define MYNIC_ADMIN_DATA_MAX		4096
	__le64 data;
	__le64 reserved;
	union mynic_cmd_params {
		struct mynic_cmd_queue queue;
		struct mynic_cmd_cq cq;
		struct mynic_cmd_txq txq;
		struct mynic_cmd_rxq rxq;
		struct mynic_cmd_modify modify;
		struct mynic_cmd_rx_filter rx_filter;
		struct mynic_cmd_mac mac;
		struct mynic_cmd_mtu mtu;
		struct mynic_cmd_offloads offloads;
		struct mynic_cmd_rss rss;
		struct mynic_cmd_rule rule;
		struct mynic_cmd_stats stats;
		__u8 raw[40];
	} params;
};

_Static_assert(sizeof(union mynic_cmd_params) == 40, "cmd_params size");
_Static_assert(sizeof(struct mynic_admin_cmd) == 64, "admin_cmd size");

/**
 * struct mynic_admin_cqe - entry of the admin completion ring
 * @tag: of the command
 * @status: enum mynic_status
 * @data_len: bytes written to the data buffer
 * @result: by opcode
 * @reserved: 0
 * @info: %MYNIC_CQE_PHASE
 */
struct mynic_admin_cqe {
	__le16 tag;
	__le16 status;
	__le32 data_len;
	__le64 result[2];
	__le32 reserved;
	__le32 info;
};

_Static_assert(sizeof(struct mynic_admin_cqe) == 32, "admin_cqe size");

/* Section "Events" -------------------------------------------------------- */

/**
 * enum mynic_event_type - asynchronous events
 * @MYNIC_EVENT_LINK: link changed; data[0] is MYNIC_LINK_*
 * @MYNIC_EVENT_TXQ_ERROR: transmit queue @id stopped; code is the error
 * @MYNIC_EVENT_RXQ_ERROR: receive queue @id stopped; code is the error
 * @MYNIC_EVENT_CQ_ERROR: completion queue @id stopped; code is the error
 */
enum mynic_event_type {
	MYNIC_EVENT_LINK = 1,
	MYNIC_EVENT_TXQ_ERROR = 2,
	MYNIC_EVENT_RXQ_ERROR = 3,
	MYNIC_EVENT_CQ_ERROR = 4,
};

/**
 * struct mynic_event - entry of the event ring
 * @type: enum mynic_event_type
 * @id: of the queue
 * @code: enum mynic_queue_error
 * @data: by type
 * @lost: events lost so far because the ring was full
 * @info: %MYNIC_CQE_PHASE
 */
struct mynic_event {
	__le16 type;
	__le16 id;
	__le32 code;
	__le64 data[2];
	__le32 lost;
	__le32 info;
};

_Static_assert(sizeof(struct mynic_event) == 32, "event size");
_Static_assert(__builtin_offsetof(struct mynic_event, info) == 28 &&
	       __builtin_offsetof(struct mynic_admin_cqe, info) == 28,
	       "event and admin phase word");

#endif /* MYNIC_ABI_H */
