/* Constant expressions: of globals, tables, and segments. */
#include <errno.h>

#include "wasm/validate.h"

static bool is_constant(enum op op)
{
	switch (op) {
	case OP_i32_const:
	case OP_i64_const:
	case OP_f32_const:
	case OP_f64_const:
	case OP_v128_const:
	case OP_i32_add:
	case OP_i32_sub:
	case OP_i32_mul:
	case OP_i64_add:
	case OP_i64_sub:
	case OP_i64_mul:
	case OP_global_get:
	case OP_ref_null:
	case OP_ref_func:
	case OP_ref_i31:
	case OP_struct_new:
	case OP_struct_new_default:
	case OP_array_new:
	case OP_array_new_default:
	case OP_array_new_fixed:
	case OP_any_convert_extern:
	case OP_extern_convert_any:
	case OP_end:
		return true;
	default:
		return false;
	}
}

int validate_const(struct reader *r, struct wasm_module *m, wasm_type want,
		   uint32_t n_globals)
{
	struct block_type result = {NULL, want};
	struct validator v = {
		.r = *r,
		.m = m,
		.types = module_types(m),
		.constant = true,
		.n_globals = n_globals,
	};

	if (r->rc)
		return r->rc;
	v_push_ctrl(&v, OP_block, &result);
	while (v.n_ctrls && v_read_op(&v)) {
		if (!is_constant(v.op))
			v_fail(&v, "constant expression required, found %s",
			       op_name(v.op));
		else
			v_instruction(&v);
		if (v.r.rc)
			break;
	}
	r->rc = v.r.rc;
	r->p = v.r.rc ? r->end : v.r.p;
	v_free(&v);
	return r->rc;
}
