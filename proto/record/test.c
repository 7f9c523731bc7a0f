#include "proto/record/test.h"

const char *port_kind_name(enum port_kind kind)
{
	static const char *const name[PORT_KINDS] = {"CONTROL", "UPLOAD", "DOWNLOAD"};

	return name[kind];
}

const char *refusal_name(enum refusal refusal)
{
	static const char *const name[REFUSALS] = {
		[REFUSED_NOT] = "no",
		[REFUSED_BUSY] = "busy",
		[REFUSED_AUTH] = "auth",
		[REFUSED_VERSION] = "version",
		[REFUSED_LIMIT] = "limit",
	};

	return refusal < REFUSALS ? name[refusal] : "unknown";
}
