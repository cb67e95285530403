#include "wasm/aot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static const char magic[8] = "hull-aot";

/* --- which image an address belongs to ----------------------------------- */

/* Slots are read by handlers of signals, which cannot take a lock, and are
 * therefore never freed.  A slot is being changed while `seq` is odd; whoever
 * reads looks at it before and after.  A slot that changes meanwhile is not
 * the one that is looked for, since code whose address is asked for is there
 * to stay. */
struct slot {
	unsigned int seq;
	uintptr_t start, end;
	const struct aot_image *image;
};

struct slots {
	struct slot slot[30];
	struct slots *next;
};

static struct slots slots;
static char slots_lock;

static void slot_set(struct slot *s, const struct aot_image *image)
{
	uintptr_t start = image ? (uintptr_t)image->text : 0;

	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&s->start, start, __ATOMIC_RELAXED);
	__atomic_store_n(&s->end, image ? start + image->h->text.size : 0,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&s->image, image, __ATOMIC_RELAXED);
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE);
}

static const struct aot_image *slot_get(const struct slot *s, uintptr_t pc)
{
	unsigned int seq = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE);
	uintptr_t start = __atomic_load_n(&s->start, __ATOMIC_RELAXED);
	uintptr_t end = __atomic_load_n(&s->end, __ATOMIC_RELAXED);
	const struct aot_image *image =
		__atomic_load_n(&s->image, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (pc < start || pc >= end || seq % 2 ||
	    __atomic_load_n(&s->seq, __ATOMIC_RELAXED) != seq)
		return NULL;
	return image;
}

/* Replace one by the other; NULL is an empty slot. */
static int slots_change(const struct aot_image *from,
			const struct aot_image *to)
{
	struct slots *more;
	int rc = 0;

	while (__atomic_test_and_set(&slots_lock, __ATOMIC_ACQUIRE))
		;
	for (struct slots *s = &slots;; s = s->next) {
		size_t i = 0;

		while (i < ARRAY_SIZE(s->slot) && s->slot[i].image != from)
			i++;
		if (i < ARRAY_SIZE(s->slot)) {
			slot_set(&s->slot[i], to);
			break;
		}
		if (s->next)
			continue;
		if (from) /* was never there */
			break;
		more = calloc(1, sizeof(*more));
		if (!more) {
			rc = -ENOMEM;
			break;
		}
		__atomic_store_n(&s->next, more, __ATOMIC_RELEASE);
	}
	__atomic_clear(&slots_lock, __ATOMIC_RELEASE);
	return rc;
}

const struct aot_image *aot_image_at(uintptr_t pc)
{
	const struct slots *s = &slots;

	for (; s; s = __atomic_load_n(&s->next, __ATOMIC_ACQUIRE)) {
		for (size_t i = 0; i < ARRAY_SIZE(s->slot); i++) {
			const struct aot_image *image =
				slot_get(&s->slot[i], pc);

			if (image)
				return image;
		}
	}
	return NULL;
}

/* --- opening ------------------------------------------------------------- */

static int check_owner(const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_say(err, -EPERM, "the image is not a regular file");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_say(err, -EPERM,
			       "the image belongs to user %u: its code is run "
			       "only from root's and one's own files",
			       st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_say(err, -EPERM,
			       "the image's mode is %04o: others may write to "
			       "it",
			       st->st_mode & 07777);
	return 0;
}

/* In the file, behind what `end` says, which it moves on. */
static bool part_fits(const struct aot_part *p, size_t page, uint64_t *end,
		      uint64_t file_size)
{
	if (p->at % page || p->at < *end || p->at > file_size ||
	    p->size > file_size - p->at)
		return false;
	*end = p->at + p->size;
	return true;
}

static int check_parts(const struct aot_header *h, struct err *err)
{
	size_t page = aot_cpu_page((enum aot_cpu)h->cpu);
	const struct {
		const char *name;
		const struct aot_part *part;
		size_t page;
	} parts[] = {
		{"module", &h->module, AOT_PAGE},
		{"entries", &h->entries, AOT_PAGE},
		{"funcs", &h->funcs, AOT_PAGE},
		{"lines", &h->lines, AOT_PAGE},
		{"eh_frame", &h->eh_frame, AOT_PAGE},
		{"lsda", &h->lsda, AOT_PAGE},
		{"memory", &h->memory, page},
		{"text", &h->text, page},
	};
	uint64_t end = AOT_HEADER_AT + sizeof(*h);

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!part_fits(parts[i].part, parts[i].page, &end,
			       h->file_size))
			return err_say(err, -ENOEXEC,
				       "damaged image: its %s cannot be at "
				       "%#llx",
				       parts[i].name,
				       (unsigned long long)parts[i].part->at);
	}
	return 0;
}

