#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sha256.h"
#include "base/sha256_internal.h"
#include "host/seccomp.h"
#include "test.h"

TEST(sha256_is_the_standards)
{
	char hex[SHA256_HEX], million[1000];

	sha256_hex("", 0, hex);
	CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495"
		       "991b7852b855");
	sha256_hex("abc", 3, hex);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
		       "ff61f20015ad");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		   56, hex);
	CHECK_STR(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ec"
		       "edd419db06c1");
	memset(million, 'a', sizeof(million));
	sha256_hex(million, sizeof(million), hex);
	CHECK_STR(hex, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb"
		       "5db1b9737ea3");
}

TEST(sha256_by_instructions_is_the_same)
{
	static uint8_t data[64 * 20];
	uint32_t a[8], b[8];

	SKIP_UNLESS("sha", sha256_has_instructions(),
		    "the processor has no instructions for it");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 7);
	for (size_t n = 0; n <= 20; n++) {
		for (uint32_t i = 0; i < 8; i++)
			a[i] = b[i] = i * 0x9e3779b9u + (uint32_t)n;
		sha256_blocks_portable(a, data, n);
		sha256_blocks_native(b, data, n);
		CHECK(memcmp(a, b, sizeof(a)) == 0);
	}
}

TEST(sha256_of_pieces_is_that_of_the_whole)
{
	uint8_t data[300], whole[SHA256_SIZE], pieces[SHA256_SIZE];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(data); len += 13) {
		sha256(data, len, whole);
		for (size_t step = 1; step < 150; step += 9) {
			struct sha256 s;

			sha256_begin(&s);
			for (size_t at = 0; at < len; at += step)
				sha256_add(&s, data + at,
					   len - at < step ? len - at : step);
			sha256_end(&s, pieces);
			CHECK(memcmp(whole, pieces, sizeof(whole)) == 0);
		}
	}
}

static int cache(void)
{
	int parent = open(test_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = seccomp_cache_open(parent, "c", NULL);

	CHECK(parent >= 0 && dir >= 0);
	close(parent);
	return dir;
}

/* Two system calls denied with an errno. */
static struct seccomp_prog build(int dir, const char *a, const char *b,
				 uint64_t e)
{
	char name_a[32], name_b[32];
	char deny[] = "SCMP_ACT_ERRNO", allow[] = "SCMP_ACT_ALLOW";
	struct seccomp_rule rule = {
		.names = (char *[]){name_a, name_b, NULL},
		.action = deny,
		.errno_ret = {e, true},
	};
	struct seccomp_profile p = {
		.default_action = allow, .syscalls = &rule, .n_syscalls = 1};
	struct seccomp_prog prog;

	snprintf(name_a, sizeof(name_a), "%s", a);
	snprintf(name_b, sizeof(name_b), "%s", b);
	CHECK(seccomp_build(&p, dir, &prog, NULL) == 0);
	return prog;
}

/* The name of the only file, and how many there are. */
static int files(int dir, char *name)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(copy);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d))) {
		if (e->d_type != DT_REG && e->d_type != DT_LNK)
			continue;
		n++;
		if (name)
			strcpy(name, e->d_name);
	}
	closedir(d);
	return n;
}

static bool same(const struct seccomp_prog *a, const struct seccomp_prog *b)
{
	return a->len == b->len && a->flags == b->flags &&
	       memcmp(a->filter, b->filter, a->len * sizeof(*a->filter)) == 0;
}

