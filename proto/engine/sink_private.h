/* What the parts of a sink share. Internal to it. */
#ifndef PROTO_ENGINE_SINK_PRIVATE_H
#define PROTO_ENGINE_SINK_PRIVATE_H

#include "proto/engine/sink.h"

/* Remembers when the packet with the highest channel sequence left and arrived, and its receipt. */
void sink_read_stamp(struct sink *k, const struct sink_packet *packet);

#endif
