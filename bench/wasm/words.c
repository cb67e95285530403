/* c80410c8b3eadada: strings: split, hash, count */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

enum { BUCKETS = 4096, TEXT = 1 << 20 };

static struct word {
	struct word *next;
	uint32_t count;
	char text[12];
} *table[BUCKETS];

static void count(const char *s, size_t len)
{
	uint32_t hash = 2166136261u;
	struct word *w;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)s[i]) * 16777619u;
	for (w = table[hash % BUCKETS]; w; w = w->next)
		if (strlen(w->text) == len && memcmp(w->text, s, len) == 0)
			break;
	if (!w) {
		w = calloc(1, sizeof(*w));
		memcpy(w->text, s, len);
		w->next = table[hash % BUCKETS];
		table[hash % BUCKETS] = w;
	}
	w->count++;
}

int main(void)
{
	char *text = malloc(TEXT + 1);
	uint64_t state = 11, sum = 0;

	for (int i = 0; i < TEXT; i++) {
		uint64_t r = next_random(&state) >> 40;

		text[i] = r % 5 == 0 ? ' ' : (char)('a' + r % 7);
	}
	text[TEXT] = ' ';
	for (int round = 0; round < 6; round++)
		for (int i = 0; i < TEXT;) {
			size_t len = 0;

			while (text[i + (int)len] != ' ' && len < 11)
				len++;
			if (len)
				count(text + i, len);
			i += (int)len + 1;
		}
	for (int i = 0; i < BUCKETS; i++)
		for (struct word *w = table[i]; w; w = w->next)
			sum = sum * 31 + w->count;
	return result(sum);
}
