#include "wasmc/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "wasm/aot_eh.h"
#include "wasmc/link_internal.h"

enum {
	TEXT_FIRST = 64, /* bytes before the first function */
};

static void linking_free(struct linking *l)
{
	for (size_t i = 0; l->objs && i < l->job->n_objects; i++)
		free(l->objs[i].sections);
	free(l->objs);
	free(l->globals);
	free(l->funcs);
	free(l->entries);
	free(l->lines);
	if (l->out)
		munmap(l->out, l->h.file_size);
}

/* --- functions and lines ------------------------------------------------- */

static int by_code(const void *a, const void *b)
{
	const struct aot_func *f = &((const struct link_func *)a)->f;
	const struct aot_func *g = &((const struct link_func *)b)->f;

	if (f->code != g->code)
		return f->code < g->code ? -1 : 1;
	return f->func < g->func ? -1 : f->func > g->func;
}

/* Sort, and make it one function for each address: functions of the same code
 * may share it. */
static int sort_funcs(struct linking *l)
{
	size_t n = 0;

	if (l->n_funcs)
		qsort(l->funcs, l->n_funcs, sizeof(*l->funcs), by_code);
	for (size_t i = 0; i < l->n_funcs; i++) {
		const struct link_func *f = &l->funcs[i];

		if (n && l->funcs[n - 1].f.code == f->f.code)
			continue;
		if (n &&
		    f->f.code - l->funcs[n - 1].f.code < l->funcs[n - 1].f.size)
			return err_say(l->err, -EINVAL, "%s lies within %s",
				       f->name, l->funcs[n - 1].name);
		l->funcs[n++] = *f;
	}
	l->n_funcs = n;
	for (uint32_t i = l->job->n_imported; i < l->job->n_funcs; i++) {
		if (l->entries[i - l->job->n_imported] == 0)
			return err_say(l->err, -EINVAL, "no object defines f%u",
				       i);
	}
	return 0;
}

/* Rows are in the order of the program, which counts among those of one
 * address, as their line does not. */
struct row {
	struct aot_line line;
	size_t order;
};

static int by_row(const void *a, const void *b)
{
	const struct row *r = a, *s = b;

	if (r->line.code != s->line.code)
		return r->line.code < s->line.code ? -1 : 1;
	return r->order < s->order ? -1 : r->order > s->order;
}

/* The function that begins at `code`. */
static struct link_func *func_at(const struct linking *l, uint64_t code)
{
	struct link_func key = {.f = {.code = (uint32_t)code}};
	size_t from = 0, to = l->n_funcs;

	if (code > UINT32_MAX)
		return NULL;
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (l->funcs[mid].f.code < key.f.code)
			from = mid + 1;
		else
			to = mid;
	}
	return from < l->n_funcs && l->funcs[from].f.code == code
		       ? &l->funcs[from]
		       : NULL;
}

/* Of rows for one address the last holds; one that says what the row before
 * it says is needed only where a function begins, before which nobody looks. */
static void sort_lines(struct linking *l)
{
	_cleanup_free_ struct row *rows = NULL;
	size_t n = 0;

	if (l->n_lines == 0)
		return;
	rows = xcalloc(l->n_lines, sizeof(*rows));
	for (size_t i = 0; i < l->n_lines; i++)
		rows[i] = (struct row){l->lines[i], i};
	qsort(rows, l->n_lines, sizeof(*rows), by_row);
	for (size_t i = 0; i < l->n_lines; i++) {
		const struct aot_line *line = &rows[i].line;

		if (i + 1 < l->n_lines && rows[i + 1].line.code == line->code)
			continue;
		if (n && l->lines[n - 1].offset == line->offset &&
		    !func_at(l, line->code))
			continue;
		l->lines[n++] = *line;
	}
	l->n_lines = n;
}

