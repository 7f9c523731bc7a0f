/* All three channels of a session over the main port. A port has a socket of its own there, connected to the
 * client's address; the main socket gets the first heartbeat from an address that no port knows yet, and
 * tells the port it is meant for. The listener's thread only. */
#ifndef SERVER_SINGLE_PORT_H
#define SERVER_SINGLE_PORT_H

#include "proto/net/udp.h"
#include "server/clients.h"

/* Whether the datagram is a sealed heartbeat of one of the sessions; if so, its port hears of it. */
bool single_port_input(struct clients *clients, const struct udp_datagram *d);

#endif
