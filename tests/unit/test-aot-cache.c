/* The cache of compiled modules: what it finds, what it refuses, what it
 * leaves behind.  The images are the loader's smallest. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../wasm/fake_image.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "host/draft.h"
#include "sandbox/aot_cache.h"
#include "test.h"

static struct aot_cache cache;
static struct err err;

static void open_cache(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/cache/hull", test_tmpdir());
	setenv("HULL_CACHE_DIR", path, 1);
	if (aot_cache_open(&cache, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
}

/* A module file, of which only the bytes matter here. */
static int make_module(const char *name, const char *text)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 &&
	      write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static struct aot_key key_of(const char *text)
{
	struct aot_key key = {.cpu = aot_cpu_native()};

	sha256(text, strlen(text), key.module);
	return key;
}

static int store(const struct aot_key *key, const char *module)
{
	_cleanup_draft_ struct draft d;

	CHECK(aot_cache_draft(&cache, &d, &err) == 0);
	CHECK(fake_image(d.fd, (const uint8_t *)module, strlen(module),
			 key->cpu, key->flags) == 0);
	return aot_cache_store(&cache, key, &d, &err);
}

static char *image_path(const struct aot_key *key)
{
	static char path[400];
	char name[AOT_NAME_SIZE];

	aot_key_name(key, name);
	snprintf(path, sizeof(path), "%s/images/%s.img", cache.path, name);
	return path;
}

static int count(const char *dir)
{
	char command[400];
	FILE *p;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A %s/%s | wc -l", cache.path,
		 dir);
	p = popen(command, "r");
	CHECK(p && fscanf(p, "%d", &n) == 1);
	pclose(p);
	return n;
}

static bool found(int module, uint32_t flags)
{
	struct aot_found f;
	int rc = aot_cache_find(&cache, module, flags, &f, &err);

	if (rc < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	if (f.fd < 0)
		return false;
	close(f.fd);
	return true;
}

/* Older than the clock can be wrong by; ctime cannot be set. */
static void wait_until_settled(void)
{
	const struct timespec t = {2, 100000000};

	nanosleep(&t, NULL);
}

TEST(what_is_stored_is_found_by_its_contents)
{
	struct aot_key key = key_of("one");
	int a = make_module("a", "one"), b = make_module("b", "two"),
	    c = make_module("c", "one");

	open_cache();
	CHECK(!found(a, 0));
	CHECK_INT(store(&key, "one"), 0);
	CHECK(found(a, 0) && found(c, 0));
	CHECK(!found(b, 0));
	CHECK(!found(a, AOT_FUEL));
	/* It is younger than two seconds: nothing was written down of it. */
	CHECK_INT(count("index"), 1); /* the image's own "last used" */
}

TEST(the_index_saves_reading_the_module)
{
	struct aot_key key = key_of("one");
	int a = make_module("a", "one");
	struct aot_found f;
	char path[200];

	open_cache();
	CHECK_INT(store(&key, "one"), 0);
	wait_until_settled();
	CHECK(found(a, 0));
	SKIP_UNLESS("stamps", count("index") == 2,
		    "this filesystem's times are not relied on");
	/* An open for writing only cannot be read, but has a stamp. */
	snprintf(path, sizeof(path), "%s/a", test_tmpdir());
	close(a);
	a = open(path, O_WRONLY | O_CLOEXEC);
	CHECK_INT(aot_cache_find(&cache, a, 0, &f, &err), 0);
	CHECK(f.fd >= 0);
	CHECK(memcmp(f.key.module, key.module, SHA256_SIZE) == 0);
}

TEST(a_module_that_changed_is_not_found_by_its_old_stamp)
{
	struct aot_key one = key_of("one"), two = key_of("two");
	int a = make_module("a", "one");
	struct aot_found f;

	open_cache();
	CHECK_INT(store(&one, "one"), 0);
	CHECK_INT(store(&two, "two"), 0);
	wait_until_settled();
	CHECK(found(a, 0));
	/* The same size, in the same place. */
	CHECK(pwrite(a, "two", 3, 0) == 3);
	CHECK_INT(aot_cache_find(&cache, a, 0, &f, &err), 0);
	CHECK(f.fd >= 0);
	CHECK(memcmp(f.key.module, two.module, SHA256_SIZE) == 0);
}

TEST(a_file_that_was_just_written_is_read_every_time)
{
	struct aot_key one = key_of("one"), two = key_of("two");
	int a = make_module("a", "one");
	struct aot_found f;

	open_cache();
	CHECK_INT(store(&one, "one"), 0);
	CHECK_INT(store(&two, "two"), 0);
	/* As fast as the clock cannot follow. */
	for (int i = 0; i < 200; i++) {
		const struct aot_key *want = i % 2 ? &two : &one;

		CHECK(pwrite(a, i % 2 ? "two" : "one", 3, 0) == 3);
		CHECK_INT(aot_cache_find(&cache, a, 0, &f, &err), 0);
		CHECK(memcmp(f.key.module, want->module, SHA256_SIZE) == 0);
		close(f.fd);
	}
}

static void damage(const struct aot_key *key, off_t at)
{
	const char *path = image_path(key);
	int fd;
	char byte;

	chmod(path, 0600);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 1;
	CHECK(pwrite(fd, &byte, 1, at) == 1);
	close(fd);
	chmod(path, 0400);
}

TEST(a_damaged_image_is_removed_and_never_handed_out)
{
	/* In the module, in the code, in the header, in the checksum. */
	static const off_t at[] = {2 * 4096, 3 * 4096 + 100, 4096 + 40,
				   4096 + sizeof(struct aot_header) - 1};
	struct aot_key key = key_of("one");
	int a = make_module("a", "one");

	open_cache();
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		CHECK_INT(store(&key, "one"), 0);
		wait_until_settled();
		CHECK(found(a, 0)); /* with an entry in the index */
		damage(&key, at[i]);
		CHECK(!found(a, 0));
		CHECK(access(image_path(&key), F_OK) < 0);
	}
}

