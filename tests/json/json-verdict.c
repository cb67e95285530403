/* What the JSON decoder thinks of documents, for test_json_python.py.
 *
 * stdin:  "<length>\n<bytes>" for each document
 * stdout: one line for each: "no"; "yes"; or, when the document is a string
 *         or an integer that C can hold, "yes <the value, encoded again>" */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

static void verdict(const char *text, size_t len)
{
	struct arena *arena = arena_new(0);
	struct buf out = {0};
	int64_t i = 0;
	char *s = NULL;

	if (json_check(text, len, NULL) < 0)
		printf("no\n");
	else if (json_decode(&json_type_string, &s, arena, text, len, NULL) ==
		 0)
		json_encode(&json_type_string, &s, NULL, &out);
	else if (json_decode(&json_type_i64, &i, arena, text, len, NULL) == 0)
		json_encode(&json_type_i64, &i, NULL, &out);
	else
		printf("yes\n");
	if (out.len)
		printf("yes %s\n", out.data);
	buf_free(&out);
	arena_free(arena);
}

int main(void)
{
	size_t len;

	while (scanf("%zu", &len) == 1 && getchar() == '\n') {
		char *text = malloc(len + 1);

		if (!text || fread(text, 1, len, stdin) != len)
			return 1;
		text[len] = '\0';
		verdict(text, len);
		free(text);
	}
	return ferror(stdin) || !feof(stdin);
}
