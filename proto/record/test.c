#include "proto/record/test.h"

const char *port_kind_name(enum port_kind kind)
{
	static const char *const name[PORT_KINDS] = {"CONTROL", "UPLOAD", "DOWNLOAD"};

	return name[kind];
}

const struct direction directions_table[TEST_DIRECTIONS] = {
	[TEST_UP] =
		{
			.name = "up",
			.noun = "upload",
			.title = "Upload",
			.one = "An upload",
			.command = "BWUP",
			.answer = "BWUP ack",
			.port = PORT_UPLOAD,
			.client_sends = true,
			.classic = true,
		},
	[TEST_DOWN] =
		{
			.name = "down",
			.noun = "download",
			.title = "Download",
			.one = "A download",
			.command = "BWDN",
			.answer = "BWDN ack",
			.port = PORT_DOWNLOAD,
		},
};

unsigned directions_of_port(enum port_kind kind)
{
	unsigned set = 0;

	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (directions_table[d].port == kind)
			set |= 1u << d;
	return set;
}

unsigned directions_not_classic(unsigned set)
{
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (directions_table[d].classic)
			set &= ~(1u << d);
	return set;
}

enum test_direction directions_first(unsigned set)
{
	for (int d = 0; d < TEST_DIRECTIONS; d++)
		if (set & 1u << d)
			return (enum test_direction)d;
	return TEST_UP;
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
