/* bench/surface.c
 * What an attacker in each sandbox can touch, by looking from inside.
 *
 * Native code runs bench/work/probe*.c.  A module can ask for no system call
 * at all, so for a Wasm runtime it is what somebody who broke out of the
 * engine could do: surface_process.c looks at the process around a module.
 *
 * syscalls_hello is another question: which calls starting and ending a hello
 * makes altogether, the runtime's own included, as strace sees them.  It
 * can't be asked of engines, where a daemon starts the container. */
#include "bench/surface.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/tools.h"
#include "bench/workload.h"
#include "host/caps.h"

void seen_free(struct seen *s)
{
	strv_free(s->calls);
	strv_free(s->devices);
	strv_free(s->writable_proc);
	strv_free(s->writable_sys);
	free(s->kernel);
	free(s->boot_id);
	free(s->lsm);
	*s = (struct seen){0};
}

/* Younger than libseccomp may be; the same on all architectures. */
static const char *const young_calls[] = {
	"cachestat",         "fchmodat2",        "map_shadow_stack",
	"futex_wake",        "futex_wait",       "futex_requeue",
	"statmount",         "listmount",        "lsm_get_self_attr",
	"lsm_set_self_attr", "lsm_list_modules", "mseal",
	"setxattrat",        "getxattrat",       "listxattrat",
	"removexattrat",     "open_tree_attr",   "file_getattr",
	"file_setattr",
};
enum { FIRST_YOUNG_CALL = 451 };

char *surface_call_name(int number)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
	int young = number - FIRST_YOUNG_CALL;

	if (name)
		return name;
	if (young >= 0 && young < (int)ARRAY_SIZE(young_calls))
		return xstrdup(young_calls[young]);
	return xasprintf("syscall_%d", number);
}

/* --- what the probe says ----------------------------------------------- */

static void take_call(const char *text, struct seen *s)
{
	_cleanup_free_ char *name = NULL;
	char answer[16];
	int number;

	if (sscanf(text, "%d %15s", &number, answer) != 2 ||
	    !str_eq(answer, "reached"))
		return;
	name = surface_call_name(number);
	strv_add(&s->calls, name);
}

static void take_ns(const char *text, struct seen *s)
{
	static const char *const names[SEEN_N_NS] = {"user ", "pid ", "net "};

	for (int i = 0; i < SEEN_N_NS; i++) {
		const char *inode = str_after(text, names[i]);

		if (inode)
			parse_u64(inode, UINT64_MAX, &s->ns[i]);
	}
}

static void take_more(const char *text, struct seen *s)
{
	const char *n;

	if ((n = str_after(text, "/dev ")))
		parse_u64(n, UINT32_MAX, &s->more_devices);
	else if ((n = str_after(text, "/proc ")))
		parse_u64(n, UINT32_MAX, &s->more_proc);
	else if ((n = str_after(text, "/sys ")))
		parse_u64(n, UINT32_MAX, &s->more_sys);
}

static void take_text(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

static void take_line(const char *line, struct seen *s)
{
	const char *rest;

	if ((rest = str_after(line, "call ")))
		take_call(rest, s);
	else if ((rest = str_after(line, "device ")))
		strv_add(&s->devices, rest);
	else if ((rest = str_after(line, "writable ")))
		strv_add(str_after(rest, "/sys/") ? &s->writable_sys
						  : &s->writable_proc,
			 rest);
	else if ((rest = str_after(line, "more ")))
		take_more(rest, s);
	else if ((rest = str_after(line, "ns ")))
		take_ns(rest, s);
	else if ((rest = str_after(line, "caps ")))
		sscanf(rest, "%" SCNx64 " %" SCNx64, &s->permitted,
		       &s->bounding);
	else if ((rest = str_after(line, "kernel ")))
		take_text(&s->kernel, rest);
	else if ((rest = str_after(line, "boot ")))
		take_text(&s->boot_id, rest);
	else if ((rest = str_after(line, "lsm ")))
		take_text(&s->lsm, rest);
	else if ((rest = str_after(line, "no_new_privs ")))
		s->no_new_privs = str_eq(rest, "1");
	else if ((rest = str_after(line, "seccomp ")))
		s->seccomp = !str_eq(rest, "0");
	else if ((rest = str_after(line, "how ")))
		s->exact = str_eq(rest, "filter");
	else if (str_eq(line, "end"))
		s->complete = true;
}

static void take_output(char *text, struct seen *s)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		take_line(line, s);
}

/* `p` NULL: on the host. */
static int run_probe(struct bench *b, const struct participant *p,
		     const char *rootfs, struct seen *s, struct err *err)
{
	char *on_host = arena_printf(b->r.arena, "%s/bin/probe", rootfs);
	struct bench_run run;
	char *why;
	int rc = p ? bench_run_workload(b, p, rootfs,
					WORDS(workload_for(p, "/probe.wasm",
							   "/bin/probe")),
					b->o.timeout_ms, &run, err)
		   : tool_run(WORDS(on_host, (char *)"--host"), b->o.timeout_ms,
			      &run, err);

	if (rc < 0)
		return rc;
	why = workload_failure(b, &run);
	take_output(run.out, s);
	bench_run_free(&run);
	if (why)
		return err_say(err, -EIO, "%s", why);
	if (!s->complete)
		return err_say(err, -EIO, "the probe did not come to its end");
	return 0;
}

