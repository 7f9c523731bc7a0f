/* Owns the words of --help around the option table. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/options_table.h"

enum { WIDTH = 80, TEXT_COLUMN = 28, BOTH = PROGRAM_SERVER | PROGRAM_CLIENT };

/* A line of the help behind the options; NULL: an empty one. */
struct line {
	unsigned programs;
	const char *left, *text;
};

static const char *const usages[] = {
	[PROGRAM_SERVER] = "Usage: wyndrvrd [FLAG]... [ADDR][:PORT]\n"
			   "\n"
			   "Answers wyndrvr, which measures the latency and the bandwidth of the path\n"
			   "between the two with UDP. ADDR:PORT is short for --bind-addr and --bind-port.\n",
	[PROGRAM_CLIENT] = "Usage: wyndrvr [FLAG]... [HOST][:PORT]\n"
			   "       wyndrvr --server [FLAG]... [ADDR][:PORT]\n"
			   "\n"
			   "Measures the latency, and with --bwup the upload bandwidth, of the path to the\n"
			   "wyndrvrd at HOST:PORT (default 127.0.0.1:6711) with UDP.\n",
};

static const char settings[] =
	"\n"
	"Each flag with a default is a setting. It is taken from the flag, or else from\n"
	"its variable (WYNDRVR_TEST_DELAY=20), or else from its line in the file\n"
	"(test_delay=20). The file serves both programs, so each takes the settings of\n"
	"the other as well. Without --config it is the first of these that exists:\n"
	"  $XDG_CONFIG_HOME/wyndrvr/config, or ~/.config/wyndrvr/config\n"
	"  ~/.wyndrvr/config\n";

static const struct line exits[] = {
	{BOTH, "0", "done"},
	{BOTH, "1", "it failed, or the result is incomplete"},
	{BOTH, "2", "wrong usage or configuration"},
	{PROGRAM_CLIENT, "3", "the server was not reached"},
	{PROGRAM_CLIENT, "5", "the server refused"},
	{BOTH, "130, 143", "interrupted (SIGINT), terminated (SIGTERM)"},
};

static const struct line examples[] = {
	{PROGRAM_CLIENT, "wyndrvr 192.0.2.1", "latency, until interrupted"},
	{PROGRAM_CLIENT, "wyndrvr --bwup 192.0.2.1", "upload bandwidth"},
	{PROGRAM_CLIENT, "wyndrvr --bwup --rate 20M --duration 10 --json '[2001:db8::1]:6711'",
		"at 20 Mbit/s for 10 s, as JSON"},
	{PROGRAM_SERVER, "wyndrvrd", "on 0.0.0.0:6711"},
	{PROGRAM_SERVER, "wyndrvrd --port-ranges 9000-9099,9200 :9999", "on other ports"},
	{BOTH, "wyndrvrd --create-config --port-parallelability SINGLE", "keep a setting in the file"},
};

/* `left`, and `text` wrapped beside it, or below when `left` is too long. */
static void put_entry(FILE *out, const char *left, const char *text)
{
	int column = fprintf(out, "  %s", left);
	int word = 0;

	if (column > TEXT_COLUMN - 2) {
		fputc('\n', out);
		column = 0;
	}
	column += fprintf(out, "%*s", TEXT_COLUMN - column, "");
	for (; *text; text += word + (text[word] == ' ')) {
		word = (int)strcspn(text, " ");
		if (column > TEXT_COLUMN && column + 1 + word > WIDTH)
			column = fprintf(out, "\n%*s", TEXT_COLUMN, "") - 1;
		column += fprintf(out, "%s%.*s", column > TEXT_COLUMN ? " " : "", word, text);
	}
	fputc('\n', out);
}

static void put_lines(
	FILE *out, enum program program, const char *title, const struct line *line, size_t count)
{
	fprintf(out, "\n%s:\n", title);
	for (; count; count--, line++)
		if (line->programs & program)
			put_entry(out, line->left, line->text);
}

/* What stands for the value: its unit, unless its type says more. */
static void name_value(const struct option_row *row, char out[OPTION_NAME])
{
	static const char *const words[] = {
		[OPTION_RATE] = "RATE",
		[OPTION_ADDRESS] = "ADDR",
		[OPTION_PATH] = "PATH",
		[OPTION_MODE] = "MODE",
		[OPTION_THEME] = "THEME",
		[OPTION_RANGES] = "LIST",
	};
	const char *word = words[row->type];
	char *at;

	if (!word)
		word = row->unit ? row->unit : "N";
	snprintf(out, OPTION_NAME, "%s", word);
	for (at = out; *at; at++)
		*at = (char)toupper((unsigned char)*at);
}

static void put_option(FILE *out, const struct option_row *row)
{
	char left[2 * OPTION_NAME], flag[OPTION_NAME], value[OPTION_NAME];
	char description[OPTION_DESCRIPTION];

	option_flag(row->name, flag);
	name_value(row, value);
	if (row->type != OPTION_BOOL && row->type != OPTION_TEST)
		snprintf(left, sizeof(left), "%s %s", flag, value);
	else if (!row->flag_only)
		snprintf(left, sizeof(left), "--[no-]%s", flag + strlen("--"));
	else
		snprintf(left, sizeof(left), "%s%s", strcmp(row->name, "help") == 0 ? "-h, " : "", flag);
	put_entry(out, left, option_describe(row, description));
}

static void put_group(FILE *out, enum program program, enum option_group group)
{
	const struct option_row *row;
	bool begun = false;

	for (row = options_table; row < options_table + options_rows; row++) {
		if (row->group != group || !(row->programs & program))
			continue;
		if (!begun)
			fprintf(out, "\n%s:\n", option_group_names[group]);
		begun = true;
		put_option(out, row);
	}
}

char *options_help(enum program program)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(usages[program], out);
	for (i = 0; i < OPTION_GROUPS; i++)
		put_group(out, program, (enum option_group)i);
	fputs(settings, out);
	put_lines(out, program, "Exit codes", exits, sizeof(exits) / sizeof(exits[0]));
	put_lines(out, program, "Examples", examples, sizeof(examples) / sizeof(examples[0]));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