TEST(a_truncated_or_empty_image_is_removed)
{
	struct aot_key key = key_of("one");
	int a = make_module("a", "one");
	static const off_t sizes[] = {0, 100, 4096, 2 * 4096, 4 * 4096 - 1};

	open_cache();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CHECK_INT(store(&key, "one"), 0);
		CHECK(truncate(image_path(&key), sizes[i]) == 0);
		CHECK(!found(a, 0));
		CHECK(access(image_path(&key), F_OK) < 0);
	}
}

TEST(an_image_that_was_put_back_is_read_again_and_then_vouched_for)
{
	struct aot_key key = key_of("one");
	int a = make_module("a", "one");
	char command[900];

	open_cache();
	CHECK_INT(store(&key, "one"), 0);
	wait_until_settled();
	CHECK(found(a, 0));
	snprintf(command, sizeof(command), "cp -p %s %s/copy && mv %s/copy %s",
		 image_path(&key), test_tmpdir(), test_tmpdir(),
		 image_path(&key));
	CHECK_INT(system(command), 0);
	CHECK(found(a, 0));
	CHECK(access(image_path(&key), F_OK) == 0);
}

TEST(an_image_of_another_module_processor_or_engine_is_not_stored)
{
	struct aot_key key = key_of("one"), other = key;
	_cleanup_draft_ struct draft d;

	open_cache();
	CHECK_INT(store(&key, "two"), -ENOEXEC);
	other.flags = AOT_STRICT;
	CHECK(aot_cache_draft(&cache, &d, &err) == 0);
	CHECK(fake_image(d.fd, (const uint8_t *)"one", 3, key.cpu, 0) == 0);
	CHECK_INT(aot_cache_store(&cache, &other, &d, &err), -ENOEXEC);
	CHECK_INT(count("images"), 0);
	/* A file by the name of one, of something else. */
	CHECK_INT(store(&key, "one"), 0);
	other = key_of("two");
	{
		char from[400];

		strcpy(from, image_path(&key));
		CHECK(rename(from, image_path(&other)) == 0);
	}
	CHECK(!found(make_module("b", "two"), 0));
	CHECK_INT(count("images"), 0);
}

