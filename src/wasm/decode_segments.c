/* The element and data sections. */
#include <errno.h>

#include "wasm/module.h"

static void read_elem_funcs(struct reader *r, struct wasm_module *m,
			    struct elem_desc *e)
{
	e->n = read_count(r, 1, "elements");
	e->start = reader_offset(r);
	for (uint32_t i = 0; i < e->n && !r->rc; i++) {
		const uint8_t *at = r->p;
		uint32_t index = read_u32(r);

		if (r->rc)
			return;
		if (index >= m->n_funcs) {
			reader_fail(r, at, -EINVAL, "unknown function %u",
				    index);
			return;
		}
		m->declared[index / 8] |= (uint8_t)(1 << index % 8);
	}
}

static void read_elem_exprs(struct reader *r, struct wasm_module *m,
			    struct elem_desc *e)
{
	e->exprs = true;
	e->n = read_count(r, 2, "elements");
	e->start = reader_offset(r);
	for (uint32_t i = 0; i < e->n && !r->rc; i++)
		validate_const(r, m, e->type, m->n_globals);
}

/* Flags: 1 not active; 2 has a table index, or is declarative; 4 holds
 * expressions. */
static int read_elem(struct reader *r, struct wasm_module *m,
		     struct elem_desc *e)
{
	const uint8_t *at = r->p;
	uint32_t flags = read_u32(r);

	if (flags > 7)
		return reader_fail(r, at, -ENOEXEC,
				   "malformed elements segment kind");
	e->mode = !(flags & 1) ? SEG_ACTIVE
		  : flags & 2  ? SEG_DECLARATIVE
			       : SEG_PASSIVE;
	e->type = WASM_REF | (uint32_t)WASM_HEAP_FUNC << 8;
	if (flags & 4)
		e->type = WASM_FUNCREF;
	if (e->mode == SEG_ACTIVE) {
		e->table = flags & 2 ? read_u32(r) : 0;
		if (!r->rc && e->table >= m->n_tables)
			return reader_fail(r, at, -EINVAL, "unknown table %u",
					   e->table);
		if (r->rc)
			return r->rc;
		e->offset = reader_offset(r);
		validate_const(r, m,
			       m->tables[e->table].limits.is64 ? WASM_I64
							       : WASM_I32,
			       m->n_globals);
	}
	if (flags & 3 && flags & 4) {
		const uint8_t *type_at = r->p;

		e->type = read_value_type(r, m);
		if (!r->rc && !wasm_type_is_ref(e->type))
			return reader_fail(r, type_at, -ENOEXEC,
					   "malformed reference type");
	} else if (flags & 3 && read_byte(r) != 0) {
		return reader_fail(r, r->p - 1, -ENOEXEC,
				   "malformed element kind");
	}
	if (flags & 4)
		read_elem_exprs(r, m, e);
	else
		read_elem_funcs(r, m, e);
	if (!r->rc && e->mode == SEG_ACTIVE &&
	    !type_matches(module_types(m), e->type, m->tables[e->table].elem))
		return reader_fail(r, at, -EINVAL,
				   "type mismatch: elements do not match "
				   "table %u",
				   e->table);
	return r->rc;
}

int decode_elem_section(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 2, "element segments");

	if (!arena_array(&m->arena, m->elems, n))
		return reader_fail(r, r->p, -ENOMEM, "out of memory");
	while (m->n_elems < n && read_elem(r, m, &m->elems[m->n_elems]) == 0)
		m->n_elems++;
	return r->rc;
}

static int read_data(struct reader *r, struct wasm_module *m,
		     struct data_desc *d)
{
	const uint8_t *at = r->p;
	uint32_t flags = read_u32(r);

	if (flags > 2)
		return reader_fail(r, at, -ENOEXEC,
				   "malformed data segment kind");
	d->mode = flags == 1 ? SEG_PASSIVE : SEG_ACTIVE;
	if (d->mode == SEG_ACTIVE) {
		d->memory = flags == 2 ? read_u32(r) : 0;
		if (r->rc)
			return r->rc;
		if (d->memory >= m->n_memories)
			return reader_fail(r, at, -EINVAL, "unknown memory %u",
					   d->memory);
		d->offset = reader_offset(r);
		validate_const(
			r, m, m->memories[d->memory].is64 ? WASM_I64 : WASM_I32,
			m->n_globals);
	}
	d->len = read_u32(r);
	d->start = reader_offset(r);
	read_bytes(r, d->len);
	return r->rc;
}

int decode_data_section(struct reader *r, struct wasm_module *m)
{
	const uint8_t *at = r->p;
	uint32_t n = read_count(r, 2, "data segments"), declared = m->n_datas;

	if (!r->rc && m->has_data_count && n != declared)
		return reader_fail(r, at, -ENOEXEC,
				   "data count and data section have "
				   "inconsistent lengths");
	if (!arena_array(&m->arena, m->datas, n))
		return reader_fail(r, r->p, -ENOMEM, "out of memory");
	m->n_datas = 0;
	while (m->n_datas < n && read_data(r, m, &m->datas[m->n_datas]) == 0)
		m->n_datas++;
	return r->rc;
}
