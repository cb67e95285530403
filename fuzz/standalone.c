/* Runs a fuzz target over files and directories of inputs, where there is no
 * libFuzzer:
 *
 *	fuzz-json fuzz/corpus/json
 *	fuzz-json --mutate=1000 fuzz/corpus/json
 *
 * --mutate runs that many random changes of each input as well; always the
 * same ones, so what fails once fails again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int inputs;
static unsigned long mutations;

/* Without a byte to spare, so that a sanitizer sees a read past the end. */
static void run_exact(const void *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	if (size)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	inputs++;
}

/* xorshift64; good enough to choose bytes. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Bytes that mean something to one of the formats, or to a boundary check. */
static const char spice[] = "{}[]\",:\\u0d8-+.eE/\0\x7f\x80\xc0\xed\xf4\xff";

static void mutate(struct buf *b, uint64_t *state)
{
	size_t at, n;

	if (b->len == 0)
		return;
	at = next(state) % b->len;
	n = 1 + next(state) % 8;
	if (n > b->len - at)
		n = b->len - at;
	switch (next(state) % 5) {
	case 0:
		b->data[at] = (char)next(state);
		break;
	case 1:
		b->data[at] = spice[next(state) % (sizeof(spice) - 1)];
		break;
	case 2: /* drop */
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
		break;
	case 3: /* repeat */
		buf_reserve(b, n);
		memmove(b->data + at + n, b->data + at, b->len - at);
		b->len += n;
		break;
	case 4:
		b->len = at;
		break;
	}
}

static void run_mutations(const struct buf *text)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	for (unsigned long i = 0; i < mutations; i++) {
		_cleanup_buf_ struct buf b = {0};

		buf_add(&b, text->data, text->len);
		for (uint64_t n = 1 + next(&state) % 4; n > 0; n--)
			mutate(&b, &state);
		run_exact(b.data, b.len);
	}
}

static int run_file(int dir, const char *name)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = {0};

	if (fd < 0 || buf_read_fd(&text, fd, 16 << 20) < 0) {
		fprintf(stderr, "cannot read %s\n", name);
		return -1;
	}
	run_exact(text.data, text.len);
	run_mutations(&text);
	return 0;
}

static int run_dir(const char *path)
{
	_cleanup_closedir_ DIR *d = opendir(path);
	int rc = 0;

	if (!d) {
		fprintf(stderr, "cannot open %s\n", path);
		return -1;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && run_file(dirfd(d), e->d_name) < 0)
			rc = -1;
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		const char *n = str_after(argv[i], "--mutate=");
		struct stat st;

		if (n)
			mutations = strtoul(n, NULL, 10);
		else if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			rc |= run_dir(argv[i]);
		else
			rc |= run_file(AT_FDCWD, argv[i]);
	}
	printf("%u inputs\n", inputs);
	return rc < 0 || inputs == 0;
}
