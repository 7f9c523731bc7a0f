#include "proto/record/outcome.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

struct loss outcome_loss(const struct test_record *r)
{
	uint64_t arrived = r->received.count.unique_packets + r->received.count.duplicates;
	struct loss loss = {0};
	uint64_t rest;

	if (r->received.known < RECEIVED_COUNTERS)
		arrived = r->received.count.packets;
	if (r->sent.count.packets > arrived)
		rest = loss.packets = r->sent.count.packets - arrived;
	else
		return loss;
	loss.sender_host = r->sent.count.unsent_packets < rest ? r->sent.count.unsent_packets : rest;
	rest -= loss.sender_host;
	loss.receiver_host = r->received.count.host_drops < rest ? r->received.count.host_drops : rest;
	loss.path = rest - loss.receiver_host;
	return loss;
}

void outcome_seal(struct test_record *r)
{
	struct loss loss = outcome_loss(r);
	uint8_t hash[crypto_generichash_BYTES];
	char text[768];
	size_t size = (size_t)snprintf(text, sizeof text,
		"wyndrvr/1 %s %s duration_ns=%" PRIu64 " sent=%" PRIu64 " sent_bytes=%" PRIu64
		" retransmitted=%" PRIu64 " received=%" PRIu64 " received_bytes=%" PRIu64 " unique=%" PRIu64
		" duplicates=%" PRIu64 " network_duplicates=%" PRIu64 " reordered=%" PRIu64 " lost=%" PRIu64
		" sender_host=%" PRIu64 " path=%" PRIu64 " receiver_host=%" PRIu64,
		directions_table[r->direction].name, r->uid, r->sent.duration_ns, r->sent.count.packets,
		r->sent.count.bytes, r->sent.count.retransmitted_packets, r->received.count.packets,
		r->received.count.bytes, r->received.count.unique_packets, r->received.count.duplicates,
		r->received.count.network_duplicates, r->received.count.reordered, loss.packets,
		loss.sender_host, loss.path, loss.receiver_host);

	crypto_generichash(hash, sizeof hash, (const uint8_t *)text, (size_t)size, NULL, 0);
	sodium_bin2hex(r->hash, sizeof r->hash, hash, (sizeof r->hash - 1) / 2);
}

bool outcome_is_agreed(const struct test_record *r)
{
	return r->hash[0] != '\0';
}

void outcome_guess(struct test_record *r)
{
	if (r->received.known || r->sent.count.reports == 0)
		return;
	r->received.known = RECEIVED_TOTALS;
	r->received.count = (struct sink_counters){
		.packets = r->sent.count.heard_packets,
		.bytes = r->sent.count.heard_packets * r->datagram_bytes,
		.unique_packets = r->sent.count.heard_packets,
	};
}
