/* Owns nothing: addresses are values.
 *
 * Policy: a name that has both kinds of address resolves to IPv4, because older servers speak only
 * that; whoever wants IPv6 writes the address. A server without an address listens on [::], which takes
 * IPv4 peers too (as mapped addresses), or on 0.0.0.0 when the kernel was built without IPv6. "No
 * address" equals nothing, not even itself. */
#include "proto/net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PORT_MAX = 65535 };

static int family_of(const struct address *a)
{
	return a->size ? a->any.sa_family : AF_UNSPEC;
}

static bool parse_port(const char *text, uint16_t *port)
{
	uint32_t value = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint32_t)(*text - '0');
		if (value > PORT_MAX)
			return false;
	}
	*port = (uint16_t)value;
	return value != 0;
}

/* An IPv6 address, with or without "%zone". */
static bool is_ipv6(const char *text, size_t size)
{
	const char *zone = memchr(text, '%', size);
	char bare[INET6_ADDRSTRLEN];
	struct in6_addr unused;
	size_t length = zone ? (size_t)(zone - text) : size;

	if (length >= sizeof(bare) || (zone && length + 1 == size))
		return false;
	memcpy(bare, text, length);
	bare[length] = '\0';
	return inet_pton(AF_INET6, bare, &unused) == 1;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

struct parts {
	const char *host;
	size_t host_bytes;
	const char *port; /* NULL: none */
};

static bool find_parts(const char *text, struct parts *p)
{
	const char *first = strchr(text, ':');
	const char *bracket;

	if (*text == '[') {
		bracket = strchr(text, ']');
		if (!bracket || (bracket[1] && bracket[1] != ':'))
			return false;
		p->host = text + 1;
		p->host_bytes = (size_t)(bracket - p->host);
		p->port = bracket[1] ? bracket + 2 : NULL;
		return is_ipv6(p->host, p->host_bytes);
	}
	p->host = text;
	p->host_bytes = strcspn(text, ":");
	p->port = first ? first + 1 : NULL;
	if (first && strchr(p->port, ':')) {
		p->host_bytes = strlen(text);
		p->port = NULL;
		return is_ipv6(p->host, p->host_bytes);
	}
	return strcspn(text, "[]%") >= p->host_bytes;
}

int address_split(const char *text, char *host, size_t room, uint16_t *port)
{
	struct parts p;
	uint16_t parsed = 0;

	if (!is_printable(text) || !find_parts(text, &p))
		return -EINVAL;
	if (p.host_bytes >= room || (p.port && !parse_port(p.port, &parsed)))
		return -EINVAL;
	if (p.host_bytes) {
		memcpy(host, p.host, p.host_bytes);
		host[p.host_bytes] = '\0';
	}
	if (p.port)
		*port = parsed;
	return 0;
}

static void set_any(struct address *a)
{
	if (access("/proc/net/if_inet6", F_OK) == 0) {
		a->size = sizeof(a->v6);
		a->v6 = (struct sockaddr_in6){
			.sin6_family = AF_INET6,
			.sin6_addr = IN6ADDR_ANY_INIT,
		};
		return;
	}
	a->size = sizeof(a->v4);
	a->v4 = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};
}

static int look_up(struct address *a, const char *host, int flags)
{
	const struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list = NULL;
	int err = getaddrinfo(host, NULL, &hints, &list);

	if (err)
		return err;
	a->size = 0;
	for (const struct addrinfo *at = list; at && family_of(a) != AF_INET; at = at->ai_next) {
		bool is_better = a->size == 0 || at->ai_family == AF_INET;

		if (!is_better || at->ai_addrlen > sizeof(a->v6))
			continue;
		memcpy(&a->v6, at->ai_addr, at->ai_addrlen);
		a->size = at->ai_addrlen;
	}
	freeaddrinfo(list);
	return a->size ? 0 : EAI_FAMILY;
}

int address_resolve(struct address *a, const char *host, uint16_t port, bool passive)
{
	struct address found = {0};
	int err = 0;

	if (!*host && !passive)
		return EAI_NONAME;
	if (!*host) {
		set_any(&found);
	} else {
		/* AI_ADDRCONFIG leaves out families that this machine has no address in, which is right for
		 * names but would refuse a literal ::1. */
		err = look_up(&found, host, AI_NUMERICHOST);
		if (err == EAI_NONAME)
			err = look_up(&found, host, AI_ADDRCONFIG);
	}
	if (err)
		return err;
	address_set_port(&found, port);
	*a = found;
	return 0;
}

static void format_scope(char *out, size_t room, uint32_t scope)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(scope, name))
		snprintf(out, room, "%%%s", name);
	else
		snprintf(out, room, "%%%u", scope);
}

/* Whether the host needs brackets before a port. */
static bool format_host(const struct address *a, char out[ADDRESS_TEXT])
{
	static const size_t mapped_at = 12;
	size_t used;

	switch (family_of(a)) {
	case AF_INET:
		inet_ntop(AF_INET, &a->v4.sin_addr, out, ADDRESS_TEXT);
		return false;
	case AF_INET6:
		if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
			inet_ntop(AF_INET, a->v6.sin6_addr.s6_addr + mapped_at, out, ADDRESS_TEXT);
			return false;
		}
		inet_ntop(AF_INET6, &a->v6.sin6_addr, out, ADDRESS_TEXT);
		used = strlen(out);
		if (a->v6.sin6_scope_id)
			format_scope(out + used, ADDRESS_TEXT - used, a->v6.sin6_scope_id);
		return true;
	default:
		snprintf(out, ADDRESS_TEXT, "-");
		return false;
	}
}

const char *address_format(const struct address *a, char out[ADDRESS_TEXT])
{
	char host[ADDRESS_TEXT];
	bool brackets = format_host(a, host);
	/* The longest a host can be, so that the port always fits. */
	const int host_max = INET6_ADDRSTRLEN + IF_NAMESIZE;

	if (family_of(a) == AF_UNSPEC)
		snprintf(out, ADDRESS_TEXT, "%.*s", host_max, host);
	else
		snprintf(out, ADDRESS_TEXT, brackets ? "[%.*s]:%u" : "%.*s:%u", host_max, host,
			(unsigned int)address_port(a));
	return out;
}

bool address_same_host(const struct address *a, const struct address *b)
{
	if (family_of(a) != family_of(b))
		return false;
	switch (family_of(a)) {
	case AF_INET:
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) &&
		       a->v6.sin6_scope_id == b->v6.sin6_scope_id;
	default:
		return false;
	}
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

uint16_t address_port(const struct address *a)
{
	switch (family_of(a)) {
	case AF_INET:
		return ntohs(a->v4.sin_port);
	case AF_INET6:
		return ntohs(a->v6.sin6_port);
	default:
		return 0;
	}
}

void address_set_port(struct address *a, uint16_t port)
{
	if (family_of(a) == AF_INET)
		a->v4.sin_port = htons(port);
	else if (family_of(a) == AF_INET6)
		a->v6.sin6_port = htons(port);
}

bool address_is_loopback(const struct address *a)
{
	const struct in6_addr *v6 = &a->v6.sin6_addr;

	if (a->size == 0)
		return false;
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}

unsigned address_header_bytes(const struct address *a)
{
	if (a->size == 0)
		return 0;
	return a->any.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr) ? 20 + 8 : 40 + 8;
}
