/* What the tests of side conversations share: one extended port of a session, stepped by hand, and a peer
 * that sends it what it likes, from the proven address or from another one. */
#ifndef TESTS_SUPPORT_PORT_SCENE_H
#define TESTS_SUPPORT_PORT_SCENE_H

#include "tests/support/udp_pair.h"

#include "proto/config/table.h"
#include "proto/engine/port.h"

enum { KEY = 26970 };

extern const uint8_t secret[SEAL_SECRET_BYTES], other[SEAL_SECRET_BYTES];

struct scene {
	struct options options;
	struct udp_batch *batch;
	struct port port[PORT_KINDS]; /* of one session; one of them is stepped */
	struct port *it;
	struct udp_pair *peer; /* `to` is at the proven address, `from` at another one */
	struct seal seal;      /* the peer's */
	uint64_t wanted;       /* datagrams that the port has to receive */
};

struct scene_plan {
	enum port_kind kind;
	bool is_client, extended, asks_path;
	uint32_t packet_length;
};

/* As it is once the peer's address is proven. */
struct scene *port_scene_open_as(const struct scene_plan *as);

struct scene *port_scene_open(enum port_kind kind, bool is_client, bool extended);
void port_scene_close(struct scene *s);

/* Sends one packet to the port, sealed unless `seal` is NULL, and lets it look. */
void port_scene_give(struct scene *s, struct udp_socket *from, struct seal *seal, struct wire_header h,
	const char *body, size_t size);

#endif
