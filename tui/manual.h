/* What the manual page says of the screen. The main thread. */
#ifndef TUI_MANUAL_H
#define TUI_MANUAL_H

#include "proto/config/options.h"

const struct options_manual *manual_sections(void);

#endif
