/* Two ways to write the same text: --help and the manual page. Internal to config/. */
#ifndef PROTO_CONFIG_STYLE_H
#define PROTO_CONFIG_STYLE_H

#include <stdio.h>

#include "proto/config/options.h"

struct options_style {
	void (*usage)(FILE *out, const char *first, const char *second); /* second: "" for none */
	void (*heading)(FILE *out, const char *title);
	void (*entry)(FILE *out, const char *left, const char *text);
	void (*paragraph)(FILE *out, const char *text);
};

/* Writes everything about a program; `manual` adds sections after the options, NULL: none. */
void options_write(FILE *out, enum program program, const struct options_style *style,
	const struct options_manual *manual);

#endif