/* --- what a hello takes ------------------------------------------------ */

/* "123 openat(AT_FDCWD, ..." or "123 <... read resumed>...": the first names
 * a call. */
static void take_strace_line(char *line, char ***calls)
{
	char *name = line + strspn(line, "0123456789 "), *end;

	end = name + strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (end == name || *end != '(')
		return;
	*end = '\0';
	if (!strv_has(*calls, name))
		strv_add(calls, name);
}

static int read_strace(const char *path, char ***calls, struct err *err)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256];
	bool begins = true;

	if (!f)
		return err_set(err, -errno, "open %s", path);
	while (fgets(line, sizeof(line), f)) {
		bool ends = strchr(line, '\n');

		if (begins)
			take_strace_line(line, calls);
		begins = ends;
	}
	return 0;
}

/* The participant's program by way of strace, which is a script in its
 * place. */
static int run_traced(struct bench *b, const struct participant *p,
		      const char *rootfs, const char *strace, const char *out,
		      struct bench_run *run, struct err *err)
{
	char *script = arena_printf(b->r.arena, "%s/strace", b->scratch);
	struct participant traced = *p;
	int rc = workload_add_text(
		b->scratch, "/strace",
		arena_printf(b->r.arena,
			     "#!/bin/sh\nexec %s -f -qq -o %s %s \"$@\"\n",
			     strace, out, p->path),
		err);

	if (rc < 0)
		return rc;
	if (chmod(script, 0755) < 0)
		return err_set(err, -errno, "%s", script);
	traced.path = script;
	return bench_run_workload(
		b, &traced, rootfs,
		WORDS(workload_for(p, "/hello.wasm", "/bin/hello")),
		b->o.timeout_ms, run, err);
}

/* `p` NULL: on the host. */
static int trace_hello(struct bench *b, const struct participant *p,
		       const char *rootfs, char ***calls, struct err *err)
{
	char *hello = arena_printf(b->r.arena, "%s/bin/hello", rootfs);
	char *out = arena_printf(b->r.arena, "%s/strace.out", b->scratch);
	char *strace = tool_find(b, "strace"), *why;
	struct bench_run run;
	int rc;

	if (!strace)
		return err_say(err, -ENOENT, "strace is not installed");
	unlink(out);
	rc = p ? run_traced(b, p, rootfs, strace, out, &run, err)
	       : tool_run(WORDS(strace, (char *)"-f", (char *)"-qq",
				(char *)"-o", out, hello),
			  b->o.timeout_ms, &run, err);
	if (rc < 0)
		return rc;
	why = workload_failure(b, &run);
	bench_run_free(&run);
	if (why)
		return err_say(err, -EIO, "%s", why);
	return read_strace(out, calls, err);
}