static int check_counts(const struct aot_header *h, struct err *err)
{
	uint64_t entries = (uint64_t)h->n_funcs - h->n_imported + h->n_types;

	if (h->n_imported > h->n_funcs ||
	    h->entries.size != entries * sizeof(uint32_t))
		return err_say(err, -ENOEXEC,
			       "damaged image: %u functions, %u imports and %u "
			       "types have no table of %llu bytes",
			       h->n_funcs, h->n_imported, h->n_types,
			       (unsigned long long)h->entries.size);
	if (h->funcs.size % sizeof(struct aot_func) ||
	    h->funcs.size / sizeof(struct aot_func) > UINT32_MAX)
		return err_say(err, -ENOEXEC,
			       "damaged image: its table of code has %llu "
			       "bytes",
			       (unsigned long long)h->funcs.size);
	if (h->lines.size != h->n_lines * (uint64_t)sizeof(struct aot_line))
		return err_say(err, -ENOEXEC,
			       "damaged image: %u lines have no table of %llu "
			       "bytes",
			       h->n_lines, (unsigned long long)h->lines.size);
	if (h->memory.size != h->memory_pages * (uint64_t)AOT_PAGE)
		return err_say(err, -ENOEXEC,
			       "damaged image: %u pages of memory are not %llu "
			       "bytes",
			       h->memory_pages,
			       (unsigned long long)h->memory.size);
	if (h->text.size == 0 || h->text.size > INT32_MAX)
		return err_say(err, -ENOEXEC,
			       "damaged image: %llu bytes of code",
			       (unsigned long long)h->text.size);
	return 0;
}

static int check_header(const struct aot_header *h, uint64_t file_size,
			struct err *err)
{
	const char *cpu = aot_cpu_name((enum aot_cpu)h->cpu);
	int rc;

	if (h->version != AOT_VERSION)
		return err_say(err, -ESTALE,
			       "an image of format %u, and this engine's is %u",
			       h->version, (unsigned int)AOT_VERSION);
	if (memcmp(h->engine, aot_engine_id(), SHA256_SIZE) != 0)
		return err_say(err, -ESTALE,
			       "the image was compiled for another engine");
	if (!aot_cpu_runs((enum aot_cpu)h->cpu))
		return err_say(err, -ESTALE,
			       "the image needs a processor of %s",
			       cpu ? cpu : "an unknown kind");
	if (h->file_size != file_size)
		return err_say(err, -ENOEXEC,
			       "damaged image: %llu bytes, but %llu when it "
			       "was made",
			       (unsigned long long)file_size,
			       (unsigned long long)h->file_size);
	rc = check_parts(h, err);
	return rc ? rc : check_counts(h, err);
}

enum { SUM_AT = AOT_HEADER_AT + offsetof(struct aot_header, sha256) };

/* The sum of the file with its own place zero.  Read and not mapped: a file
 * that somebody cuts meanwhile is an error then, and no signal. */
static int check_sum(int fd, const struct aot_header *h, struct err *err)
{
	uint8_t sum[SHA256_SIZE], buf[16 << 10];
	struct sha256 hash;
	uint64_t at = 0;

	sha256_begin(&hash);
	while (at < h->file_size) {
		ssize_t n = pread(fd, buf, sizeof(buf), (off_t)at);

		if (n < 0)
			return err_set(err, -errno, "read the image");
		if (n == 0)
			return err_say(err, -ENOEXEC,
				       "damaged image: it ends early");
		for (uint64_t i = SUM_AT; i < SUM_AT + SHA256_SIZE; i++) {
			if (i >= at && i - at < (uint64_t)n)
				buf[i - at] = 0;
		}
		sha256_add(&hash, buf, (size_t)n);
		at += (uint64_t)n;
	}
	sha256_end(&hash, sum);
	if (memcmp(sum, h->sha256, SHA256_SIZE) != 0)
		return err_say(err, -ENOEXEC,
			       "damaged image: its checksum differs");
	return 0;
}