int link_frames(struct linking *l)
{
	const struct aot_header *h = &l->h;
	const uint8_t *table = l->out + h->eh_frame.at;
	size_t at = 0, next = 0;

	for (;; at = next) {
		struct aot_fde fde;
		struct link_func *f;
		int64_t lsda;

		switch (aot_eh_read(table, h->eh_frame.size, at, &fde, &next)) {
		case AOT_EH_END:
			return 0;
		case AOT_EH_CIE:
			continue;
		case AOT_EH_FDE:
			break;
		default:
			return err_say(l->err, -EINVAL,
				       "damaged unwind table at %#zx", at);
		}
		f = func_at(l, (uint64_t)(fde.code + (int64_t)h->eh_frame.at -
					  (int64_t)h->text.at));
		if (!f)
			return err_say(l->err, -EINVAL,
				       "the unwind table at %#zx is of no "
				       "function",
				       at);
		f->f.fde = (uint32_t)at;
		lsda = fde.lsda + (int64_t)h->eh_frame.at - (int64_t)h->lsda.at;
		if (fde.has_lsda && lsda >= 0 && lsda < (int64_t)h->lsda.size)
			f->f.lsda = (uint32_t)lsda;
	}
}

/* --- the file ------------------------------------------------------------ */

/* Put a part behind all before it. */
static struct aot_part append(uint64_t *end, uint64_t size, uint64_t align)
{
	struct aot_part p = {.at = align_up(*end, align), .size = size};

	*end = p.at + size;
	return p;
}

/* Where everything goes. */
static int lay_out(struct linking *l, uint64_t *ret_symbols)
{
	const struct link_job *job = l->job;
	uint64_t page = aot_cpu_page(job->cpu);
	uint64_t end = AOT_HEADER_AT + sizeof(struct aot_header);
	uint64_t rodata = align_up(l->size[PART_TEXT], 64);
	uint32_t n_entries = job->n_funcs - job->n_imported + job->n_types;
	struct aot_header *h = &l->h;

	h->module = append(&end, job->module_len, AOT_PAGE);
	h->entries = append(&end, n_entries * sizeof(uint32_t), AOT_PAGE);
	h->funcs = append(&end, l->n_funcs * sizeof(struct aot_func), AOT_PAGE);
	h->lines = append(&end, l->n_lines * sizeof(struct aot_line), AOT_PAGE);
	/* 4 zeros end the table, for those who read it without its size. */
	h->eh_frame = append(&end, l->size[PART_EH_FRAME] + 4, AOT_PAGE);
	l->frame_index = append(&end, link_frame_index_size(l), 8);
	h->lsda = append(&end, l->size[PART_LSDA], AOT_PAGE);
	h->memory = append(&end, job->memory_len, page);
	h->text = append(&end, rodata + l->size[PART_RODATA], page);
	l->base[PART_TEXT] = h->text.at;
	l->base[PART_RODATA] = h->text.at + rodata;
	l->base[PART_EH_FRAME] = h->eh_frame.at;
	l->base[PART_LSDA] = h->lsda.at;
	*ret_symbols = append(&end, link_elf_size(l), AOT_PAGE).at;
	if (end > INT32_MAX)
		return err_say(l->err, -EFBIG, "more than 2 GiB of image");
	h->file_size = end;
	return 0;
}

static void fill_header(struct linking *l)
{
	const struct link_job *job = l->job;
	struct aot_header *h = &l->h;

	memcpy(h->magic, "hull-aot", sizeof(h->magic));
	h->version = AOT_VERSION;
	h->cpu = job->cpu;
	h->flags = job->flags;
	h->n_funcs = job->n_funcs;
	h->n_types = job->n_types;
	h->n_lines = (uint32_t)l->n_lines;
	h->n_imported = job->n_imported;
	h->memory_pages = (uint32_t)(job->memory_len / AOT_PAGE);
	sha256(job->module, job->module_len, h->module_sha256);
	memcpy(h->engine, aot_engine_id(), SHA256_SIZE);
}

static void put(struct linking *l, const struct aot_part *p, const void *data)
{
	if (p->size)
		memcpy(l->out + p->at, data, p->size);
}

static void copy_sections(struct linking *l)
{
	for (size_t i = 0; i < l->job->n_objects; i++) {
		const struct link_obj *o = &l->objs[i];

		for (uint32_t j = 0; j < o->n_sections; j++) {
			const struct link_section *s = &o->sections[j];

			if (s->part != PART_NONE && s->part != PART_LINE)
				memcpy(l->out + l->base[s->part] + s->at,
				       link_section_bytes(o, s), s->h.sh_size);
		}
	}
}

