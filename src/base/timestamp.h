/* base/timestamp.h */
#pragma once

#include <time.h>

enum { TIMESTAMP_SIZE = 20 };

/* "2026-11-24T19:44:09" in UTC, a NUL behind it; years 1970 to 9999.  The C
 * library's gmtime() would first read /etc/localtime. */
void timestamp_utc(time_t when, char ret[TIMESTAMP_SIZE]);
