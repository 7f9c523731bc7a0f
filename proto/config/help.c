/* Owns the text around the option table, for --help and the manual page. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/config/style.h"
#include "proto/config/table.h"

enum { BOTH = PROGRAM_SERVER | PROGRAM_CLIENT };

/* An entry of the lists that follow the options. */
struct line {
	unsigned programs;
	const char *left, *text;
};

static const char *const usages[][2] = {
	[PROGRAM_SERVER] = {"wyndrvrd [FLAG]... [ADDR][:PORT]", ""},
	[PROGRAM_CLIENT] = {"wyndrvr [FLAG]... [HOST][:PORT]", "wyndrvr --server [FLAG]... [ADDR][:PORT]"},
};

static const char *const purposes[] = {
	[PROGRAM_SERVER] = "Answers wyndrvr, which measures the latency and the bandwidth of the path "
			   "between the two with UDP. ADDR:PORT is short for --bind-addr and --bind-port.",
	[PROGRAM_CLIENT] = "Measures the latency and the bandwidth of the path to the wyndrvrd at HOST:PORT "
			   "(default 127.0.0.1:6711) with UDP: on a terminal with a live panel for each of "
			   "its three ports, otherwise with lines of text.",
};

static const char *const settings[] = {
	"Every flag listed with its default is a setting. Its value comes from the flag, or else from its "
	"variable (WYNDRVR_TEST_DELAY=20), or else from its line in the configuration file "
	"(test_delay=20). The file serves both programs, so each accepts the other's settings too. Without "
	"--config, it is the first of these that exists:",
	"$XDG_CONFIG_HOME/wyndrvr/config, or ~/.config/wyndrvr/config",
	"~/.wyndrvr/config",
};

static const struct line exits[] = {
	{BOTH, "0", "done"},
	{BOTH, "1", "it failed, or the result is incomplete"},
	{BOTH, "2", "wrong usage or configuration"},
	{PROGRAM_CLIENT, "3", "the server was not reached"},
	{PROGRAM_CLIENT, "5", "the server refused"},
	{BOTH, "130, 143, 129", "interrupted (SIGINT), terminated (SIGTERM), hung up (SIGHUP)"},
};

static const struct line examples[] = {
	{PROGRAM_CLIENT, "wyndrvr 192.0.2.1", "the panels; u, d and b start tests"},
	{PROGRAM_CLIENT, "wyndrvr --no-tui 192.0.2.1", "latency as lines, until interrupted"},
	{PROGRAM_CLIENT, "wyndrvr --no-tui --bwup --bwdown 192.0.2.1", "upload, then download"},
	{PROGRAM_CLIENT, "wyndrvr --bwup --rate 20M --duration 10 --json '[2001:db8::1]:6711'",
		"at 20 Mbit/s for 10 s, as JSON"},
	{PROGRAM_SERVER, "wyndrvrd", "on 0.0.0.0:6711"},
	{PROGRAM_SERVER, "wyndrvrd --port-ranges 9000-9099,9200 :9999", "on other ports"},
	{BOTH, "wyndrvrd --create-config --port-parallelability SINGLE", "keep a setting in the file"},
};

/* What is being written, and how. */
struct help {
	FILE *out;
	enum program program;
	const struct options_style *style;
};

static void put_lines(const struct help *h, const char *title, const struct line *line, size_t count)
{
	h->style->heading(h->out, title);
	for (; count; count--, line++)
		if (line->programs & h->program)
			h->style->entry(h->out, line->left, line->text);
}

/* The placeholder for the value: its unit, unless its type says more. */
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

static void put_option(const struct help *h, const struct option_row *row)
{
	char left[2 * OPTION_NAME + 4], flag[OPTION_NAME], value[OPTION_NAME];
	char description[OPTION_DESCRIPTION];

	option_flag(row->name, flag);
	name_value(row, value);
	if (row->bare)
		snprintf(left, sizeof(left), "%s [%s]", flag, value);
	else if (row->type != OPTION_BOOL && row->type != OPTION_TEST)
		snprintf(left, sizeof(left), "%s %s", flag, value);
	else if (!row->flag_only)
		snprintf(left, sizeof(left), "--[no-]%s", flag + strlen("--"));
	else
		snprintf(left, sizeof(left), "%s%s", strcmp(row->name, "help") == 0 ? "-h, " : "", flag);
	h->style->entry(h->out, left, option_describe(row, description));
}

static void put_group(const struct help *h, enum option_group group)
{
	const struct option_row *row;
	bool begun = false;

	for (row = options_table; row < options_table + options_rows; row++) {
		if (row->group != group || !(row->programs & h->program))
			continue;
		if (!begun)
			h->style->heading(h->out, option_group_names[group]);
		begun = true;
		put_option(h, row);
	}
}

static void put_sections(const struct help *h, const struct options_section *section, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		h->style->heading(h->out, section[i].title);
		for (const struct options_entry *e = section[i].entry; e->left; e++)
			h->style->entry(h->out, e->left, e->text);
	}
}

void options_write(FILE *out, enum program program, const struct options_style *style,
	const struct options_manual *manual)
{
	const struct help h = {.out = out, .program = program, .style = style};

	style->usage(out, usages[program][0], usages[program][1]);
	style->paragraph(out, purposes[program]);
	for (int group = 0; group < OPTION_GROUPS; group++)
		put_group(&h, (enum option_group)group);
	if (manual)
		put_sections(&h, manual->section, manual->sections);
	style->heading(out, "Settings");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		style->paragraph(out, settings[i]);
	put_lines(&h, "Exit codes", exits, sizeof(exits) / sizeof(exits[0]));
	put_lines(&h, "Examples", examples, sizeof(examples) / sizeof(examples[0]));
}