/* Gaps in the code are traps: int3; udf #0 is all zeros. */
static void fill_code(struct linking *l)
{
	if (l->machine == EM_X86_64)
		memset(l->out + l->h.text.at, 0xcc, l->size[PART_TEXT]);
}

/* All but the sum of it, in memory. */
static int build(struct linking *l)
{
	const struct link_job *job = l->job;
	uint64_t symbols = 0;
	int rc;

	rc = lay_out(l, &symbols);
	if (rc)
		return rc;
	l->out = mmap(NULL, l->h.file_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->out == MAP_FAILED) {
		l->out = NULL;
		return err_set(l->err, -ENOMEM, "an image of %llu bytes",
			       (unsigned long long)l->h.file_size);
	}
	fill_code(l);
	copy_sections(l);
	for (size_t i = 0; i < job->n_objects; i++) {
		rc = link_relocate(l, &l->objs[i]);
		if (rc)
			return rc;
	}
	rc = link_frames(l);
	if (rc)
		return rc;
	put(l, &l->h.module, job->module);
	put(l, &l->h.entries, l->entries);
	put(l, &l->h.lines, l->lines);
	put(l, &l->h.memory, job->memory);
	for (size_t i = 0; i < l->n_funcs; i++)
		memcpy(l->out + l->h.funcs.at + i * sizeof(struct aot_func),
		       &l->funcs[i].f, sizeof(struct aot_func));
	link_frame_index(l);
	link_elf_write(l, symbols);
	return 0;
}

static int finish(struct linking *l, int fd)
{
	struct aot_header *h = &l->h;
	uint8_t *place = l->out + AOT_HEADER_AT;
	uint64_t done = 0;

	fill_header(l);
	memcpy(place, h, sizeof(*h));
	sha256(l->out, h->file_size, h->sha256);
	memcpy(place, h, sizeof(*h));
	while (done < h->file_size) {
		ssize_t n = pwrite(fd, l->out + done, h->file_size - done,
				   (off_t)done);

		if (n < 0 && errno != EINTR)
			return err_set(l->err, -errno, "write the image");
		done += n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

/* Objects, in the order in which their code will be. */
static int read_objects(struct linking *l)
{
	const struct link_job *job = l->job;
	int rc = 0;

	l->objs = xcalloc(job->n_objects, sizeof(*l->objs));
	l->size[PART_TEXT] = TEXT_FIRST;
	for (size_t i = 0; rc == 0 && i < job->n_objects; i++) {
		l->objs[i].bytes = job->objects[i].bytes;
		l->objs[i].len = job->objects[i].len;
		l->objs[i].number = (unsigned int)i + 1;
		rc = link_obj_read(l, &l->objs[i]);
	}
	for (size_t i = 0; rc == 0 && i < job->n_objects; i++)
		rc = link_obj_symbols(l, &l->objs[i]);
	for (size_t i = 0; rc == 0 && i < job->n_objects; i++)
		rc = link_lines(l, &l->objs[i]);
	return rc;
}

int link_image(const struct link_job *job, int fd, struct err *err)
{
	_cleanup_(linking_free) struct linking l = {.job = job, .err = err};
	int rc;

	if (!aot_cpu_name(job->cpu) || job->n_imported > job->n_funcs ||
	    job->memory_len % AOT_PAGE)
		return err_say(err, -EINVAL, "no such image can be");
	l.machine = job->cpu >= AOT_ARM64_V8 ? EM_AARCH64 : EM_X86_64;
	l.entries = xcalloc((size_t)job->n_funcs - job->n_imported +
				    job->n_types + 1,
			    sizeof(*l.entries));
	l.h.cpu = job->cpu;
	rc = read_objects(&l);
	if (rc == 0)
		rc = sort_funcs(&l);
	if (rc)
		return rc;
	sort_lines(&l);
	rc = build(&l);
	return rc ? rc : finish(&l, fd);
}
