#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aot_rig.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "test.h"

enum { N_FUNCS = 5 };

static int make_image(const struct link_job *changes)
{
	struct link_object object;
	struct link_job job;
	struct buf b = {0};
	struct err err = {0};
	int fd;

	rig_object(&b, N_FUNCS);
	object = (struct link_object){(uint8_t *)b.data, b.len};
	job = rig_job(&object, N_FUNCS);
	if (changes) {
		job.memory = changes->memory;
		job.memory_len = changes->memory_len;
		job.module = changes->module_len ? changes->module : job.module;
		job.module_len = changes->module_len ? changes->module_len
						     : job.module_len;
		job.cpu = changes->cpu ? changes->cpu : job.cpu;
	}
	fd = memfd_create("image", MFD_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0600) < 0 || link_image(&job, fd, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	buf_free(&b);
	return fd;
}

static struct aot_header header_of(int fd)
{
	struct aot_header h;

	CHECK(pread(fd, &h, sizeof(h), AOT_HEADER_AT) == sizeof(h));
	return h;
}

/* What opening says of it: 0, or a negative errno with a sentence. */
static int opens(int fd, enum aot_check check)
{
	struct aot_image *image = NULL;
	struct err err = {0};
	int rc = aot_image_open(fd, check, &image, &err);

	CHECK((rc == 0) == (image != NULL));
	CHECK((rc == 0) == (err.msg[0] == '\0'));
	aot_image_close(image);
	return rc;
}

static int opens_with(int fd, const struct aot_header *h)
{
	struct aot_header good = header_of(fd);
	int rc;

	CHECK(pwrite(fd, h, sizeof(*h), AOT_HEADER_AT) == sizeof(*h));
	rc = opens(fd, AOT_CHECK_HEADER);
	CHECK(pwrite(fd, &good, sizeof(good), AOT_HEADER_AT) == sizeof(good));
	return rc;
}

static struct aot_image *open_good(int fd)
{
	struct aot_image *image = NULL;
	struct err err = {0};

	if (aot_image_open(fd, AOT_CHECK_ALL, &image, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return image;
}

static int call(const struct aot_image *image, uint32_t func)
{
	int (*f)(void) = (int (*)(void))(image->text + image->func_entry[func]);

	return f();
}

TEST(an_image_runs_and_its_addresses_are_known)
{
	struct aot_image *image = open_good(make_image(NULL));
	uintptr_t text = (uintptr_t)image->text;

	CHECK(memcmp(image->module, "\0asm", 4) == 0);
	for (uint32_t i = 0; i < N_FUNCS; i++) {
		uintptr_t pc = text + image->func_entry[i];

		CHECK_INT(call(image, i), RIG_ANSWER);
		CHECK(aot_image_at(pc) == image);
		CHECK(aot_image_func(image, pc)->func == i);
		CHECK(aot_image_func(image, pc + 7)->func == i);
	}
	CHECK(!aot_image_func(image, text));
	CHECK(!aot_image_at(text - 1));
	CHECK(!aot_image_at(text + image->h->text.size));
	aot_image_close(image);
	CHECK(!aot_image_at(text + 64));
}

TEST(each_of_many_images_is_found)
{
	enum { N = 100 };
	struct aot_image *image[N];
	uintptr_t text[N];
	int fd = make_image(NULL);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			image[i] = open_good(fd);
			text[i] = (uintptr_t)image[i]->text;
		}
		for (int i = 0; i < N; i += 3)
			aot_image_close(image[i]);
		for (int i = 0; i < N; i++)
			CHECK(aot_image_at(text[i]) ==
			      (i % 3 ? image[i] : NULL));
		for (int i = 0; i < N; i++) {
			if (i % 3)
				aot_image_close(image[i]);
		}
	}
}

/* qemu-user has mappings of its own, and its faults are not ours. */
static void skip_emulated(void)
{
	SKIP_UNLESS("mappings", !getenv("HULL_TEST_EMULATED"),
		    "an emulator maps for itself");
}

/* Of all mappings of the file, the one that is executable is its code, and
 * none can be written to. */
TEST(only_the_code_is_executable_and_nothing_writable)
{
	struct aot_image *image = open_good(make_image(NULL));
	_cleanup_fclose_ FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end, text = (unsigned long)image->text;
	int mappings = 0, executable = 0;
	char line[512], mode[5];

	skip_emulated();
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "memfd:image"))
			continue;
		CHECK(sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3);
		mappings++;
		CHECK(mode[1] == '-' && mode[3] == 'p');
		if (mode[2] != 'x')
			continue;
		executable++;
		CHECK(start == text && end - start < 65536 * 2);
	}
	CHECK(mappings >= 2 && executable == 1);
	aot_image_close(image);
}

