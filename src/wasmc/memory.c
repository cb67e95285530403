/* The active segments of memory 0, laid out as instantiation would. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wasmc/compile.h"

/* Less is copied in the time that mapping takes. */
enum { WORTH_IT = 64 << 10 };

/* An offset that is a constant; anything else depends on imports. */
static bool constant_offset(const struct wasm_module *m, uint32_t at,
			    uint64_t *ret)
{
	struct reader r = {.base = m->bytes,
			   .p = m->bytes + at,
			   .end = m->bytes + m->len,
			   .func = UINT32_MAX};
	enum op op = read_op(&r);

	if (op == OP_i32_const)
		*ret = (uint32_t)read_s32(&r);
	else if (op == OP_i64_const)
		*ret = (uint64_t)read_s64(&r);
	else
		return false;
	return read_op(&r) == OP_end;
}

/* The end of the last byte of all segments; 0 if that can't be said, or if
 * one would trap. */
static uint64_t end_of_data(const struct wasm_module *m)
{
	uint64_t size = m->memories[0].min * WASM_PAGE, end = 0;

	for (uint32_t i = 0; i < m->n_datas; i++) {
		const struct data_desc *d = &m->datas[i];
		uint64_t at;

		if (d->mode != SEG_ACTIVE || d->memory != 0)
			continue;
		if (!constant_offset(m, d->offset, &at) || at > size ||
		    d->len > size - at)
			return 0;
		if (at + d->len > end)
			end = at + d->len;
	}
	return end;
}

void compile_memory(const struct wasm_module *m, uint8_t **ret, size_t *len)
{
	uint64_t end, used = 0;

	*ret = NULL;
	*len = 0;
	if (!m->n_memories || m->n_imported_memories || m->memories[0].is64 ||
	    m->memories[0].shared)
		return;
	for (uint32_t i = 0; i < m->n_datas; i++)
		used += m->datas[i].len;
	end = end_of_data(m);
	/* Mostly holes would make a big file of a small one. */
	if (used < WORTH_IT || end == 0 || end / 4 > used)
		return;
	*len = (end + AOT_PAGE - 1) & ~(size_t)(AOT_PAGE - 1);
	*ret = xcalloc(*len, 1);
	for (uint32_t i = 0; i < m->n_datas; i++) {
		const struct data_desc *d = &m->datas[i];
		uint64_t at;

		if (d->mode == SEG_ACTIVE && d->memory == 0 &&
		    constant_offset(m, d->offset, &at))
			memcpy(*ret + at, m->bytes + d->start, d->len);
	}
}
