/* The numbers of a command line: --user, --additional-gids, sizes, signals.
 * Whatever is accepted has only one spelling, but for leading zeros. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/pidfd.h"
#include "host/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An accepted number is made of digits alone, and prints as itself. */
static void check_number(const char *text)
{
	char again[32];
	uint64_t n;

	if (parse_u64(text, UINT64_MAX, &n) < 0)
		return;
	if (text[strspn(text, "0123456789")])
		abort();
	while (text[0] == '0' && text[1])
		text++;
	snprintf(again, sizeof(again), "%llu", (unsigned long long)n);
	if (!str_eq(again, text))
		abort();
}

static void check_user(const char *text)
{
	struct user_ids ids = {0};

	if (user_parse(text, "--user", &ids, NULL) < 0)
		return;
	if (text[strspn(text, "0123456789:")] || ids.uid == (uid_t)-1)
		abort();
	if (ids.has_gid != (strchr(text, ':') != NULL))
		abort();
	if (ids.has_gid && ids.gid == (gid_t)-1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t n;
	int64_t i;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_number(text);
	check_user(text);
	if (parse_i64(text, -10, 10, &i) == 0 && (i < -10 || i > 10))
		abort();
	if (parse_octal(text, 07777, &n) == 0 && n > 07777)
		abort();
	parse_size(text, &n);
	signal_parse(text);
	free(text);
	return 0;
}