/* 64 MiB of module: nothing of it is looked at. */
TEST(opening_costs_the_same_whatever_the_size)
{
	size_t len = 64 << 20;
	uint8_t *big = xcalloc(1, len);
	int fd = make_image(
		&(struct link_job){.module = big, .module_len = len});
	struct rusage before, after;

	skip_emulated();
	free(big);
	CHECK_INT(opens(fd, AOT_CHECK_ALL), 0); /* code is warm now */
	getrusage(RUSAGE_SELF, &before);
	CHECK_INT(opens(fd, AOT_CHECK_HEADER), 0);
	getrusage(RUSAGE_SELF, &after);
	CHECK(after.ru_minflt - before.ru_minflt < 50);
}

TEST(the_memory_of_an_image_can_be_mapped)
{
	static const uint8_t memory[2 * AOT_PAGE] = {1, 2, 3};
	int fd = make_image(&(struct link_job){.memory = memory,
					       .memory_len = sizeof(memory)});
	struct aot_image *image = open_good(fd);

	close(fd);
	CHECK_INT(image->h->memory_pages, 2);
	CHECK(memcmp(image->map + image->h->memory.at, memory,
		     sizeof(memory)) == 0);
	aot_image_close(image);
}

TEST(a_part_that_cannot_be_there_is_refused)
{
	static const uint8_t memory[AOT_PAGE];
	int fd = make_image(
		&(struct link_job){.memory = memory, .memory_len = AOT_PAGE});
	const struct aot_header good = header_of(fd);
	const size_t first = offsetof(struct aot_header, module);
	const uint64_t at[] = {0,
			       AOT_PAGE,
			       1,
			       good.file_size,
			       good.file_size + AOT_PAGE,
			       UINT64_MAX - AOT_PAGE + 1,
			       1ull << 63};
	const uint64_t size[] = {good.file_size, UINT64_MAX, 1ull << 63,
				 UINT64_MAX - AOT_PAGE, 1ull << 32};

	CHECK_INT(opens_with(fd, &good), 0);
	for (size_t part = 0; part < 8; part++) {
		struct aot_header h = good;
		struct aot_part *p =
			(void *)((char *)&h + first + part * sizeof(*p));
		struct aot_part was = *p;

		for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
			p->at = at[i];
			/* No bytes are nowhere, or at the end. */
			if (was.size)
				CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		}
		p->at = was.at + 8;
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		p->at = was.at;
		for (size_t i = 0; i < ARRAY_SIZE(size); i++) {
			p->size = size[i];
			CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		}
	}
	CHECK_INT(opens_with(fd, &good), 0);
}

TEST(counts_that_do_not_fit_their_tables_are_refused)
{
	int fd = make_image(NULL);
	const struct aot_header good = header_of(fd);
	const uint32_t values[] = {1, 1000, 1u << 30, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct aot_header h = good;

		h.n_funcs = values[i];
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		h = good;
		h.n_imported = values[i];
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		h = good;
		h.n_types = values[i];
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		h = good;
		h.n_lines = values[i];
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		h = good;
		h.memory_pages = values[i];
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
		if (values[i] == UINT32_MAX) /* which would make it less */
			continue;
		h = good;
		/* More imports than functions, with tables that would fit. */
		h.n_imported = h.n_funcs + values[i];
		h.n_types += values[i] + h.n_funcs;
		CHECK_INT(opens_with(fd, &h), -ENOEXEC);
	}
}

TEST(what_was_made_for_another_is_stale)
{
	int fd = make_image(NULL);
	const struct aot_header good = header_of(fd);
	struct aot_header h = good;

	h.version++;
	CHECK_INT(opens_with(fd, &h), -ESTALE);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		h = good;
		h.engine[i] ^= 1;
		CHECK_INT(opens_with(fd, &h), -ESTALE);
	}
	for (uint32_t cpu = 0; cpu < 40; cpu++) {
		h = good;
		h.cpu = cpu;
		CHECK(aot_cpu_runs((enum aot_cpu)cpu)
			      ? opens_with(fd, &h) != -ESTALE
			      : opens_with(fd, &h) == -ESTALE);
	}
	h.cpu = UINT32_MAX;
	CHECK_INT(opens_with(fd, &h), -ESTALE);
}

TEST(any_byte_that_changed_breaks_the_sum)
{
	int fd = make_image(NULL);
	const struct aot_header h = header_of(fd);

	CHECK_INT(opens(fd, AOT_CHECK_ALL), 0);
	for (uint64_t at = 0; at < h.file_size;
	     at +=
	     at >= AOT_HEADER_AT && at < AOT_HEADER_AT + sizeof(h) ? 1 : 61) {
		uint8_t byte, changed;

		CHECK(pread(fd, &byte, 1, (off_t)at) == 1);
		changed = byte ^ 0x10;
		CHECK(pwrite(fd, &changed, 1, (off_t)at) == 1);
		CHECK(opens(fd, AOT_CHECK_ALL) < 0);
		CHECK(pwrite(fd, &byte, 1, (off_t)at) == 1);
	}
	CHECK_INT(opens(fd, AOT_CHECK_ALL), 0);
}

