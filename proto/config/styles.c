/* --help for a terminal of 80 columns, and the manual page in the language of man(7). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/config/style.h"

enum { WIDTH = 80, TEXT_COLUMN = 28 };

/* Wraps `text` at words, starting in the column reached so far. */
static void put_wrapped(FILE *out, const char *text, int indent, int column)
{
	int word = 0;

	for (; *text; text += word + (text[word] == ' ')) {
		word = (int)strcspn(text, " ");
		if (column > indent && column + 1 + word > WIDTH)
			column = fprintf(out, "\n%*s", indent, "") - 1;
		column += fprintf(out, "%s%.*s", column > indent ? " " : "", word, text);
	}
	fputc('\n', out);
}

static void plain_usage(FILE *out, const char *first, const char *second)
{
	fprintf(out, "Usage: %s\n", first);
	if (*second)
		fprintf(out, "       %s\n", second);
	fputc('\n', out);
}

static void plain_heading(FILE *out, const char *title)
{
	fprintf(out, "\n%s:\n", title);
}

/* `text` beside `left`, or below it when `left` is too long. */
static void plain_entry(FILE *out, const char *left, const char *text)
{
	int column = fprintf(out, "  %s", left);

	if (column > TEXT_COLUMN - 2) {
		fputc('\n', out);
		column = 0;
	}
	column += fprintf(out, "%*s", TEXT_COLUMN - column, "");
	put_wrapped(out, text, TEXT_COLUMN, column);
}

static void plain_paragraph(FILE *out, const char *text)
{
	put_wrapped(out, text, 0, 0);
}

static const struct options_style plain = {plain_usage, plain_heading, plain_entry, plain_paragraph};

/* Hyphens stay searchable minus signs, and no text is taken for a request. */
static void put_roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++)
		fputs(*text == '-' ? "\\-" : *text == '\\' ? "\\e" : (const char[]){*text, '\0'}, out);
}

static void man_usage(FILE *out, const char *first, const char *second)
{
	fputs(".SH SYNOPSIS\n", out);
	put_roff(out, first);
	if (*second) {
		fputs("\n.br\n", out);
		put_roff(out, second);
	}
	fputs("\n.SH DESCRIPTION\n", out);
}

static void man_heading(FILE *out, const char *title)
{
	fputs(".SH ", out);
	for (; *title; title++)
		fputc(toupper((unsigned char)*title), out);
	fputc('\n', out);
}

static void man_entry(FILE *out, const char *left, const char *text)
{
	fputs(".TP\n\\fB", out);
	put_roff(out, left);
	fputs("\\fR\n", out);
	put_roff(out, text);
	fputc('\n', out);
}

static void man_paragraph(FILE *out, const char *text)
{
	fputs(".PP\n", out);
	put_roff(out, text);
	fputc('\n', out);
}

static const struct options_style man = {man_usage, man_heading, man_entry, man_paragraph};

static char *finish(FILE *out, char **text)
{
	if (fclose(out) == 0)
		return *text;
	free(*text);
	return NULL;
}

char *options_help(enum program program)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	options_write(out, program, &plain, NULL);
	return finish(out, &text);
}

char *options_man(enum program program, const struct options_manual *manual)
{
	const char *name = program == PROGRAM_SERVER ? "wyndrvrd" : "wyndrvr";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, ".TH %s %d\n.SH NAME\n%s \\- %s\n", program == PROGRAM_SERVER ? "WYNDRVRD" : "WYNDRVR",
		program == PROGRAM_SERVER ? 8 : 1, name,
		program == PROGRAM_SERVER ? "the server of a network measurement with UDP"
					  : "measures the latency and the bandwidth of a path with UDP");
	options_write(out, program, &man, manual);
	return finish(out, &text);
}
