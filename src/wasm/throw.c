/* Exceptions: making one, and finding who catches it.  Running code pays
 * nothing for a try_table: the search goes through tables (ir.h). */
#include "wasm/ir.h"
#include "wasm/ref.h"
#include "wasm/throw.h"

gc_ref exception_new(struct wasm_store *store, const struct wasm_tag *tag,
		     const union wasm_value *v)
{
	struct gc_heap *heap = store_heap(store);
	gc_ref ref = heap ? gc_new(heap, tag->layout) : 0;
	const struct wasm_functype *ft = &tag->type->func;

	for (uint32_t i = 0; ref && i < ft->n_params; i++)
		v += field_store(gc_field(ref, i),
				 type_storage(&store->types, ft->params[i]), v);
	return ref;
}

const struct wasm_tag *exception_tag(gc_ref ref)
{
	return gc_object(ref)->layout->type;
}

unsigned int exception_load(struct wasm_store *store, gc_ref ref,
			    union wasm_value *v)
{
	const struct wasm_functype *ft = &exception_tag(ref)->type->func;
	unsigned int n = 0;

	for (uint32_t i = 0; i < ft->n_params; i++)
		n += field_load(gc_field(ref, i),
				type_storage(&store->types, ft->params[i]),
				v + n);
	return n;
}

static const struct catch_clause *find_clause(const struct func_code *code,
					      uint32_t word,
					      const struct wasm_tag *tag)
{
	for (uint32_t i = 0; i < code->n_regions; i++) {
		const struct try_region *r = &code->regions[i];

		if (word < r->start || word >= r->end)
			continue;
		for (uint32_t j = r->first; j < r->first + r->n; j++)
			if (!code->clauses[j].tag ||
			    code->clauses[j].tag == tag)
				return &code->clauses[j];
	}
	return NULL;
}

struct catch_point exception_unwind(struct exec *x, const union code *ip,
				    union wasm_value *fp)
{
	const struct wasm_tag *tag = exception_tag(x->exception);
	struct frame *f = x->frame;

	for (;;) {
		const struct func_code *code;
		const struct catch_clause *c = NULL;

		if (f->func && !f->func->host && !f->func->native) {
			code = func_code(f->func);
			c = find_clause(code, (uint32_t)(ip - code->code), tag);
		}
		if (c) {
			union wasm_value *v = fp + c->slot;

			if (c->tag)
				v += exception_load(x->store, x->exception, v);
			if (c->with_ref)
				v->ref = x->exception;
			x->exception = 0;
			x->frame = f;
			return (struct catch_point){code->code + c->target, fp};
		}
		if (f->ret == code_exit)
			return (struct catch_point){NULL, NULL};
		/* The call is the instruction before the return address. */
		ip = f->ret - 1;
		fp = f->fp;
		f--;
	}
}
