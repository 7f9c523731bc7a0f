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
#include "proto/wire/server_view_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const uint8_t *bytes, size_t size)
{
	struct answer a;

	if (answer_parse(bytes, size, &a) == WIRE_OK && a.kind != ANSWER_REFUSED && a.text[0])
		abort(); /* only a refusal has a text */
}

static void read_hello(const uint8_t *bytes, size_t size)
{
	static const struct key key;
	struct hello h;

	if (hello_kind(bytes, size) == HELLO_EXTENDED && hello_parse(bytes, size, &h) == WIRE_OK && h.has_mac)
		hello_verify(bytes, size, &h, &key);
}

static void read_feedback(const uint8_t *bytes, size_t size)
{
	struct feedback f;

	if (feedback_read(bytes, size, true, &f) == WIRE_OK && f.spans.count > WIRE_SPANS_MAX)
		abort();
}

/* What is taken is written again within the limits. */
static void read_view(const uint8_t *bytes, size_t size)
{
	char out[MESSAGE_BODY];
	struct peer_view view;

	peer_view_read_question(bytes, size);
	if (peer_view_read(bytes, size, &view) == WIRE_OK && peer_view_write(out, &view) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_heartbeat heartbeat;
	struct message_command command;
	struct message_result result;
	struct message_assignment assignment;
	struct exchange_command asked;
	struct exchange_result counted;
	struct wire_header h;

	if (size == 0 || sodium_init() < 0)
		return 0;
	data++;
	size--;
	wire_decode(data, size, &h);
	switch (data[-1] % 9) {
	case 0:
		message_parse_heartbeat(data, size, (enum wire_type)(size % 3), &heartbeat);
		break;
	case 1:
		message_parse_command(data, size, &command);
		break;
	case 2:
		message_parse_result(data, size, &result);
		break;
	case 3:
		message_parse_assignment(data, size, &assignment);
		read_answer(data, size);
		break;
	case 4:
		read_hello(data, size);
		break;
	case 5:
		read_feedback(data, size);
		break;
	case 6:
		exchange_read_command(data, size, &asked);
		break;
	case 7:
		exchange_read_result(data, size, &counted);
		break;
	default:
		read_view(data, size);
		break;
	}
	return 0;
}
