#include "proto/record/snapshot.h"

const char *port_kind_name(enum port_kind kind)
{
	static const char *const name[PORT_KINDS] = {"CONTROL", "UPLOAD", "DOWNLOAD"};

	return name[kind];
}
