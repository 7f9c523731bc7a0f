/* The ports that sessions get: drawn at random from the configured ranges, and kept back for a while after
 * release, so that a late packet of one session doesn't reach the next. The listener's thread only. */
#ifndef SERVER_PORTPOOL_H
#define SERVER_PORTPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/config/options.h"

enum { PORTPOOL_KEPT_BACK_S = 10 };

struct portpool;

/* NULL when out of memory. */
struct portpool *portpool_new(const struct port_range *ranges, unsigned count);
void portpool_free(struct portpool *pool);

/* Draws a free port; 0 when there is none now. */
uint16_t portpool_take(struct portpool *pool, uint64_t now_ns);

/* Gives a port back. */
void portpool_return(struct portpool *pool, uint16_t port, uint64_t now_ns);

/* Gives back a port that was never used: it is free at once. */
void portpool_give_back(struct portpool *pool, uint16_t port);

/* Ports in all. */
unsigned portpool_size(const struct portpool *pool);

#endif