TEST(a_directory_that_others_can_write_to_is_refused)
{
	struct aot_cache again;

	open_cache();
	CHECK(chmod(cache.path, 0755) == 0);
	CHECK_INT(aot_cache_open(&again, &err), -EPERM);
	aot_cache_close(&again);
	CHECK(chmod(cache.path, 0700) == 0);
	CHECK_INT(aot_cache_open(&again, &err), 0);
	aot_cache_close(&again);
	SKIP_UNLESS("root", geteuid() == 0, "needs another user");
	CHECK(chown(cache.path, 1000, 1000) == 0);
	CHECK_INT(aot_cache_open(&again, &err), -EPERM);
	aot_cache_close(&again);
}

TEST(a_link_in_the_place_of_the_directory_is_refused)
{
	char path[200], link[200];

	open_cache();
	snprintf(link, sizeof(link), "%s/link", test_tmpdir());
	strcpy(path, cache.path);
	CHECK(symlink(path, link) == 0);
	setenv("HULL_CACHE_DIR", link, 1);
	aot_cache_close(&cache);
	CHECK(aot_cache_open(&cache, &err) < 0);
	aot_cache_close(&cache);
}

TEST(one_compiles_and_the_other_sees_it)
{
	struct aot_key key = key_of("one");
	int a, b;
	pid_t pid;

	open_cache();
	a = aot_cache_lock(&cache, &key, 0, &err);
	CHECK(a >= 0);
	CHECK_INT(aot_cache_lock(&cache, &key, 0, &err), -EBUSY);
	CHECK_INT(aot_cache_lock(&cache, &key, 100, &err), -EBUSY);
	aot_cache_unlock(&cache, &key, a);
	b = aot_cache_lock(&cache, &key, 0, &err);
	CHECK(b >= 0);
	aot_cache_unlock(&cache, &key, b);
	CHECK_INT(count("locks"), 0);
	/* Whoever dies with it has let it go. */
	pid = fork();
	if (pid == 0) {
		aot_cache_lock(&cache, &key, 0, &err);
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	a = aot_cache_lock(&cache, &key, 0, &err);
	CHECK(a >= 0);
	aot_cache_unlock(&cache, &key, a);
}

TEST(many_at_once_hold_the_lock_one_at_a_time)
{
	struct aot_key key = key_of("one");
	char path[200];
	int busy = 0;

	open_cache();
	snprintf(path, sizeof(path), "%s/inside", test_tmpdir());
	for (int i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < 20; j++) {
			int lock = aot_cache_lock(&cache, &key, 20000, &err);
			int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);

			if (lock < 0 || fd < 0)
				_exit(1);
			unlink(path);
			close(fd);
			aot_cache_unlock(&cache, &key, lock);
		}
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		CHECK(wait(&status) > 0);
		busy += status != 0;
	}
	CHECK_INT(busy, 0);
}