TEST(a_file_that_ends_early_is_refused)
{
	int fd = make_image(NULL);
	off_t size = (off_t)header_of(fd).file_size;

	for (off_t len = size - 1; len >= 0; len -= len > 8192 ? 1021 : 61) {
		CHECK(ftruncate(fd, len) == 0);
		CHECK_INT(opens(fd, AOT_CHECK_HEADER), -ENOEXEC);
	}
	CHECK(!aot_image_probe(fd));
}

TEST(a_file_that_grew_is_refused)
{
	int fd = make_image(NULL);

	CHECK(aot_image_probe(fd));
	CHECK(ftruncate(fd, (off_t)header_of(fd).file_size + 1) == 0);
	CHECK_INT(opens(fd, AOT_CHECK_HEADER), -ENOEXEC);
}

TEST(a_file_that_others_may_write_to_is_not_trusted)
{
	int fd = make_image(NULL);
	const mode_t bad[] = {0620, 0602, 0666, 0777};
	const mode_t good[] = {0600, 0400, 0644, 0755, 0444};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(fchmod(fd, bad[i]) == 0);
		CHECK_INT(opens(fd, AOT_CHECK_ALL), -EPERM);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK(fchmod(fd, good[i]) == 0);
		CHECK_INT(opens(fd, AOT_CHECK_ALL), 0);
	}
}

TEST(a_strangers_file_is_not_trusted)
{
	int fd = make_image(NULL);

	SKIP_UNLESS("root", geteuid() == 0, "only root can give files away");
	CHECK(fchown(fd, 12345, 12345) == 0);
	CHECK_INT(opens(fd, AOT_CHECK_ALL), -EPERM);
	/* Its owner may, and root's everybody. */
	CHECK(setresuid(12345, 12345, 0) == 0);
	CHECK_INT(opens(fd, AOT_CHECK_ALL), 0);
	CHECK(seteuid(0) == 0 && fchown(fd, 0, 0) == 0);
	CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK_INT(opens(fd, AOT_CHECK_ALL), 0);
}

TEST(what_is_no_image_is_told)
{
	int pipes[2], folder = open("/", O_RDONLY | O_CLOEXEC);

	CHECK(pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0);
	CHECK(!aot_image_probe(pipes[0]) && !aot_image_probe(folder));
	CHECK_INT(opens(pipes[0], AOT_CHECK_ALL), -ENOEXEC);
	CHECK_INT(opens(folder, AOT_CHECK_ALL), -ENOEXEC);
}

TEST(processors_have_names_and_an_order)
{
	enum aot_cpu native = aot_cpu_native();

	CHECK(native != 0 && aot_cpu_runs(native));
	CHECK_INT(aot_cpu_find(aot_cpu_name(native)), native);
	CHECK_INT(aot_cpu_find("x86-64-v3"), AOT_X86_64_V3);
	CHECK_INT(aot_cpu_find("pdp11"), 0);
	CHECK(!aot_cpu_name(0) && !aot_cpu_name((enum aot_cpu)15));
	CHECK(aot_cpu_runs(AOT_X86_64_V2) != aot_cpu_runs(AOT_ARM64_V8));
	CHECK(!aot_cpu_runs(0) && !aot_cpu_runs((enum aot_cpu)(native + 1)));
}

#if defined(__x86_64__)

static bool has_flag(const char *flags, const char *flag)
{
	size_t n = strlen(flag);

	for (const char *p = flags; (p = strstr(p, flag)); p += n) {
		if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n'))
			return true;
	}
	return false;
}

TEST(the_processor_is_what_the_kernel_says)
{
	static const char *const v3[] = {"avx2", "bmi1", "bmi2",  "fma",
					 "f16c", "abm",  "movbe", NULL};
	static const char *const v4[] = {"avx512f",  "avx512bw", "avx512cd",
					 "avx512dq", "avx512vl", NULL};
	const char *const *const levels[] = {v3, v4};
	_cleanup_fclose_ FILE *info = fopen("/proc/cpuinfo", "re");
	enum aot_cpu want = AOT_X86_64_V2;
	char line[8192] = "";

	while (strncmp(line, "flags", 5) != 0)
		CHECK(fgets(line, sizeof(line), info));
	SKIP_UNLESS("x86-64-v2", has_flag(line, "sse4_2"), "an old processor");
	for (int i = 0; i < 2 && want == (enum aot_cpu)(AOT_X86_64_V2 + i);
	     i++) {
		bool all = true;

		for (const char *const *flag = levels[i]; *flag; flag++)
			all = all && has_flag(line, *flag);
		want += all;
	}
	CHECK_STR(aot_cpu_name(aot_cpu_native()), aot_cpu_name(want));
}

#endif
