#include "proto/record/reject.h"

const char *wire_reject_name(enum wire_reject reason)
{
	static const char *const names[WIRE_REJECTS] = {
		[WIRE_OK] = "ok",
		[REJECT_SHORT] = "short",
		[REJECT_LONG] = "long",
		[REJECT_TYPE] = "type",
		[REJECT_PEER] = "peer",
		[REJECT_CHANNEL] = "channel",
		[REJECT_SEQUENCE] = "sequence",
		[REJECT_BODY] = "body",
		[REJECT_TAG] = "tag",
		[REJECT_REPLAY] = "replay",
	};

	return reason < WIRE_REJECTS ? names[reason] : "unknown";
}
