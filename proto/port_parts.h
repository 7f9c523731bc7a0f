/* The two halves of a port's turn. Internal to the port. */
#ifndef PROTO_PORT_PARTS_H
#define PROTO_PORT_PARTS_H

#include "proto/port.h"

/* Receives one batch, reads the mail, and hands each datagram to the part it is for. True when more may
 * be waiting. */
bool port_input(struct port *p);

/* Sends what is due: held-back datagrams, heartbeats, the conversation, data, reports. True when
 * there is more to send at once. */
bool port_output(struct port *p);

/* When port_output has something to do again. */
uint64_t port_output_due_ns(struct port *p, uint64_t now_ns);

/* Does what the siblings and the user have asked for. */
void port_read_mail(struct port *p);

/* Sends one packet of ours: header and body. */
void port_send(struct port *p, const struct wire_header *h, const void *body, size_t size);

#endif