TEST(the_second_time_it_comes_from_the_disk)
{
	int dir = cache();
	_cleanup_seccomp_ struct seccomp_prog first = build(dir, "read",
							    "write", 7),
					      again;
	struct stat st;
	char name[256];

	CHECK_INT(files(dir, name), 1);
	CHECK(fstatat(dir, name, &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(first.map == NULL);
	again = build(dir, "read", "write", 7);
	CHECK(again.map != NULL);
	CHECK(same(&first, &again));
	seccomp_prog_free(&again);
}

TEST(profiles_do_not_share_a_file)
{
	int dir = cache();
	struct seccomp_prog progs[] = {
		build(dir, "read", "write", 7),
		build(dir, "read", "write", 8),
		build(dir, "readw", "rite", 7),
		build(dir, "write", "read", 7),
		build(dir, "getpid", "write", 7),
	};

	CHECK_INT(files(dir, NULL), 5);
	CHECK(!same(&progs[0], &progs[1]) && !same(&progs[0], &progs[2]));
	for (size_t i = 0; i < 5; i++) {
		CHECK(progs[i].map == NULL);
		seccomp_prog_free(&progs[i]);
	}
}

/* Change each byte in turn: what comes back is right all the same. */
TEST(a_damaged_file_is_built_anew)
{
	int dir = cache();
	_cleanup_seccomp_ struct seccomp_prog good = build(dir, "read", "write",
							   7),
					      got;
	char name[256];
	struct stat st;

	CHECK_INT(files(dir, name), 1);
	CHECK(fstatat(dir, name, &st, 0) == 0);
	for (off_t at = 0; at < st.st_size; at++) {
		int fd = openat(dir, name, O_RDWR);
		char c;

		CHECK(pread(fd, &c, 1, at) == 1);
		c ^= 0x10;
		CHECK(pwrite(fd, &c, 1, at) == 1);
		close(fd);
		got = build(dir, "read", "write", 7);
		if (!same(&good, &got) || got.map)
			test_fail(__FILE__, __LINE__, "byte %ld", (long)at);
		seccomp_prog_free(&got);
	}
	for (off_t size = 0; size < st.st_size; size += 7) {
		int fd = openat(dir, name, O_RDWR);

		CHECK(ftruncate(fd, size) == 0);
		close(fd);
		got = build(dir, "read", "write", 7);
		CHECK(same(&good, &got) && !got.map);
		seccomp_prog_free(&got);
	}
}

TEST(a_strangers_file_is_not_used)
{
	int dir = cache();
	_cleanup_seccomp_ struct seccomp_prog good = build(dir, "read", "write",
							   7),
					      got;
	char name[256];

	SKIP_UNLESS("root", geteuid() == 0, "needs root");
	CHECK_INT(files(dir, name), 1);
	CHECK(fchownat(dir, name, 12345, 12345, 0) == 0);
	got = build(dir, "read", "write", 7);
	CHECK(!got.map && same(&good, &got));
	seccomp_prog_free(&got);
	/* A link to a file that would do. */
	CHECK(renameat(dir, name, dir, "elsewhere") == 0);
	CHECK(symlinkat("elsewhere", dir, name) == 0);
	got = build(dir, "read", "write", 7);
	CHECK(!got.map && same(&good, &got));
	seccomp_prog_free(&got);
}

TEST(a_directory_that_others_can_write_is_refused)
{
	int parent = open(test_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = {0};
	int dir = seccomp_cache_open(parent, "c", NULL);
	struct stat st;

	CHECK(dir >= 0);
	CHECK(fcntl(dir, F_GETFD) == FD_CLOEXEC);
	CHECK(fstat(dir, &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(fchmod(dir, 0770) == 0);
	CHECK_INT(seccomp_cache_open(parent, "c", &err), -EPERM);
	CHECK(fchmod(dir, 0700) == 0);
	CHECK(symlinkat("c", parent, "link") == 0);
	CHECK(seccomp_cache_open(parent, "link", &err) < 0);
	SKIP_UNLESS("root", geteuid() == 0, "needs root");
	CHECK(fchown(dir, 12345, 12345) == 0);
	CHECK_INT(seccomp_cache_open(parent, "c", &err), -EPERM);
}

TEST(the_number_of_files_is_bounded)
{
	int dir = cache();

	for (uint64_t e = 1; e <= 300; e++) {
		_cleanup_seccomp_ struct seccomp_prog prog =
			build(dir, "read", "write", e);
	}
	CHECK(files(dir, NULL) <= 257);
	CHECK(files(dir, NULL) > 100);
}

TEST(a_cache_that_cannot_be_written_only_costs_time)
{
	struct seccomp_prog prog;
	int dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	prog = build(dir, "read", "write", 7);
	CHECK(prog.len > 0);
	seccomp_prog_free(&prog);
}
