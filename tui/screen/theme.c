/* Backgrounds are the terminal's own, but for the head line and boxes, so that every theme but the two that
 * are made for one background is readable on light and dark ones. Colours of the 256 are mid-tones for that
 * reason. The colour-blind theme's are those of Okabe and Ito (2008), told apart with every kind of colour
 * blindness. */
#include "tui/screen/theme.h"

#include <curses.h>

/* In 256 colours, and in the first eight. */
struct colour {
	short of_256, of_8;
};

struct row {
	struct colour foreground, background;
	unsigned long attributes;
};

#define OWN            \
	{              \
		-1, -1 \
	}
#define RED                    \
	{                      \
		160, COLOR_RED \
	}
#define GREEN                   \
	{                       \
		34, COLOR_GREEN \
	}
#define ORANGE                    \
	{                         \
		172, COLOR_YELLOW \
	}
#define BLUE                   \
	{                      \
		33, COLOR_BLUE \
	}
#define TEAL                   \
	{                      \
		37, COLOR_CYAN \
	}
#define VIOLET                     \
	{                          \
		134, COLOR_MAGENTA \
	}
#define GREY            \
	{               \
		245, -1 \
	}
#define BAR_DARK               \
	{                      \
		24, COLOR_BLUE \
	}
#define WHITE                    \
	{                        \
		255, COLOR_WHITE \
	}
#define BLACK                   \
	{                       \
		16, COLOR_BLACK \
	}

