/* results.json: what is written is what is read, and nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "bench/results.h"
#include "test.h"

static int tmpdir(void)
{
	int fd = open(test_tmpdir(), O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void put(int dir, const char *text)
{
	int fd = openat(dir, "results.json",
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, strlen(text)), (long long)strlen(text));
	close(fd);
}

/* Of the test, which is a process. */
static struct arena *arena(void)
{
	static struct arena *a;

	if (!a)
		a = arena_new(0);
	return a;
}

static struct bench_results fresh(void)
{
	return (struct bench_results){.arena = arena(), .schema = BENCH_SCHEMA};
}

TEST(what_is_written_is_read)
{
	struct bench_results r = fresh(), back = {0};
	char *commands[] = {"runc create x", "runc start x", NULL};
	double samples[] = {1.2345678, 2, 1e4, INFINITY};
	int dir = tmpdir();
	struct err err = {0};

	r.machine.cpu = "A <fast> \"one\"";
	r.machine.memory = 1ull << 40;
	r.machine.load_before = 0.25;
	r.complete = true;
	*bench_add(&r, participants) = (struct bench_participant){
		.name = "docker+crun",
		.kind = BENCH_ENGINE,
		.takes_part = true,
		.commands = commands,
	};
	*bench_add(&r, boot) = (struct bench_boot){
		.participant = "runc",
		.count = 10,
		.parallel = 2,
		.ok = 9,
		.failed = 1,
		.total = {.n = 9, .min = 0.1, .median = 1. / 3, .max = 7},
		.remove = {.n = 9, .p99 = 4},
		.samples = samples,
		.n_samples = 4,
	};
	*bench_add(&r, memory) = (struct bench_memory){
		.participant = "runc", .available = -4096, .private_ = 5};
	*bench_add(&r, compat) = (struct bench_compat){
		.workload = "redis", .participant = "x", .verdict = BENCH_NA};
	CHECK_INT(bench_results_write(&r, dir, "results.json", &err), 0);
	CHECK_INT(bench_results_read(&back, r.arena, dir, "results.json", &err),
		  0);

	CHECK_STR(back.machine.cpu, r.machine.cpu);
	CHECK(back.machine.memory == 1ull << 40);
	CHECK(back.machine.load_before == 0.25 && back.complete);
	CHECK_INT(back.n_participants, 1);
	CHECK_INT(back.participants[0].kind, BENCH_ENGINE);
	CHECK_STR(back.participants[0].commands[1], "runc start x");
	CHECK(back.participants[0].commands[2] == NULL);
	CHECK_INT(back.n_boot, 1);
	CHECK_INT(back.boot[0].failed, 1);
	CHECK(back.boot[0].total.median == 1. / 3);
	CHECK(back.boot[0].remove.p99 == 4);
	CHECK_INT(back.boot[0].n_samples, 4);
	/* Microseconds are kept; what is no number is no time. */
	CHECK(back.boot[0].samples[0] == 1.235);
	CHECK(back.boot[0].samples[2] == 1e4);
	CHECK(back.boot[0].samples[3] == 0);
	CHECK(back.memory[0].available == -4096);
	CHECK(back.memory[0].private_ == 5);
	CHECK_INT(back.compat[0].verdict, BENCH_NA);
	CHECK_INT(back.n_size, 0);
}

TEST(lists_grow_also_after_they_were_read)
{
	struct bench_results r = fresh(), back = {0};
	int dir = tmpdir();
	struct err err = {0};

	for (uint32_t i = 0; i < 100; i++) {
		struct bench_io *io = bench_add(&r, io);

		io->operation = "stat", io->participant = "runc";
		io->ns = i;
	}
	CHECK_INT(bench_results_write(&r, dir, "r", &err), 0);
	CHECK_INT(bench_results_read(&back, r.arena, dir, "r", &err), 0);
	for (uint32_t i = 100; i < 300; i++)
		bench_add(&back, io)->ns = i;
	CHECK_INT(back.n_io, 300);
	for (uint32_t i = 0; i < 300; i++)
		CHECK(back.io[i].ns == i);
	CHECK(back.io[299].operation == NULL);
}

TEST(words_stand_for_kinds_and_verdicts)
{
	struct bench_results r = fresh();
	_cleanup_buf_ struct buf text = {0};

	bench_add(&r, participants)->name = "fork";
	bench_add(&r, compat)->participant = "x";
	bench_results_text(&r, &text);
	CHECK(strstr(text.data, "\"kind\": \"floor\""));
	CHECK(strstr(text.data, "\"verdict\": \"no\""));
	CHECK(strstr(text.data, "\"schema\": 1"));
}

TEST(another_schema_is_refused_whatever_else_it_says)
{
	struct bench_results r = {0};
	int dir = tmpdir();
	struct err err = {0};

	put(dir, "{\"machine\": 7, \"schema\": 2}");
	CHECK_INT(bench_results_read(&r, arena(), dir, "results.json", &err),
		  -EPROTO);
	CHECK_STR(err.msg, "results.json: has schema 2, this hull reads "
			   "schema 1");
}

TEST(a_broken_file_is_refused_with_the_place)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "results.json: line 1"},
		{"{}", "schema"},
		{"[]", "expected an object"},
		{"{\"schema\": 1, \"boot\": [{}]}", "boot[0]"},
		{"{\"schema\": 1, \"boot\": [{\"participant\": \"x\", "
		 "\"samples\": [1, \"2\"]}]}",
		 "boot[0].samples"},
		{"{\"schema\": 1, \"compat\": [{\"participant\": \"x\", "
		 "\"workload\": \"y\", \"verdict\": \"maybe\"}]}",
		 "unknown verdict \"maybe\""},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench_results r = {0};
		int dir = tmpdir();
		struct err err = {0};

		put(dir, bad[i].text);
		CHECK(bench_results_read(&r, arena(), dir, "results.json",
					 &err) < 0);
		if (!strstr(err.msg, bad[i].says))
			test_fail(__FILE__, __LINE__, "%s: %s", bad[i].text,
				  err.msg);
	}
}

TEST(a_file_that_is_not_there_is_said_so)
{
	struct bench_results r = {0};
	struct err err = {0};

	CHECK_INT(bench_results_read(&r, arena(), tmpdir(), "r.json", &err),
		  -ENOENT);
	CHECK(strstr(err.msg, "r.json"));
}

/* RLIMIT_FSIZE fails a write half-way, as a full disk does. */
TEST(a_write_that_fails_leaves_the_old_file)
{
	struct bench_results r = fresh(), back = {0};
	struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
	int dir = tmpdir();
	struct err err = {0};

	r.hull_version = "old";
	CHECK_INT(bench_results_write(&r, dir, "r", &err), 0);
	r.hull_version = "new";
	for (int i = 0; i < 200; i++)
		bench_add(&r, fit)->participant = "runc";
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(bench_results_write(&r, dir, "r", &err), -EFBIG);
	CHECK_INT(bench_results_read(&back, r.arena, dir, "r", &err), 0);
	CHECK_STR(back.hull_version, "old");
	/* And no half-written one beside it. */
	CHECK_INT(unlinkat(dir, "r", 0), 0);
	CHECK_INT(rmdir(test_tmpdir()), 0);
}
