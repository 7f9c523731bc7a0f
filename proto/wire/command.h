/* How a test is asked for and granted between extended peers: JSON bodies of the CONTROL port. (classic.h has
 * the classic ones.) Ranges are checked, unknown keys ignored. No state: any thread.
 *
 * Decoding returns WIRE_OK or REJECT_BODY; encoding the bytes written, which always fit. */
#ifndef PROTO_WIRE_COMMAND_H
#define PROTO_WIRE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record/test.h"
#include "proto/wire/wire.h"

/* {"cmd":"BWDN","channel":C,"duration":D,"rate":R,"length":L}, client to server; rate 0: as fast as possible.
 * The answer has "ack":0 and what was granted, or why it was not:
 * {"cmd":"BWDN","ack":0,"channel":C,"duration":D,"rate":R,"uid":"..."}, with "allowed":A
 * where the server's rate is shared; or
 * {"cmd":"BWDN","ack":0,"channel":C,"refused":"limit","wait":S} */
struct test_command {
	enum test_direction direction;
	bool is_answer;
	uint32_t channel;
	uint32_t duration_s;
	uint64_t rate_bps;
	bool search;              /* question only: find the rate, up to this one */
	uint32_t until_ppm;       /* ... and end once it is known this well; 0: no */
	uint64_t budget_bytes;    /* question only: end when so much has been sent; 0: no limit */
	uint64_t allowed_bps;     /* answer only: limit until the reports say otherwise; 0: none */
	uint32_t datagram_bytes;  /* question only */
	char uid[TEST_UID_BYTES]; /* answer only */
	enum refusal refusal;     /* answer only; REFUSED_NOT: granted */
	uint32_t wait_s;
};

size_t command_encode(char out[WIRE_BODY_BYTES], const struct test_command *m);
enum wire_reject command_decode(const uint8_t *body, size_t size, struct test_command *m);

#endif
