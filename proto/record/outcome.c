#include "proto/record/outcome.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

struct loss outcome_loss(const struct test_record *r)
{
	uint64_t arrived = r->received.unique_packets + r->received.duplicates;
	struct loss loss = {0};
	uint64_t rest;

	if (!r->counts_known)
		arrived = r->received.packets;
	if (r->sent.packets > arrived)
		rest = loss.packets = r->sent.packets - arrived;
	else
		return loss;
	loss.sender_host = r->sent.unsent_packets < rest ? r->sent.unsent_packets : rest;
	rest -= loss.sender_host;
	loss.receiver_host = r->received.host_drops < rest ? r->received.host_drops : rest;
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
		r->direction == TEST_UP ? "up" : "down", r->uid, r->duration_ns, r->sent.packets,
		r->sent.bytes, r->sent.retransmitted_packets, r->received.packets, r->received.bytes,
		r->received.unique_packets, r->received.duplicates, r->received.network_duplicates,
		r->received.reordered, loss.packets, loss.sender_host, loss.path, loss.receiver_host);

	crypto_generichash(hash, sizeof hash, (const uint8_t *)text, (size_t)size, NULL, 0);
	sodium_bin2hex(r->hash, sizeof r->hash, hash, (sizeof r->hash - 1) / 2);
	r->agreed = true;
}

void outcome_guess(struct test_record *r)
{
	if (r->received_known || r->sent.reports == 0)
		return;
	r->received_known = true;
	r->received = (struct sink_counters){
		.packets = r->sent.heard_packets,
		.bytes = r->sent.heard_packets * r->datagram_bytes,
		.unique_packets = r->sent.heard_packets,
	};
}