static const struct row themes[OPTION_THEMES][STYLES] =
	{
		[THEME_DEFAULT] =
			{
				[STYLE_TEXT] = {OWN, OWN, 0},
				[STYLE_DIM] = {GREY, OWN, 0},
				[STYLE_LABEL] = {GREY, OWN, 0},
				[STYLE_VALUE] = {OWN, OWN, A_BOLD},
				[STYLE_TITLE] = {OWN, OWN, A_BOLD},
				[STYLE_FOCUS] = {TEAL, OWN, A_BOLD},
				[STYLE_HEAD] = {WHITE, BAR_DARK, A_BOLD},
				[STYLE_KEY] = {TEAL, OWN, A_BOLD},
				[STYLE_GOOD] = {GREEN, OWN, A_BOLD},
				[STYLE_WARN] = {ORANGE, OWN, A_BOLD},
				[STYLE_BAD] = {RED, OWN, A_BOLD},
				[STYLE_RATE] = {BLUE, OWN, A_BOLD},
				[STYLE_LATENCY] = {GREEN, OWN, 0},
				[STYLE_LOSS] = {RED, OWN, A_BOLD},
				[STYLE_BOX] = {OWN, OWN, 0},
			},
		[THEME_LIGHT] =
			{
				[STYLE_TEXT] = {BLACK, {231, -1}, 0},
				[STYLE_DIM] = {{243, -1}, {231, -1}, 0},
				[STYLE_LABEL] = {{240, -1}, {231, -1}, 0},
				[STYLE_VALUE] = {BLACK, {231, -1}, A_BOLD},
				[STYLE_TITLE] = {BLACK, {231, -1}, A_BOLD},
				[STYLE_FOCUS] = {{25, COLOR_BLUE}, {231, -1}, A_BOLD},
				[STYLE_HEAD] = {{231, COLOR_WHITE}, {25, COLOR_BLUE}, A_BOLD},
				[STYLE_KEY] = {{25, COLOR_BLUE}, {231, -1}, A_BOLD},
				[STYLE_GOOD] = {{28, COLOR_GREEN}, {231, -1}, A_BOLD},
				[STYLE_WARN] = {{130, COLOR_MAGENTA}, {231, -1}, A_BOLD},
				[STYLE_BAD] = {{124, COLOR_RED}, {231, -1}, A_BOLD},
				[STYLE_RATE] = {{25, COLOR_BLUE}, {231, -1}, A_BOLD},
				[STYLE_LATENCY] = {{29, COLOR_GREEN}, {231, -1}, 0},
				[STYLE_LOSS] = {{124, COLOR_RED}, {231, -1}, A_BOLD},
				[STYLE_BOX] = {BLACK, {254, -1}, 0},
			},
		[THEME_DARK] =
			{
				[STYLE_TEXT] = {{252, COLOR_WHITE}, {234, COLOR_BLACK}, 0},
				[STYLE_DIM] = {{242, COLOR_WHITE}, {234, COLOR_BLACK}, 0},
				[STYLE_LABEL] = {{247, COLOR_WHITE}, {234, COLOR_BLACK}, 0},
				[STYLE_VALUE] = {{231, COLOR_WHITE}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_TITLE] = {{231, COLOR_WHITE}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_FOCUS] = {{80, COLOR_CYAN}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_HEAD] = {{231, COLOR_WHITE}, {60, COLOR_BLUE}, A_BOLD},
				[STYLE_KEY] = {{80, COLOR_CYAN}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_GOOD] = {{114, COLOR_GREEN}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_WARN] = {{215, COLOR_YELLOW}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_BAD] = {{203, COLOR_RED}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_RATE] = {{75, COLOR_CYAN}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_LATENCY] = {{114, COLOR_GREEN}, {234, COLOR_BLACK}, 0},
				[STYLE_LOSS] = {{203, COLOR_RED}, {234, COLOR_BLACK}, A_BOLD},
				[STYLE_BOX] = {{252, COLOR_WHITE}, {237, COLOR_BLACK}, 0},
			},
		[THEME_COLOUR_BLIND] =
			{
				[STYLE_TEXT] = {OWN, OWN, 0},
				[STYLE_DIM] = {GREY, OWN, 0},
				[STYLE_LABEL] = {GREY, OWN, 0},
				[STYLE_VALUE] = {OWN, OWN, A_BOLD},
				[STYLE_TITLE] = {OWN, OWN, A_BOLD},
				[STYLE_FOCUS] = {{74, COLOR_CYAN}, OWN, A_BOLD},
				[STYLE_HEAD] = {WHITE, {25, COLOR_BLUE}, A_BOLD},
				[STYLE_KEY] = {{74, COLOR_CYAN}, OWN, A_BOLD},
				[STYLE_GOOD] = {{32, COLOR_BLUE}, OWN, A_BOLD},
				[STYLE_WARN] = {{178, COLOR_YELLOW}, OWN, A_BOLD},
				[STYLE_BAD] = {{166, COLOR_YELLOW}, OWN, A_BOLD | A_UNDERLINE},
				[STYLE_RATE] = {{32, COLOR_BLUE}, OWN, A_BOLD},
				[STYLE_LATENCY] = {{36, COLOR_CYAN}, OWN, 0},
				[STYLE_LOSS] = {{166, COLOR_YELLOW}, OWN, A_BOLD},
				[STYLE_BOX] = {OWN, OWN, 0},
			},
};

/* Without colours. */
static const unsigned long plain[STYLES] = {
	[STYLE_DIM] = A_DIM,
	[STYLE_VALUE] = A_BOLD,
	[STYLE_TITLE] = A_BOLD,
	[STYLE_FOCUS] = A_BOLD | A_UNDERLINE,
	[STYLE_HEAD] = A_REVERSE,
	[STYLE_KEY] = A_BOLD,
	[STYLE_WARN] = A_BOLD,
	[STYLE_BAD] = A_REVERSE,
	[STYLE_LOSS] = A_BOLD,
};

struct theme_look theme_look(enum option_theme theme, enum style style, const struct theme_terminal *terminal)
{
	const struct row *row = &themes[theme][style];

	if (theme == THEME_PLAIN || terminal->colours < 8 || terminal->pairs < STYLES + 1)
		return (struct theme_look){-1, -1, plain[style]};
	if (terminal->colours < 256)
		return (struct theme_look){
			row->foreground.of_8,
			row->background.of_8,
			row->attributes | (style == STYLE_DIM || style == STYLE_LABEL ? A_DIM : 0),
		};
	return (struct theme_look){row->foreground.of_256, row->background.of_256, row->attributes};
}
