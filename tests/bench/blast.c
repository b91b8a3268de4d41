// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends small packets into a tap as fast as its reader takes them.
 *
 * Usage: blast INTERFACE MAC ADDRESS [SIZE [FLOWS]]   until a signal ends it
 *        blast --ceiling [SIZE [FLOWS]]               a second, into a tap of
 *                                                     its own; prints kpps
 *
 * The frames are UDP to ADDRESS and MAC, FLOWS source ports in turn, SIZE bytes
 * without the checksum of the wire (60).  They go through a packet socket past
 * the queueing discipline, so a tap that is full drops them; the sender sees
 * that in the tap's own counter and rests for a moment, in which the reader
 * cannot empty the tap's queue.  So the reader never waits for packets, and the
 * sender takes no more of the processors than it must.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH		64
#define FRAME_MIN	60
#define FRAME_MAX	1514
#define FLOWS_MAX	65536
#define PORT_FIRST	1024
#define PORT_DISCARD	9

/*
 * A tap's queue holds 1000 packets by default; it would take a reader of three
 * million a second to empty it in this time.
 */
#define REST_NS		300000

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

static atomic_bool stop;
static atomic_ulong taken;

static void on_signal(int signal)
{
	(void)signal;
	stop = true;
}

static unsigned long number(const char *text, unsigned long low,
			    unsigned long high, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value < low || value > high)
		errx(1, "%s \"%s\" is out of range: it may be %lu to %lu", what,
		     text, low, high);
	return value;
}

static uint16_t ip_sum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* No checksum in UDP: zero says so, and nothing has to be computed. */
static void make_frame(uint8_t *data, size_t size, const uint8_t *mac,
		       struct in_addr to)
{
	struct frame frame = {
		.eth.h_source = { 0x02, 0, 0, 0, 0, 0xfe },
		.eth.h_proto = htons(ETH_P_IP),
		.ip.version = 4,
		.ip.ihl = 5,
		.ip.ttl = 64,
		.ip.tot_len = htons(size - sizeof(struct ethhdr)),
		.ip.protocol = IPPROTO_UDP,
		.ip.saddr = htonl(0xc6120001),	/* 198.18.0.1 */
		.ip.daddr = to.s_addr,
		.udp.dest = htons(PORT_DISCARD),
		.udp.len = htons(size - sizeof(struct ethhdr) -
				 sizeof(struct iphdr)),
	};

	memcpy(frame.eth.h_dest, mac, ETH_ALEN);
	frame.ip.check = ip_sum(&frame.ip, sizeof(frame.ip));
	memset(data, 0, size);
	memcpy(data, &frame, sizeof(frame));
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int one = 1, fd;

	address.sll_ifindex = if_nametoindex(interface);
	if (!address.sll_ifindex)
		err(1, "there is no interface %s", interface);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		err(1, "a packet socket was refused");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "binding to %s", interface);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		err(1, "PACKET_QDISC_BYPASS");
	return fd;
}

/* In /proc, since /sys may be that of another network namespace. */
static int open_dropped(void)
{
	int fd = open("/proc/self/net/dev", O_RDONLY);

	if (fd < 0)
		err(1, "/proc/self/net/dev");
	return fd;
}

static unsigned long read_dropped(int fd, const char *interface)
{
	char text[4096], name[IFNAMSIZ + 2], *at;
	unsigned long dropped;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		err(1, "reading what the tap dropped");
	text[n] = 0;
	snprintf(name, sizeof(name), "%s:", interface);
	at = strstr(text, name);
	if (!at || sscanf(at + strlen(name),
			  "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu",
			  &dropped) != 1)
		errx(1, "/proc/self/net/dev says nothing of %s", interface);
	return dropped;
}

/* Sends until told to stop; returns how many packets were handed over. */
static unsigned long blast(const char *interface, const uint8_t *mac,
			   struct in_addr to, size_t size, unsigned int flows,
			   bool rests)
{
	static uint8_t data[BATCH][FRAME_MAX];
	const struct timespec rest = { .tv_nsec = REST_NS };
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH] = { 0 };
	unsigned long sent = 0, dropped, before;
	unsigned int flow = 0;
	int fd = open_socket(interface), counter = open_dropped(), n;

	for (int i = 0; i < BATCH; i++) {
		make_frame(data[i], size, mac, to);
		iov[i] = (struct iovec){ data[i], size };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	before = read_dropped(counter, interface);
	while (!stop) {
		for (int i = 0; i < BATCH; i++) {
			uint16_t port = htons(PORT_FIRST + flow);

			memcpy(data[i] + offsetof(struct frame, udp.source),
			       &port, sizeof(port));
			flow = (flow + 1) % flows;
		}
		n = sendmmsg(fd, msg, BATCH, 0);
		if (n > 0)
			sent += n;
		else if (errno != ENOBUFS && errno != EINTR && errno != ENETDOWN)
			err(1, "sending to %s", interface);
		if (!rests)
			continue;
		dropped = read_dropped(counter, interface);
		if (dropped != before || n < BATCH)
			nanosleep(&rest, NULL);
		before = dropped;
	}
	close(counter);
	close(fd);
	return sent;
}

static void *sink(void *arg)
{
	char data[2048];
	int fd = *(int *)arg;

	while (read(fd, data, sizeof(data)) > 0)
		taken++;
	return NULL;
}

static void ceiling(size_t size, unsigned int flows)
{
	const uint8_t mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0x01 };
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct in_addr to = { htonl(0xc6120002) };
	int control = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned long sent;
	pthread_t thread;
	int tap;

	tap = open("/dev/net/tun", O_RDWR);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &ifr))
		err(1, "making a tap");
	ifr.ifr_flags = IFF_UP;
	if (ioctl(control, SIOCSIFFLAGS, &ifr))
		err(1, "bringing %s up", ifr.ifr_name);
	if (pthread_create(&thread, NULL, sink, &tap))
		errx(1, "no second thread");
	alarm(1);
	sent = blast(ifr.ifr_name, mac, to, size, flows, false);
	printf("%lu kpps sent, %lu kpps of them taken by a reader\n",
	       sent / 1000, taken / 1000);
}

int main(int argc, char **argv)
{
	bool alone = argc > 1 && !strcmp(argv[1], "--ceiling");
	int at = alone ? 2 : 4;
	unsigned int flows = 16, m[ETH_ALEN];
	struct sigaction action = { .sa_handler = on_signal };
	uint8_t mac[ETH_ALEN];
	struct in_addr to;
	size_t size = FRAME_MIN;

	if (argc < at || argc > at + 2)
		errx(1, "usage: blast INTERFACE MAC ADDRESS [SIZE [FLOWS]], or blast --ceiling [SIZE [FLOWS]]");
	if (argc > at)
		size = number(argv[at], FRAME_MIN, FRAME_MAX, "size");
	if (argc > at + 1)
		flows = number(argv[at + 1], 1, FLOWS_MAX - PORT_FIRST, "flows");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* It ends with who started it, whatever way that ends. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (alone) {
		ceiling(size, flows);
		return 0;
	}
	if (sscanf(argv[2], "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2],
		   &m[3], &m[4], &m[5]) != ETH_ALEN)
		errx(1, "\"%s\" is no MAC address", argv[2]);
	for (int i = 0; i < ETH_ALEN; i++)
		mac[i] = m[i];
	if (inet_pton(AF_INET, argv[3], &to) != 1)
		errx(1, "\"%s\" is no IPv4 address", argv[3]);
	printf("%lu\n", blast(argv[1], mac, to, size, flows, true));
	return 0;
}
