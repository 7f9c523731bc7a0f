/* Why a datagram is refused: counted by reason, never answered. */
#ifndef PROTO_RECORD_REJECT_H
#define PROTO_RECORD_REJECT_H

enum wire_reject {
	WIRE_OK,
	REJECT_SHORT,    /* shorter than its header or its own count says */
	REJECT_LONG,     /* longer than its kind may be */
	REJECT_TYPE,     /* no such type, or not on this port or in this direction */
	REJECT_PEER,     /* not from the address this port talks to */
	REJECT_CHANNEL,  /* no test or heartbeat on this channel */
	REJECT_SEQUENCE, /* a sequence or span outside what is possible */
	REJECT_BODY,     /* a body that its type doesn't allow */
	REJECT_TAG,      /* no tag, or one made without the session's secret */
	REJECT_REPLAY,   /* a sealed message that was accepted before, or is too old to tell */
	WIRE_REJECTS,
};

/* The name of a reason, such as "short": for logs and reports. */
const char *wire_reject_name(enum wire_reject reason);

#endif
