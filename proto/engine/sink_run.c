/* Data that arrives in order and in one message: all that is to be done for each datagram is to see that it
 * is the next. */
#include "proto/engine/sink_private.h"

/* The packet was the next in both numberings, and none behind it can be too high for them. */
static bool is_next(const struct sink *k, const struct wire_header *h, unsigned count)
{
	uint64_t data = wire_data_sequence(h);

	return h->sequence + 1 == k->next_channel && data + 1 == k->next_data &&
	       h->sequence < SPAN_MAX - count && data < SPAN_MAX - count;
}

unsigned sink_run(struct sink *k, const struct sink_packet *packet, unsigned count)
{
	struct wire_header h = *packet->header;
	struct sink_packet last = *packet;
	unsigned n;

	/* Each of the first is reported by itself. */
	if (!k->extended || k->count.packets <= SINK_FIRST || !is_next(k, &h, count))
		return 0;
	n = wire_run(packet->bytes, packet->size, count);
	if (n == 0)
		return 0;
	k->next_channel += n;
	k->next_data += n;
	k->count.packets += n;
	k->count.unique_packets += n;
	k->count.bytes += n * packet->size;
	k->recent_bytes += n * packet->size;
	/* The last left last, and they have arrived together: it was the fastest. */
	h.sequence += n;
	last.header = &h;
	last.bytes += n * packet->size;
	sink_read_stamp(k, &last);
	return n;
}
