/* wasm/wasi_run.c
 * How the run of a program ended, as a shell and a person see it. */
#include "base/buf.h"
#include "wasm/wasi_internal.h"

/* An exit status has 8 bits.  One that is not success must not become it. */
static int exit_status(uint32_t code)
{
	if (code <= 255)
		return (int)code;
	return code & 255 ? (int)(code & 255) : 1;
}

/* A name out of a module goes to a terminal: whoever wrote the module must
 * not write to it. */
static void add_name(struct buf *report, struct wasm_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char ch = (unsigned char)name.data[i];

		buf_addc(report, ch < 0x20 || ch == 0x7f ? '?' : (char)ch);
	}
}

static void add_trace(struct buf *report, const struct wasm_store *store)
{
	const struct wasm_frame *frames;
	size_t total, n = wasm_store_backtrace(store, &frames, &total);

	for (size_t i = 0; i < n; i++) {
		buf_printf(report, "  %2zu: ", i);
		if (frames[i].name.len)
			add_name(report, frames[i].name);
		else
			buf_printf(report, "function %u", frames[i].func);
		if (frames[i].offset)
			buf_printf(report, " (0x%x)", frames[i].offset);
		buf_addc(report, '\n');
	}
	if (total > n)
		buf_printf(report, "  ... and %zu more\n", total - n);
}

int wasi_status(const struct wasi *w, const struct wasm_store *store, int rc,
		const struct err *err, struct buf *report)
{
	uint32_t code;

	if (w && wasi_exited(w, &code))
		return exit_status(code);
	if (rc == 0)
		return 0;
	if (rc < 0) {
		if (report)
			buf_printf(report, "%s\n", err->msg);
		return 1;
	}
	if (report) {
		buf_printf(report, "trap: %s\n",
			   rc == WASM_TRAP_HOST && err->code
				   ? err->msg
				   : wasm_trap_text((enum wasm_trap)rc));
		add_trace(report, store);
	}
	return WASI_STATUS_TRAP;
}
