/* What the files of a port share: the two halves of its turn, and who does what in them. Internal to the
 * port. */
#ifndef PROTO_ENGINE_PORT_PRIVATE_H
#define PROTO_ENGINE_PORT_PRIVATE_H

#include "proto/engine/port.h"

/* Receives one batch and hands each datagram to the part it is for. True when more may be waiting. */
bool port_input(struct port *p);

/* Sends what is due: held-back datagrams, heartbeats, the conversation, data, reports. True when
 * there is more to send at once. */
bool port_output(struct port *p);

/* When port_output next has something to do. */
uint64_t port_output_due_ns(struct port *p, uint64_t now_ns);

/* Sends one packet of ours, header and body, to the port's peer. */
void port_send(struct port *p, const struct wire_header *h, const void *body, size_t size);

/* A heartbeat, stamped as it leaves. `to` need not be proven: only answers to a heartbeat go there. */
void port_send_heartbeat(struct port *p, const struct address *to, struct heartbeat_output *out);

/* Single port: moves to a socket for the address that `mail` names. */
void port_rebind(struct port *p, const struct mail *mail);

/* Single port: what comes from the client's address is not the client's. Has that been silent, another client
 * may have its address now; so the socket is given up, and the main one hears both. */
void port_give_way(struct port *p, uint64_t now_ns);

/* port_control.c: CONTROL's conversation about tests, with the peer, its sibling ports and the listener. */
void port_converse(struct port *p);
uint64_t port_converse_due_ns(struct port *p, uint64_t now_ns);

/* port_view.c: the server's view of the session, between extended peers on the heartbeats' channel. */
void port_view_server(struct port *p, bool on);
enum wire_reject port_view_input(struct port *p, const struct udp_datagram *d);
void port_ask_view(struct port *p);
uint64_t port_view_due_ns(const struct port *p);

/* port_path.c: the path's largest datagram, between extended peers on the heartbeats' channel. */
void port_ask_path(struct port *p);
enum wire_reject port_path_input(struct port *p, const struct wire_header *h, const struct udp_datagram *d);
void port_show_path(struct port *p);
uint64_t port_path_due_ns(const struct port *p);

/* port_worker.c: the worker's side of a test, and the mail about it. */
void port_read_mail(struct port *p);
bool port_send_data(struct port *p); /* true when there is more to send at once */
void port_report(struct port *p);
void port_set_load(struct port *p, bool on); /* a test runs in the session, or none does any more */
/* So much of the test's data has arrived at its receiver, by that one's clock. */
void port_arriving(struct port *p, enum test_direction direction, uint64_t bytes, uint64_t at_ns);
void port_abandon(struct port *p); /* the port has failed: what its tests have counted is not lost */

#endif
