#include "test.h"

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static struct test *first, **last = &first;
static char tmpdir[64];

void test_register(struct test *t)
{
	*last = t;
	last = &t->next;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* HULL_TEST_MUST is a list: "namespaces,userns,v2". */
static bool must(const char *feature)
{
	const char *list = getenv("HULL_TEST_MUST");
	size_t n = strlen(feature);

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len == n && strncmp(list, feature, n) == 0)
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

void test_skip(const char *feature, const char *fmt, ...)
{
	va_list ap;

	printf("# SKIP [%s] ", feature);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("%s\n", must(feature) ? " (but HULL_TEST_MUST names it)" : "");
	fflush(stdout);
	_exit(must(feature) ? 1 : SKIPPED);
}

const char *test_tmpdir(void)
{
	return tmpdir;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

/* 0 passed, SKIPPED, or else. */
static int run_one(const struct test *t)
{
	int status;
	pid_t pid;

	snprintf(tmpdir, sizeof(tmpdir), "/tmp/hull-test-XXXXXX");
	if (!mkdtemp(tmpdir))
		return 1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		t->run();
		fflush(stdout);
		/* exit(), so that LeakSanitizer looks. */
		exit(0);
	}
	waitpid(pid, &status, 0);
	nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (WIFSIGNALED(status))
		printf("# killed by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	int n = 0, failed = 0;

	for (struct test *t = first; t; t = t->next) {
		int rc;

		if (argc > 1 && strcmp(argv[1], t->name) != 0)
			continue;
		rc = run_one(t);
		if (rc != 0 && rc != SKIPPED)
			failed++;
		printf("%sok %d - %s%s\n", rc && rc != SKIPPED ? "not " : "",
		       ++n, t->name, rc == SKIPPED ? " # SKIP" : "");
	}
	printf("1..%d\n", n);
	return failed != 0;
}