/* All but the symbols; the code alone is executable. */
static int image_map(struct aot_image *image, int fd,
		     const struct aot_header *h, struct err *err)
{
	size_t len = h->text.at + h->text.size;
	uint8_t *map;

	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, -errno, "map the image");
	image->map = map;
	image->map_len = len;
	/* What was checked is a copy: the file may have another by now. */
	image->h = (const void *)(map + AOT_HEADER_AT);
	if (memcmp(image->h, h, sizeof(*h)) != 0)
		return err_say(err, -ENOEXEC,
			       "the image changed while it was opened");
	if (mprotect(map + h->text.at, h->text.size, PROT_READ | PROT_EXEC) < 0)
		return err_set(err, -errno,
			       "make the image's code executable%s",
			       errno == EACCES ? " (a noexec mount?)" : "");
	return 0;
}

static void image_tables(struct aot_image *image)
{
	const struct aot_header *h = image->h;
	const uint8_t *map = image->map;

	image->module = map + h->module.at;
	image->text = map + h->text.at;
	image->func_entry = (const void *)(map + h->entries.at);
	image->type_entry = image->func_entry + (h->n_funcs - h->n_imported);
	image->func = (const void *)(map + h->funcs.at);
	image->n_func = (uint32_t)(h->funcs.size / sizeof(struct aot_func));
	image->line = (const void *)(map + h->lines.at);
}

static void cleanup_image(struct aot_image **image)
{
	aot_image_close(*image);
}

int aot_image_open(int fd, enum aot_check check, struct aot_image **ret,
		   struct err *err)
{
	_cleanup_(cleanup_image) struct aot_image *image = NULL;
	struct aot_header h;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "image");
	if (pread(fd, &h, sizeof(h), AOT_HEADER_AT) != sizeof(h) ||
	    memcmp(h.magic, magic, sizeof(magic)) != 0)
		return err_say(err, -ENOEXEC, "not an image of compiled code");
	rc = check == AOT_CHECK_ALL ? check_owner(&st, err) : 0;
	if (rc == 0)
		rc = check_header(&h, (uint64_t)st.st_size, err);
	if (rc == 0 && check == AOT_CHECK_ALL)
		rc = check_sum(fd, &h, err);
	if (rc)
		return rc;

	image = calloc(1, sizeof(*image));
	if (!image)
		return err_set(err, -ENOMEM, "image");
	rc = image_map(image, fd, &h, err);
	if (rc)
		return rc;
	image_tables(image);
	rc = slots_change(NULL, image);
	if (rc)
		return err_set(err, rc, "image");
	*ret = steal_ptr(&image);
	return 0;
}

void aot_image_close(struct aot_image *image)
{
	if (!image)
		return;
	if (image->text)
		slots_change(image, NULL);
	if (image->map)
		munmap((void *)image->map, image->map_len);
	free(image);
}

bool aot_image_probe(int fd)
{
	char got[sizeof(magic)];

	return pread(fd, got, sizeof(got), AOT_HEADER_AT) == sizeof(got) &&
	       memcmp(got, magic, sizeof(magic)) == 0;
}

/* --- what is where ------------------------------------------------------- */

const struct aot_func *aot_image_func(const struct aot_image *image,
				      uintptr_t pc)
{
	uintptr_t at = pc - (uintptr_t)image->text;
	uint32_t from = 0, to = image->n_func;

	/* Those before `from` begin at or before it, from `to` on behind. */
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (image->func[mid].code <= at)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == 0 ||
	    at - image->func[from - 1].code >= image->func[from - 1].size)
		return NULL;
	return &image->func[from - 1];
}

uint32_t aot_image_line(const struct aot_image *image, uintptr_t pc)
{
	const struct aot_func *func = aot_image_func(image, pc);
	uintptr_t at = pc - (uintptr_t)image->text;
	uint32_t from = 0, to = image->h->n_lines;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (image->line[mid].code <= at)
			from = mid + 1;
		else
			to = mid;
	}
	if (!func || from == 0 || image->line[from - 1].code < func->code)
		return 0;
	return image->line[from - 1].offset;
}
