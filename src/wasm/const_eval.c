/* Constant expressions, evaluated.  They were validated; the values are kept
 * on the stack of the store, where the collector sees them. */
#include <errno.h>

#include "wasm/module.h"
#include "wasm/opcodes.h"
#include "wasm/compile.h"
#include "wasm/ref.h"
#include "wasm/store.h"

/* Most are one constant. */
static bool simple(struct reader *r, union wasm_value v[2])
{
	struct reader copy = *r;
	enum op op = read_op(&copy);

	switch (op) {
	case OP_i32_const:
		v->i64 = (uint32_t)read_s32(&copy);
		break;
	case OP_i64_const:
		v->i64 = (uint64_t)read_s64(&copy);
		break;
	default:
		return false;
	}
	if (read_op(&copy) != OP_end)
		return false;
	*r = copy;
	return true;
}

static void read_raw(struct reader *r, union wasm_value *v, size_t n)
{
	const uint8_t *p = read_bytes(r, n);

	if (p)
		memcpy(v, p, n);
}

/* Pops `slots` of fields and pushes the object. */
static enum wasm_trap new_object(struct wasm_instance *inst, struct reader *r,
				 enum op op)
{
	struct wasm_store *store = inst->store;
	struct exec *x = &store->exec;
	const struct type *t = inst->module->types[read_u32(r)];
	uint32_t slots = 0, n = 0;
	gc_ref ref;

	switch (op) {
	case OP_struct_new:
		for (uint32_t i = 0; i < t->n_fields; i++)
			slots += wasm_type_slots(t->fields[i].type);
		ref = struct_new(store, t->layout, x->sp - slots);
		break;
	case OP_struct_new_default:
		ref = struct_new(store, t->layout, NULL);
		break;
	case OP_array_new:
		slots = 1 + wasm_type_slots(t->fields[0].type);
		ref = array_new(store, t->layout, x->sp - slots, x->sp[-1].i32);
		break;
	case OP_array_new_default:
		slots = 1;
		ref = array_new(store, t->layout, NULL, x->sp[-1].i32);
		break;
	default: /* array.new_fixed */
		n = read_u32(r);
		slots = n * wasm_type_slots(t->fields[0].type);
		ref = array_new_fixed(store, t->layout, x->sp - slots, n);
	}
	x->sp -= slots;
	(x->sp++)->ref = ref;
	return ref ? WASM_TRAP_NONE : WASM_TRAP_HEAP_FULL;
}

static void arithmetic(struct exec *x, enum op op)
{
	union wasm_value *a = x->sp - 2, b = x->sp[-1];

	switch (op) {
	case OP_i32_add:
		a->i64 = a->i32 + b.i32;
		break;
	case OP_i32_sub:
		a->i64 = a->i32 - b.i32;
		break;
	case OP_i32_mul:
		a->i64 = a->i32 * b.i32;
		break;
	case OP_i64_add:
		a->i64 += b.i64;
		break;
	case OP_i64_sub:
		a->i64 -= b.i64;
		break;
	default:
		a->i64 *= b.i64;
	}
	x->sp--;
}

static enum wasm_trap step(struct wasm_instance *inst, struct reader *r,
			   enum op op)
{
	struct exec *x = &inst->store->exec;
	const struct wasm_global *g;

	if (x->sp + 2 > x->stack_limit)
		return WASM_TRAP_STACK;
	switch (op) {
	case OP_i32_const:
		(x->sp++)->i64 = (uint32_t)read_s32(r);
		break;
	case OP_i64_const:
		(x->sp++)->i64 = (uint64_t)read_s64(r);
		break;
	case OP_f32_const:
		x->sp->i64 = 0;
		read_raw(r, x->sp++, 4);
		break;
	case OP_f64_const:
		read_raw(r, x->sp++, 8);
		break;
	case OP_v128_const:
		read_raw(r, x->sp, 16);
		x->sp += 2;
		break;
	case OP_global_get:
		g = inst->global[read_u32(r)];
		memcpy(x->sp, g->v, sizeof(g->v));
		x->sp += wasm_type_slots(g->type);
		break;
	case OP_ref_null:
		read_heap_type(r, inst->module);
		(x->sp++)->ref = 0;
		break;
	case OP_ref_func:
		(x->sp++)->ref = (uintptr_t)inst->func[read_u32(r)];
		break;
	case OP_ref_i31:
		x->sp[-1].ref = gc_i31(x->sp[-1].i32);
		break;
	case OP_any_convert_extern:
	case OP_extern_convert_any:
		break;
	case OP_struct_new:
	case OP_struct_new_default:
	case OP_array_new:
	case OP_array_new_default:
	case OP_array_new_fixed:
		return new_object(inst, r, op);
	default:
		arithmetic(x, op);
	}
	return WASM_TRAP_NONE;
}

int const_eval_at(struct wasm_instance *inst, struct reader *r,
		  union wasm_value v[2])
{
	struct exec *x = &inst->store->exec;
	union wasm_value *bottom;
	enum wasm_trap trap = WASM_TRAP_NONE;

	v[0].i64 = v[1].i64 = 0;
	if (simple(r, v))
		return 0;
	if (!store_prepare_stack(inst->store))
		return -ENOMEM;
	bottom = x->sp;
	while (!trap) {
		enum op op = read_op(r);

		if (op == OP_end)
			break;
		trap = step(inst, r, op);
	}
	memcpy(v, bottom, (size_t)(x->sp - bottom > 1 ? 2 : 1) * sizeof(*v));
	x->sp = bottom;
	return trap;
}

int const_eval(struct wasm_instance *inst, uint32_t offset,
	       union wasm_value v[2])
{
	const struct wasm_module *m = inst->module;
	struct reader r = {.base = m->bytes,
			   .p = m->bytes + offset,
			   .end = m->bytes + m->len,
			   .where = "constant expression",
			   .func = UINT32_MAX};

	return const_eval_at(inst, &r, v);
}