/* --- rows -------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A sorted copy. */
static char **in_arena(struct bench *b, char *const *v)
{
	size_t n = strv_len(v);
	char **sorted = arena_alloc(b->r.arena, n + 1, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = arena_strdup(b->r.arena, v[i]);
	qsort(sorted, n, sizeof(*sorted), by_text);
	return sorted;
}

static char **capability_names(struct bench *b, const struct seen *s)
{
	_cleanup_strv_ char **v = NULL;

	for (int cap = 0; cap < CAPS_MAX; cap++) {
		uint64_t bit = UINT64_C(1) << cap;
		const char *name = cap_name(cap);
		char other[32];

		if (!((s->permitted | s->bounding) & bit))
			continue;
		snprintf(other, sizeof(other), "CAP_%d", cap);
		/* What is only in the bounding set comes with a program that
		 * has it or is root's, unless new privileges are off. */
		if (s->permitted & bit)
			strv_add(&v, name ? name : other);
		else if (!s->no_new_privs)
			strv_add(&v, arena_printf(b->r.arena, "%s (bounding)",
						  name ? name : other));
	}
	return in_arena(b, v);
}

static bool differs(const char *a, const char *b)
{
	return !str_empty(a) && !str_empty(b) && !str_eq(a, b);
}

static uint32_t count(char *const *v, uint64_t more)
{
	return (uint32_t)(strv_len(v) + more);
}

static void fill_row(struct bench *b, struct bench_surface *row,
		     const struct seen *s, const struct seen *host)
{
	row->ok = true;
	row->reachable = in_arena(b, s->calls);
	row->syscalls_reachable = (uint32_t)strv_len(s->calls);
	row->capabilities = capability_names(b, s);
	row->devices = in_arena(b, s->devices);
	row->writable_proc = in_arena(b, s->writable_proc);
	row->writable_sys = in_arena(b, s->writable_sys);
	row->devices_found = count(s->devices, s->more_devices);
	row->writable_proc_found = count(s->writable_proc, s->more_proc);
	row->writable_sys_found = count(s->writable_sys, s->more_sys);
	row->user_ns = s->ns[SEEN_USER_NS] != host->ns[SEEN_USER_NS];
	row->pid_ns = s->ns[SEEN_PID_NS] != host->ns[SEEN_PID_NS];
	row->net_ns = s->ns[SEEN_NET_NS] != host->ns[SEEN_NET_NS];
	row->no_new_privs = s->no_new_privs;
	row->seccomp = s->seccomp;
	row->second_kernel = differs(s->kernel, host->kernel) ||
			     differs(s->boot_id, host->boot_id);
	row->lsm = str_empty(s->lsm) ? NULL : arena_strdup(b->r.arena, s->lsm);
}

struct surface {
	struct bench *b;
	char *rootfs;
	char *no_module; /* why there is none of the probe */
	struct seen host;
	bool told_strace;
};

static int look(struct surface *f, const struct participant *p, struct seen *s,
		struct err *err)
{
	int rc;

	if (p->code == BENCH_WASM && f->no_module)
		return err_say(err, -ENOENT, "%s", f->no_module);
	rc = run_probe(f->b, p, f->rootfs, s, err);
	if (rc < 0 || p->code != BENCH_WASM)
		return rc;
	return surface_of_process(f->b, p, f->rootfs, &f->host, s, err);
}

static void add_hello(struct surface *f, const struct participant *p,
		      struct bench_surface *row)
{
	_cleanup_strv_ char **calls = NULL;
	struct err err = {0};

	if (p && p->kind == BENCH_ENGINE)
		return;
	if (trace_hello(f->b, p, f->rootfs, &calls, &err) < 0) {
		if (bench_interrupted())
			return;
		/* The same sentence once is enough. */
		if (err.code != ENOENT || !f->told_strace)
			bench_problem(f->b, "surface: %s: hello: %s",
				      row->participant, err.msg);
		f->told_strace |= err.code == ENOENT;
		return;
	}
	row->hello = in_arena(f->b, calls);
	row->syscalls_hello = (uint32_t)strv_len(calls);
}

static void add_row(struct surface *f, const struct participant *p)
{
	struct seen s = {0};
	struct err err = {0};
	int rc = look(f, p, &s, &err);
	struct bench_surface *row;

	if (bench_interrupted()) {
		seen_free(&s);
		return;
	}
	row = bench_add(&f->b->r, surface);
	row->participant = arena_strdup(f->b->r.arena, p->name);
	if (rc < 0) {
		row->reason = arena_strdup(f->b->r.arena, err.msg);
	} else {
		fill_row(f->b, row, &s, &f->host);
		if (!s.exact)
			bench_problem(f->b,
				      "surface: %s: no filter could be "
				      "stacked: calls that the kernel itself "
				      "refuses count as unreachable",
				      p->name);
		add_hello(f, p, row);
	}
	seen_free(&s);
}

/* The two programs and the two modules. */
static int prepare(struct surface *f, struct err *err)
{
	struct bench *b = f->b;
	char *probe = tool_shipped(b, "work/bench-probe", err), *module;
	struct err why = {0};
	int rc;

	if (!probe)
		return -ENOENT;
	rc = bench_make_rootfs(b, "surface", &f->rootfs, err);
	if (rc == 0)
		rc = workload_add_program(b, f->rootfs, probe, "/bin/probe",
					  err);
	if (rc < 0)
		return rc;
	module = tool_compile(b, COMPILE_C_WASM, "probe.wasm",
			      WORDS((char *)"work/probe_wasi.c",
				    (char *)"work/probe_files.c"),
			      WORDS((char *)"-Wl,-s"), &why);
	if (!module)
		f->no_module = arena_strdup(b->r.arena, why.msg);
	return module ? workload_add(f->rootfs, module, "/probe.wasm", err) : 0;
}

static void add_host(struct surface *f)
{
	struct bench_surface *row = bench_add(&f->b->r, surface);

	row->participant = arena_strdup(f->b->r.arena, workload_host);
	fill_row(f->b, row, &f->host, &f->host);
	add_hello(f, NULL, row);
}

int bench_surface(struct bench *b, struct err *err)
{
	struct surface f = {.b = b};
	size_t done = 0;
	int rc = prepare(&f, err);

	if (rc == 0)
		rc = run_probe(b, NULL, f.rootfs, &f.host, err);
	if (rc == 0)
		add_host(&f);
	BENCH_FOREACH(p, b)
	{
		if (rc < 0 || bench_interrupted())
			break;
		bench_progress(b, "surface", p->name, (double)done++,
			       (double)b->n_participants);
		if (workload_runs(p))
			add_row(&f, p);
	}
	seen_free(&f.host);
	workload_remove(f.rootfs);
	if (bench_interrupted())
		return 0;
	return rc < 0 ? err_wrap(err, "surface") : 0;
}
