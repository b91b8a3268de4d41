// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends a message and waits for it to come back, again and again.
 *
 * Usage: rr serve PORT                           echoes TCP and UDP for ever
 *        rr tcp|udp ADDRESS PORT SIZE [COUNT]    the client; without COUNT
 *                                                until a signal ends it
 *
 * The client prints the number of transactions and the time in us.  netperf is
 * not free software, and sockperf takes seconds to start in an emulated guest.
 * Linked statically, it runs in the guest whatever the host's C library is.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX	(1 << 20)
#define DATAGRAM_MAX	65507

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
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

static void no_delay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		err(1, "TCP_NODELAY");
}

static bool send_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

static void *serve_tcp(void *arg)
{
	int fd = (intptr_t)arg;
	char *data = malloc(MESSAGE_MAX);
	ssize_t n;

	no_delay(fd);
	while (data && (n = recv(fd, data, MESSAGE_MAX, 0)) > 0) {
		if (!send_all(fd, data, n))
			break;
	}
	free(data);
	close(fd);
	return NULL;
}

static void *serve_udp(void *arg)
{
	static char data[DATAGRAM_MAX];
	struct sockaddr_in from;
	int fd = (intptr_t)arg;

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0,
				     (struct sockaddr *)&from, &len);

		if (n >= 0)
			sendto(fd, data, n, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static int bound(int type, unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	int one = 1, fd = socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "port %u", port);
	return fd;
}

static void serve(unsigned int port)
{
	int udp = bound(SOCK_DGRAM, port), tcp = bound(SOCK_STREAM, port);
	pthread_t thread;

	if (listen(tcp, 64))
		err(1, "port %u", port);
	if (pthread_create(&thread, NULL, serve_udp, (void *)(intptr_t)udp))
		errx(1, "no thread");
	for (;;) {
		int fd = accept(tcp, NULL, NULL);

		if (fd < 0)
			err(1, "accept");
		if (pthread_create(&thread, NULL, serve_tcp, (void *)(intptr_t)fd))
			errx(1, "no thread");
		pthread_detach(thread);
	}
}

/* One message there and back; a datagram that was lost is sent again. */
static bool transact(int fd, bool tcp, char *data, size_t size)
{
	size_t got = 0;

	if (!send_all(fd, data, size))
		return false;
	while (got < size) {
		ssize_t n = recv(fd, data, size - got, 0);

		if (n < 0 && errno == EAGAIN && !tcp && !stop) {
			if (!send_all(fd, data, size))
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		got += n;
	}
	return true;
}

static void client(bool tcp, const char *address, unsigned int port,
		   size_t size, unsigned long count)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	struct timeval patience = { .tv_usec = 200000 };
	int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	char *data = calloc(1, size);
	struct timespec a, b;
	unsigned long n = 0;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(1, "\"%s\" is no IPv4 address", address);
	if (!data || fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "%s port %u", address, port);
	if (tcp)
		no_delay(fd);
	else if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "SO_RCVTIMEO");
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (!stop && (!count || n < count)) {
		if (!transact(fd, tcp, data, size)) {
			if (stop)
				break;
			err(1, "after %lu transactions", n);
		}
		n++;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lu %lld\n", n, (b.tv_sec - a.tv_sec) * 1000000LL +
	       (b.tv_nsec - a.tv_nsec) / 1000);
}

int main(int argc, char **argv)
{
	/* Without SA_RESTART, so that a wait ends. */
	struct sigaction action = { .sa_handler = on_signal };
	bool tcp = argc > 1 && !strcmp(argv[1], "tcp");

	if (argc == 3 && !strcmp(argv[1], "serve")) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		serve(number(argv[2], 1, 65535, "port"));
	}
	if (argc < 5 || argc > 6 || (!tcp && strcmp(argv[1], "udp")))
		errx(1, "usage: rr serve PORT, or rr tcp|udp ADDRESS PORT SIZE [COUNT]");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	client(tcp, argv[2], number(argv[3], 1, 65535, "port"),
	       number(argv[4], 1, tcp ? MESSAGE_MAX : DATAGRAM_MAX, "size"),
	       argc > 5 ? number(argv[5], 1, ~0UL, "count") : 0);
	return 0;
}