TEST(a_writer_that_was_killed_leaves_no_image)
{
	struct aot_key key = key_of("one");
	pid_t pid;

	open_cache();
	pid = fork();
	if (pid == 0) {
		struct draft d;

		CHECK(aot_cache_draft(&cache, &d, &err) == 0);
		fake_image(d.fd, (const uint8_t *)"one", 3, key.cpu, 0);
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(!found(make_module("a", "one"), 0));
	CHECK(access(image_path(&key), F_OK) < 0);
}

static void set_used(const struct aot_key *key, time_t when)
{
	struct timespec t[2] = {{when, 0}, {when, 0}};
	char name[AOT_NAME_SIZE], path[400];

	aot_key_name(key, name);
	snprintf(path, sizeof(path), "%s/index/%s", cache.path, name);
	CHECK(utimensat(AT_FDCWD, path, t, 0) == 0);
	CHECK(utimensat(AT_FDCWD, image_path(key), t, 0) == 0);
}

TEST(the_least_recently_used_go_first)
{
	const char *const texts[] = {"one", "two", "three", "four"};
	struct aot_cache_row *rows;
	struct aot_key key;
	uint64_t each;
	size_t n;

	open_cache();
	for (int i = 0; i < 4; i++) {
		key = key_of(texts[i]);
		CHECK_INT(store(&key, texts[i]), 0);
		set_used(&key, time(NULL) - 1000 * (i + 1));
	}
	CHECK_INT(aot_cache_list(&cache, &rows, &n, &err), 0);
	CHECK_INT(n, 4);
	each = rows[0].size;
	CHECK(each > 0);
	aot_cache_rows_free(rows, n);
	CHECK_INT(aot_cache_prune(&cache, 2 * each, false), 2 * each);
	CHECK(found(make_module("a", "one"), 0));
	CHECK(found(make_module("a", "two"), 0));
	CHECK(!found(make_module("a", "three"), 0));
	CHECK(!found(make_module("a", "four"), 0));
	CHECK_INT(count("index"), 2);
}

TEST(a_store_makes_room)
{
	struct aot_key key = key_of("one");

	open_cache();
	cache.max_size = 1;
	CHECK_INT(store(&key, "one"), 0);
	key = key_of("two");
	CHECK_INT(store(&key, "two"), 0);
	CHECK_INT(count("images"), 0);
}

TEST(images_of_another_engine_are_told_and_pruned)
{
	struct aot_key key = key_of("one");
	struct aot_cache_row *rows;
	char other[400];
	size_t n;

	open_cache();
	CHECK_INT(store(&key, "one"), 0);
	snprintf(other, sizeof(other), "%s/images/%064d-%016d-x86-64-v3-0.img",
		 cache.path, 1, 2);
	CHECK(rename(image_path(&key), other) == 0);
	CHECK_INT(store(&key, "one"), 0);
	CHECK_INT(aot_cache_list(&cache, &rows, &n, &err), 0);
	CHECK_INT(n, 2);
	CHECK(rows[0].other_engine != rows[1].other_engine);
	aot_cache_rows_free(rows, n);
	CHECK(aot_cache_prune(&cache, UINT64_MAX, false) == 0);
	CHECK_INT(count("images"), 2);
	CHECK(aot_cache_prune(&cache, UINT64_MAX, true) > 0);
	CHECK(access(other, F_OK) < 0 && count("images") == 1);
}

TEST(a_failure_is_remembered_with_its_reason)
{
	struct aot_key key = key_of("one"), other = key_of("two");
	struct err why = {0};
	int lock;

	open_cache();
	CHECK(!aot_cache_has_failed(&cache, &key, &why));
	lock = aot_cache_lock(&cache, &key, 0, &err);
	aot_cache_mark_failed(&cache, &key, "too many locals");
	aot_cache_unlock(&cache, &key, lock);
	CHECK(aot_cache_has_failed(&cache, &key, &why));
	CHECK(strstr(why.msg, "too many locals"));
	CHECK(!aot_cache_has_failed(&cache, &other, &why));
	CHECK_INT(store(&key, "one"), 0);
	CHECK(!aot_cache_has_failed(&cache, &key, &why));
}

TEST(verify_removes_what_is_damaged)
{
	struct aot_key one = key_of("one"), two = key_of("two");
	struct aot_cache_row *rows;
	int bad = 0;
	size_t n;

	open_cache();
	CHECK_INT(store(&one, "one"), 0);
	CHECK_INT(store(&two, "two"), 0);
	damage(&two, 3 * 4096 + 1);
	CHECK_INT(aot_cache_list(&cache, &rows, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		bad += aot_cache_verify(&cache, &rows[i], &err) < 0;
	CHECK_INT(bad, 1);
	CHECK(access(image_path(&one), F_OK) == 0);
	CHECK(access(image_path(&two), F_OK) < 0);
}

TEST(nothing_can_be_written_and_what_is_there_is_found)
{
	struct aot_key key = key_of("one");
	int a = make_module("a", "one");
	char command[300];
	struct draft d;

	SKIP_UNLESS("root", geteuid() == 0, "mounts");
	open_cache();
	CHECK_INT(store(&key, "one"), 0);
	snprintf(command, sizeof(command),
		 "mount --bind %s %s && mount -o remount,bind,ro %s",
		 cache.path, cache.path, cache.path);
	CHECK_INT(unshare(CLONE_NEWNS), 0);
	CHECK_INT(system("mount --make-rprivate /"), 0);
	CHECK_INT(system(command), 0);
	aot_cache_close(&cache);
	open_cache();
	CHECK(found(a, 0));
	CHECK_INT(aot_cache_draft(&cache, &d, &err), -EROFS);
	CHECK_INT(aot_cache_lock(&cache, &key, 0, &err), -EROFS);
	aot_cache_mark_failed(&cache, &key, "x");
}
