#include "proto/engine/lease.h"

#include "proto/sys/clock.h"

void lease_init(struct lease *l, uint64_t length_ns)
{
	*l = (struct lease){.length_ns = length_ns};
	receipt_init(&l->receipts);
}

void lease_start(struct lease *l, uint64_t now_ns)
{
	l->proven_ns = now_ns;
}

uint64_t lease_receipt(struct lease *l, uint64_t channel)
{
	return l->length_ns ? receipt_write(&l->receipts, channel) : 0;
}

void lease_sent(struct lease *l, uint64_t channel, unsigned count, uint64_t now_ns)
{
	const struct lease_mark *last = &l->mark[(l->marks + LEASE_MARKS - 1) % LEASE_MARKS];

	if (l->length_ns == 0 || count == 0)
		return;
	l->next_channel = channel + count;
	if (l->marks == 0 || now_ns - last->sent_ns >= clock_ms(LEASE_MARK_MS))
		l->mark[l->marks++ % LEASE_MARKS] = (struct lease_mark){channel, now_ns};
}

/* The latest time at which a packet may have left; 0: longer ago than is known. */
static uint64_t left_ns(const struct lease *l, uint64_t channel)
{
	uint64_t oldest = l->marks > LEASE_MARKS ? l->marks - LEASE_MARKS : 0;

	for (uint64_t i = l->marks; i > oldest; i--) {
		const struct lease_mark *m = &l->mark[(i - 1) % LEASE_MARKS];

		if (m->channel <= channel)
			return m->sent_ns + clock_ms(LEASE_MARK_MS);
	}
	return 0;
}

void lease_prove(struct lease *l, const struct lease_proof *proof, uint64_t now_ns)
{
	uint64_t trip_ns = clock_earlier(proof->round_trip_ns, clock_ms(LEASE_TRIP_MS)), until_ns;

	if (l->length_ns == 0 || proof->receipt == 0 || proof->channel < l->proven_channel ||
		proof->channel >= l->next_channel ||
		proof->receipt != receipt_number(&l->receipts, proof->channel))
		return;
	l->proven_channel = proof->channel + 1;
	/* The peer has received this packet, not more: so the proof is as old as the packet, but for its
	 * way and the report's. */
	until_ns = clock_earlier(left_ns(l, proof->channel) + trip_ns, now_ns);
	if (until_ns > l->proven_ns)
		l->proven_ns = until_ns;
}

bool lease_is_proven(const struct lease *l)
{
	return l->length_ns == 0 || l->proven_channel > 0;
}

uint64_t lease_ends_ns(const struct lease *l)
{
	return l->length_ns ? l->proven_ns + l->length_ns : CLOCK_NEVER;
}
