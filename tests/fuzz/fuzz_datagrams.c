/* libFuzzer's entry: one datagram through everything that reads bytes from the network. The first byte
 * chooses the reader.
 *
 *   cmake -S . -B build-fuzz -DCMAKE_C_COMPILER=clang -DWYNDRVR_FUZZ=ON && cmake --build build-fuzz --target
 * fuzz_datagrams build-fuzz/tests/fuzz_datagrams -max_len=1500 -max_total_time=60 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/wire/classic.h"
#include "proto/wire/command.h"
#include "proto/wire/feedback.h"
#include "proto/wire/handshake.h"
#include "proto/wire/heartbeat_body.h"
#include "proto/wire/result.h"
#include "proto/wire/server_view_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const uint8_t *bytes, size_t size)
{
	struct handshake_answer a;

	if (handshake_decode_answer(bytes, size, &a) == WIRE_OK && a.kind != ANSWER_REFUSED && a.text[0])
		abort(); /* only a refusal has a text */
}

static void read_hello(const uint8_t *bytes, size_t size)
{
	static const struct key key;
	struct handshake_question h;

	if (handshake_kind(bytes, size) == HANDSHAKE_EXTENDED &&
		handshake_decode_question(bytes, size, &h) == WIRE_OK && h.has_mac)
		handshake_verify_question(bytes, size, &h, &key);
}

static void read_feedback(const uint8_t *bytes, size_t size)
{
	struct feedback f;

	if (feedback_decode(bytes, size, true, &f) == WIRE_OK && f.spans.count > WIRE_SPANS_MAX)
		abort();
}

/* What is accepted can be written again within the limits. */
static void read_view(const uint8_t *bytes, size_t size)
{
	char out[WIRE_BODY_BYTES];
	struct server_view view;

	server_view_body_decode_question(bytes, size);
	if (server_view_body_decode(bytes, size, &view) == WIRE_OK &&
		server_view_body_encode(out, &view) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heartbeat_body heartbeat;
	struct classic_command command;
	struct classic_result result;
	struct classic_assignment assignment;
	struct test_command asked;
	struct result_message counted;
	struct wire_header h;

	if (size == 0 || sodium_init() < 0)
		return 0;
	data++;
	size--;
	wire_decode(data, size, &h);
	switch (data[-1] % 9) {
	case 0:
		heartbeat_body_decode(data, size, (enum wire_type)(size % 3), &heartbeat);
		break;
	case 1:
		classic_decode_command(data, size, &command);
		break;
	case 2:
		classic_decode_result(data, size, &result);
		break;
	case 3:
		classic_decode_assignment(data, size, &assignment);
		read_answer(data, size);
		break;
	case 4:
		read_hello(data, size);
		break;
	case 5:
		read_feedback(data, size);
		break;
	case 6:
		command_decode(data, size, &asked);
		break;
	case 7:
		result_decode(data, size, &counted);
		break;
	default:
		read_view(data, size);
		break;
	}
	return 0;
}
