/* Sends datagrams to a server's main port from forged addresses of one IPv4 network, and prints how
 * many have left in which time, as "sent N in S s".
 *
 *     flood TARGET PORT NETWORK KIND COUNT RATE [SEED]
 *
 * NETWORK is the first address of a /16; RATE in datagrams a second. KIND "first": well-made first
 * questions, each with a nonce of its own. KIND "mixed": these and everything that comes near them,
 * and noise. For namespaces of the lab only. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADERS = 28, HELLO = 512, LONGEST = 1400, BATCH = 8, NONCE_DIGITS = 32, EDITS = 8 };

static uint64_t state = 1;

/* Vigna's splitmix64. */
static uint64_t draw(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void noise(uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)draw();
}

static void hexadecimal(char text[NONCE_DIGITS + 1])
{
	snprintf(text, NONCE_DIGITS + 1, "%016llx%016llx", (unsigned long long)draw(),
		(unsigned long long)draw());
}

static size_t question(uint8_t *at, unsigned version, bool with_cookie)
{
	char text[HELLO + 1], nonce[NONCE_DIGITS + 1], cookie[NONCE_DIGITS + 1];
	int used;

	hexadecimal(nonce);
	hexadecimal(cookie);
	used = snprintf(text, sizeof text,
		"CONNECT {\"wyndrvr\":%u,\"nonce\":\"%s\",\"features\":[]%s%s%s,\"pad\":\"", version, nonce,
		with_cookie ? ",\"cookie\":\"" : "", with_cookie ? cookie : "", with_cookie ? "\"" : "");
	memset(text + used, '0', HELLO - 2 - (size_t)used);
	memcpy(text + HELLO - 2, "\"}", 2);
	memcpy(at, text, HELLO);
	return HELLO;
}

static size_t classic(uint8_t *at)
{
	static const char *const forms[] = {
		"CONNECT", "CONNECT\n", "CONNECT\r\n", "CONNECT ", "CONNECTED", "CONNEC"};
	const char *form = forms[draw() % 6];

	memcpy(at, form, strlen(form));
	return strlen(form);
}

static size_t an_answer(uint8_t *at)
{
	static const char *const forms[] = {
		"7000,7001,7002,26970",
		"{\"wyndrvr\":1,\"nonce\":\"00000000000000000000000000000000\",\"refused\":"
		"\"busy\",\"wait\":1}",
		"{\"wyndrvr\":1,\"nonce\":\"00000000000000000000000000000000\",\"cookie\":"
		"\"00000000000000000000000000000000\"}",
	};
	const char *form = forms[draw() % 3];

	memcpy(at, form, strlen(form));
	return strlen(form);
}

static size_t a_packet(uint8_t *at)
{
	size_t size = 20 + draw() % 200;

	noise(at, size);
	at[0] = draw() % 8;
	return size;
}

static size_t edited(uint8_t *at)
{
	size_t size = question(at, 1, draw() & 1);

	for (uint64_t i = draw() % EDITS; i > 0; i--)
		at[draw() % size] = (uint8_t)draw();
	return size;
}

static size_t resized(uint8_t *at)
{
	size_t size = draw() % LONGEST;

	memset(at, '0', LONGEST);
	question(at, 1, draw() & 1);
	return size;
}

static size_t any(uint8_t *at)
{
	size_t size = draw() % (LONGEST + 1);

	noise(at, size);
	return size;
}

static size_t mixed(uint8_t *at)
{
	switch (draw() % 16) {
	case 0:
		return any(at);
	case 1:
		return classic(at);
	case 2:
		return an_answer(at);
	case 3:
		return a_packet(at);
	case 4:
		return question(at, 2, false);
	case 5:
	case 6:
		return question(at, 1, true);
	case 7:
	case 8:
		return resized(at);
	case 9:
	case 10:
	case 11:
		return question(at, 1, false);
	default:
		return edited(at);
	}
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Headers in front of `size` bytes. The kernel fills in the sum of the IP header; none for UDP is
 * allowed. Every 64th datagram claims to come from port 0. */
static void head(uint8_t *at, uint32_t network, const struct sockaddr_in *to, size_t size)
{
	uint32_t from = htonl(network | (uint32_t)(draw() & 0xffff));
	uint64_t port = draw();

	memset(at, 0, HEADERS);
	at[0] = 0x45;
	put16(at + 2, HEADERS + size);
	at[8] = 64;
	at[9] = IPPROTO_UDP;
	memcpy(at + 12, &from, 4);
	memcpy(at + 16, &to->sin_addr, 4);
	put16(at + 20, port % 64 ? 1024 + (port >> 8) % 60000 : 0);
	memcpy(at + 22, &to->sin_port, 2);
	put16(at + 24, 8 + size);
}

static void keep_pace(const struct timespec *began, uint64_t sent, uint64_t rate)
{
	uint64_t ns = sent * UINT64_C(1000000000) / rate;
	struct timespec due = *began;

	due.tv_sec += (time_t)((ns + (uint64_t)began->tv_nsec) / 1000000000);
	due.tv_nsec = (long)((ns + (uint64_t)began->tv_nsec) % 1000000000);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[BATCH][HEADERS + LONGEST];
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct mmsghdr message[BATCH] = {0};
	struct iovec part[BATCH];
	struct in_addr network;
	struct timespec began, ended;
	uint64_t sent = 0, count, rate;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (argc < 7 || fd < 0 || inet_aton(argv[1], &to.sin_addr) != 1 ||
		inet_aton(argv[3], &network) != 1) {
		fprintf(stderr, "flood: %s\n", fd < 0 ? strerror(errno) : "wrong arguments");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	count = strtoull(argv[5], NULL, 10);
	rate = strtoull(argv[6], NULL, 10);
	state = argc > 7 ? strtoull(argv[7], NULL, 10) : 1;
	clock_gettime(CLOCK_MONOTONIC, &began);
	while (sent < count) {
		int n = 0, left;

		for (; n < BATCH && sent + (uint64_t)n < count; n++) {
			uint8_t *at = bytes[n] + HEADERS;
			size_t size = strcmp(argv[4], "first") == 0 ? question(at, 1, false) : mixed(at);

			head(bytes[n], ntohl(network.s_addr), &to, size);
			part[n] = (struct iovec){bytes[n], HEADERS + size};
			message[n].msg_hdr = (struct msghdr){.msg_name = &to,
				.msg_namelen = sizeof to,
				.msg_iov = &part[n],
				.msg_iovlen = 1};
		}
		left = sendmmsg(fd, message, (unsigned)n, 0);
		if (left < 0 && errno != ENOBUFS) {
			fprintf(stderr, "flood: %s\n", strerror(errno));
			return 1;
		}
		sent += left > 0 ? (uint64_t)left : 0;
		keep_pace(&began, sent, rate);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("sent %llu in %.3f s\n", (unsigned long long)sent,
		(double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec));
	return 0;
}
