#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "wasm/aot_run.h"
#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/store.h"

/* What the host makes is in one list, each behind its destructor. */
struct host_object {
	struct host_object *next;
	void (*destroy)(void *object);
	void (*mark)(struct gc_heap *heap, void *object);
	_Alignas(16) char data[];
};

int wasm_store_new(const struct wasm_config *cfg, struct wasm_store **ret,
		   struct err *err)
{
	struct wasm_store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_say(err, -ENOMEM, "out of memory");
	rc = trap_init_thread();
	if (rc < 0) {
		free(s);
		return err_set(err, rc, "prepare for faults");
	}
	if (cfg)
		s->cfg = *cfg;
	if (!s->cfg.memory_bytes)
		s->cfg.memory_bytes = UINT64_MAX;
	if (!s->cfg.table_elems)
		s->cfg.table_elems = 10000000;
	if (!s->cfg.heap_bytes)
		s->cfg.heap_bytes = UINT64_C(1) << 30;
	if (!s->cfg.stack_bytes)
		s->cfg.stack_bytes = 4u << 20;
	if (!s->cfg.call_depth)
		s->cfg.call_depth = 65536;
	s->exec.store = s;
	*ret = s;
	return 0;
}

void wasm_store_free(struct wasm_store *s)
{
	if (!s)
		return;
	while (s->instances) {
		struct wasm_instance *next = s->instances->next;

		instance_free(s->instances);
		s->instances = next;
	}
	while (s->objects) {
		struct host_object *next = s->objects->next;

		if (s->objects->destroy)
			s->objects->destroy(s->objects->data);
		free(s->objects);
		s->objects = next;
	}
	while (s->modules) {
		struct wasm_module *next = s->modules->next;

		module_free(s->modules);
		s->modules = next;
	}
	gc_heap_free(s->heap);
	type_table_free(&s->types);
	aot_stop_interrupt(&s->exec);
	free(s->exec.results);
	if (s->exec.stack)
		munmap(s->exec.stack, s->stack_mapped);
	free(s->trace);
	free(s->backtrace);
	free(s);
}

void *store_alloc(struct wasm_store *store, size_t size,
		  void (*destroy)(void *object),
		  void (*mark)(struct gc_heap *heap, void *object))
{
	struct host_object *o = calloc(1, sizeof(*o) + size);

	if (!o)
		return NULL;
	o->destroy = destroy;
	o->mark = mark;
	o->next = store->objects;
	store->objects = o;
	return o->data;
}

void wasm_store_interrupt(struct wasm_store *store)
{
	__atomic_store_n(&store->exec.interrupt, 1, __ATOMIC_SEQ_CST);
	aot_interrupt(&store->exec);
}

void wasm_store_resume(struct wasm_store *store)
{
	aot_stop_interrupt(&store->exec);
	__atomic_store_n(&store->exec.interrupt, 0, __ATOMIC_RELAXED);
}

void wasm_store_set_fuel(struct wasm_store *store, uint64_t fuel)
{
	store->exec.fuel = fuel;
}

uint64_t wasm_store_fuel(const struct wasm_store *store)
{
	return store->exec.fuel;
}

/* The stack of values and that of frames, which grow into pages that cost
 * nothing until then. */
bool store_prepare_stack(struct wasm_store *s)
{
	struct exec *x = &s->exec;
	size_t values = (s->cfg.stack_bytes + 15) & ~(size_t)15;
	size_t size =
		values + (size_t)(s->cfg.call_depth + 2) * sizeof(struct frame);
	char *p;

	if (x->stack)
		return true;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	s->stack_mapped = size;
	x->stack = x->sp = (union wasm_value *)p;
	x->stack_limit = (union wasm_value *)(p + values);
	x->frames = x->frame = (struct frame *)(p + values);
	x->frame_limit = x->frames + s->cfg.call_depth + 2;
	x->frame->ret = code_exit;
	/* A signal handler may have to write to it. */
	s->trace = calloc(MAX_TRACE, sizeof(s->trace[0]));
	return true;
}

/* --- the heap ------------------------------------------------------------ */

static void mark_table(struct gc_heap *heap, const struct wasm_table *t)
{
	if (t->elem != WASM_FUNCREF)
		gc_mark_words(heap, t->elems, t->len * sizeof(t->elems[0]));
}

static void mark_instance(struct gc_heap *heap,
			  const struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;

	/* Imports too: it costs little, and then nobody else has to. */
	for (uint32_t i = 0; i < m->n_globals; i++)
		if (inst->global[i])
			gc_mark(heap, inst->global[i]->v[0].ref);
	for (uint32_t i = 0; i < m->n_tables; i++)
		if (inst->table[i])
			mark_table(heap, inst->table[i]);
	for (uint32_t i = 0; i < m->n_elems; i++)
		if (m->elems[i].type != WASM_FUNCREF)
			gc_mark_words(heap, inst->elem[i].refs,
				      inst->elem[i].len * sizeof(uint64_t));
}

