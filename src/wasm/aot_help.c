/* What compiled code asks of the engine, beside objects and exceptions. */
#include "wasm/aot_help.h"

#include "wasm/aot_run.h"
#include "wasm/atomic.h"
#include "wasm/simd.h"
#include "wasm/store.h"

#define aot_help_throw aot_throw

const void *const aot_helpers[] = {
#define H(name, sig) (const void *)aot_help_##name,
#include "wasm/aot.def"
};

/* --- calls ---------------------------------------------------------------------- */

static enum wasm_trap call_host(struct wasm_instance *inst, struct wasm_func *f,
				union wasm_value *v)
{
	struct wasm_caller c = {inst->store, inst};
	struct trap_activation *act = trap_suspend();
	enum wasm_trap trap = f->host(&c, f->data, v);

	trap_resume(act);
	return trap;
}

uint32_t aot_help_call(struct wasm_instance *inst, struct wasm_func *f,
		       union wasm_value *v)
{
	struct exec *x = &inst->store->exec;
	enum wasm_trap trap;

	if (f->host)
		trap = call_host(inst, f, v);
	else
		trap = call_nested(f, v);
	/* A timeout may have come while nothing of ours was running. */
	if (!trap && __atomic_load_n(&x->interrupt, __ATOMIC_RELAXED))
		trap = WASM_TRAP_INTERRUPTED;
	return trap;
}

uint32_t aot_help_type_check(struct wasm_instance *inst, struct wasm_func *f,
			     uint32_t type)
{
	return type_id_matches(&inst->store->types, f->type->id,
			       inst->types[type]->id)
		       ? WASM_TRAP_NONE
		       : WASM_TRAP_CALL_TYPE;
}

/* --- memories --------------------------------------------------------------------- */

int64_t aot_help_memory_grow(struct wasm_instance *inst, uint32_t memory,
			     uint64_t pages)
{
	return wasm_memory_grow(inst->memory[memory], pages);
}

uint32_t aot_help_memory_fill(struct wasm_instance *inst, uint32_t memory,
			      uint64_t at, uint32_t value, uint64_t len)
{
	return wasm_memory_fill(inst->memory[memory], at, (uint8_t)value, len);
}

uint32_t aot_help_memory_copy(struct wasm_instance *inst, uint32_t to,
			      uint32_t from, uint64_t to_at, uint64_t from_at,
			      uint64_t len)
{
	return wasm_memory_copy(inst->memory[to], to_at, inst->memory[from],
				from_at, len);
}

uint32_t aot_help_memory_init(struct wasm_instance *inst, uint32_t memory,
			      uint32_t segment, uint64_t to, uint32_t from,
			      uint32_t len)
{
	const struct data_seg *s = &inst->data[segment];

	return wasm_memory_copy_in(inst->memory[memory], to, s->data, s->len,
				   from, len);
}

void aot_help_data_drop(struct wasm_instance *inst, uint32_t segment)
{
	inst->data[segment].len = 0;
}

/* --- tables ------------------------------------------------------------------------- */

int64_t aot_help_table_grow(struct wasm_instance *inst, uint32_t table,
			    uint64_t n, uint64_t ref)
{
	return wasm_table_grow(inst->table[table], n, ref);
}

uint32_t aot_help_table_fill(struct wasm_instance *inst, uint32_t table,
			     uint64_t at, uint64_t ref, uint64_t n)
{
	return wasm_table_fill(inst->table[table], at, ref, n);
}

uint32_t aot_help_table_copy(struct wasm_instance *inst, uint32_t to,
			     uint32_t from, uint64_t to_at, uint64_t from_at,
			     uint64_t n)
{
	return wasm_table_copy(inst->table[to], to_at, inst->table[from],
			       from_at, n);
}

uint32_t aot_help_table_init(struct wasm_instance *inst, uint32_t table,
			     uint32_t segment, uint64_t to, uint32_t from,
			     uint32_t n)
{
	const struct elem_seg *s = &inst->elem[segment];

	return wasm_table_copy_in(inst->table[table], to, s->refs, s->len, from,
				  n);
}

void aot_help_elem_drop(struct wasm_instance *inst, uint32_t segment)
{
	inst->elem[segment].len = 0;
}

/* --- atomics -------------------------------------------------------------------------- */

static bool interrupted(void *exec)
{
	const struct exec *x = exec;

	return __atomic_load_n(&x->interrupt, __ATOMIC_RELAXED);
}

uint32_t aot_help_wait32(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint32_t expected, int64_t timeout,
			 uint32_t *ret)
{
	return atomic_wait(inst->memory[memory], address, 4, expected, timeout,
			   interrupted, &inst->store->exec, ret);
}

uint32_t aot_help_wait64(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint64_t expected, int64_t timeout,
			 uint32_t *ret)
{
	return atomic_wait(inst->memory[memory], address, 8, expected, timeout,
			   interrupted, &inst->store->exec, ret);
}

uint32_t aot_help_notify(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint32_t count, uint32_t *ret)
{
	return atomic_notify(inst->memory[memory], address, count, ret);
}

/* --- vectors -------------------------------------------------------------------------- */

void aot_help_f32x4_madd(struct wasm_instance *inst, union wasm_value *v)
{
	v128_store(v, simd_f32x4_relaxed_madd(v128_load(v), v128_load(v + 2),
					      v128_load(v + 4)));
}

void aot_help_f64x2_madd(struct wasm_instance *inst, union wasm_value *v)
{
	v128_store(v, simd_f64x2_relaxed_madd(v128_load(v), v128_load(v + 2),
					      v128_load(v + 4)));
}
