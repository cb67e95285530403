#include "base/timestamp.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

void timestamp_utc(time_t when, char ret[TIMESTAMP_SIZE])
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30,
				      31, 31, 30, 31, 30, 31};
	long days = (long)(when / 86400);
	int seconds = (int)(when % 86400), year = 1970, month = 0;
	char text[64];

	while (days >= 365 + is_leap(year) && year < 9999)
		days -= 365 + is_leap(year++);
	for (;; month++) {
		int length = lengths[month] + (month == 1 && is_leap(year));

		if (days < length || month == 11)
			break;
		days -= length;
	}
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", year,
		 month + 1, (int)days + 1, seconds / 3600, seconds / 60 % 60,
		 seconds % 60);
	snprintf(ret, TIMESTAMP_SIZE, "%.19s", text);
}