/* Compiled code keeps references where it likes, as addresses within objects
 * too: in registers, which are all in this frame now, and on the stack. */
static void __attribute__((noinline)) mark_native(struct gc_heap *heap,
						  const char *top)
{
	const char *here;

	__builtin_unwind_init();
	here = __builtin_frame_address(0);
	/* What this function itself saved lies below its frame's address. */
	here -= 256;
	gc_mark_inside(heap, here, (size_t)(top - here));
}

static void mark_roots(struct gc_heap *heap, void *context)
{
	struct wasm_store *s = context;
	struct exec *x = &s->exec;

	gc_mark(heap, x->exception);
	if (x->stack)
		gc_mark_words(heap, x->stack,
			      (size_t)(x->sp - x->stack) * sizeof(*x->sp));
	if (x->native_top)
		mark_native(heap, x->native_top);
	for (struct wasm_instance *i = s->instances; i; i = i->next)
		mark_instance(heap, i);
	for (struct host_object *o = s->objects; o; o = o->next)
		if (o->mark)
			o->mark(heap, o->data);
}

struct gc_heap *store_heap(struct wasm_store *store)
{
	if (!store->heap) {
		store->heap =
			gc_heap_new(store->cfg.heap_bytes, mark_roots, store);
		if (store->heap && store->cfg.gc_torture)
			gc_heap_torture(store->heap);
	}
	return store->heap;
}

void wasm_ref_hold(struct wasm_store *store, struct gc_root *root, uint64_t ref)
{
	/* Without a heap there is nothing to keep. */
	if (store->heap)
		gc_root_add(store->heap, root, ref);
}

uint64_t wasm_ref_new_host(struct wasm_store *store, void *data)
{
	struct gc_heap *heap = store_heap(store);

	return heap ? gc_new_host(heap, data) : 0;
}

void *wasm_ref_host(uint64_t ref)
{
	return ref && !gc_is_i31(ref) && gc_is_host(ref) ? gc_host_data(ref)
							 : NULL;
}

/* --- things made by the host --------------------------------------------- */

static void mark_global(struct gc_heap *heap, void *object)
{
	gc_mark(heap, ((struct wasm_global *)object)->v[0].ref);
}

static void mark_host_table(struct gc_heap *heap, void *object)
{
	mark_table(heap, object);
}

static void destroy_table(void *object)
{
	wasm_table_destroy(object);
}

static void destroy_memory(void *object)
{
	wasm_memory_destroy(object);
}

int wasm_global_new(struct wasm_store *store, wasm_type type, bool is_mutable,
		    const union wasm_value *v, struct wasm_global **ret,
		    struct err *err)
{
	struct wasm_global *g =
		store_alloc(store, sizeof(*g), NULL, mark_global);

	if (!g)
		return err_say(err, -ENOMEM, "out of memory");
	g->type = type;
	g->is_mutable = is_mutable;
	memcpy(g->v, v, wasm_type_slots(type) * sizeof(*v));
	*ret = g;
	return 0;
}

int wasm_table_new(struct wasm_store *store, wasm_type elem,
		   const struct wasm_limits *limits, struct wasm_table **ret,
		   struct err *err)
{
	struct wasm_table *t =
		store_alloc(store, sizeof(*t), destroy_table, mark_host_table);
	int rc;

	if (!t)
		return err_say(err, -ENOMEM, "out of memory");
	rc = wasm_table_init(t, elem, limits, store->cfg.table_elems, 0, err);
	if (rc == 0)
		*ret = t;
	return rc;
}

int wasm_memory_new(struct wasm_store *store, const struct wasm_limits *limits,
		    struct wasm_memory **ret, struct err *err)
{
	struct wasm_memory_type type = {
		.min_pages = limits->min,
		.max_pages = limits->max,
		.has_max = limits->has_max,
		.is64 = limits->is64,
		.shared = limits->shared,
		.checked = store->cfg.checked,
	};
	struct wasm_memory *m =
		store_alloc(store, sizeof(*m), destroy_memory, NULL);
	int rc;

	if (!m)
		return err_say(err, -ENOMEM, "out of memory");
	rc = wasm_memory_init(m, &type, store->cfg.memory_bytes, err);
	if (rc == 0)
		*ret = m;
	return rc;
}

wasm_type wasm_global_type(const struct wasm_global *g, bool *is_mutable)
{
	if (is_mutable)
		*is_mutable = g->is_mutable;
	return g->type;
}

void wasm_global_get(const struct wasm_global *g, union wasm_value v[2])
{
	memcpy(v, g->v, wasm_type_slots(g->type) * sizeof(*v));
}

void wasm_global_set(struct wasm_global *g, const union wasm_value v[2])
{
	memcpy(g->v, v, wasm_type_slots(g->type) * sizeof(*v));
}

uint8_t *wasm_memory_data(struct wasm_memory *m, uint64_t *len)
{
	*len = wasm_memory_size(m);
	return m->base;
}
