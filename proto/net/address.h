/* Internet addresses with a port: parsing, printing, comparing. Any thread. */
#ifndef PROTO_NET_ADDRESS_H
#define PROTO_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 72 }; /* "[" + IPv6 + "%" + interface + "]:" + port + NUL */

struct address {
	socklen_t size; /* 0: no address */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* Splits "[HOST][:PORT]": HOST a name, an IPv4 address or an IPv6 address (in brackets when a port
 * follows). A missing part leaves `host` or `*port` as it was. 0 or -EINVAL. */
int address_split(const char *text, char *host, size_t room, uint16_t *port);

/* Looks `host` up (blocking). For a server (`passive`) an empty host means all addresses.
 * 0, or a getaddrinfo error for gai_strerror. */
int address_resolve(struct address *a, const char *host, uint16_t port, bool passive);

/* "192.0.2.1:6711" or "[2001:db8::1]:6711"; an IPv4-mapped IPv6 address is shown as IPv4. */
const char *address_format(const struct address *a, char out[ADDRESS_TEXT]);

/* The same family, address, scope and port. */
bool address_equal(const struct address *a, const struct address *b);

/* The same, ignoring the port. */
bool address_same_host(const struct address *a, const struct address *b);

/* 127.0.0.0/8 and ::1: this host itself. */
bool address_is_loopback(const struct address *a);

/* Bytes of IP and UDP headers of a datagram to this address: 28, or 48 for IPv6; 0 for no address. */
unsigned address_header_bytes(const struct address *a);

uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);

#endif
