/* bench/terminal.h */
#pragma once

/* Take the line of progress away, before something else is printed. */
void terminal_clear(void);
