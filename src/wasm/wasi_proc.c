/* wasm/wasi_proc.c
 * Arguments, environment, clocks, random bytes, and the end. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "wasm/wasi_internal.h"

/* --- vectors of strings ------------------------------------------------ */

static uint32_t strings_sizes(struct wasi_call *c, char *const *v,
			      const union wasm_value *arg)
{
	uint64_t n = 0, bytes = 0;
	uint32_t rc;

	for (; v && v[n]; n++)
		bytes += strlen(v[n]) + 1;
	if (bytes > UINT32_MAX)
		return WASI_EOVERFLOW;
	rc = guest_write_u32(c, arg[0].i32, (uint32_t)n);
	return rc ? rc : guest_write_u32(c, arg[1].i32, (uint32_t)bytes);
}

/* arg[0]: where the pointers go, arg[1]: where the bytes go. */
static uint32_t strings_get(struct wasi_call *c, char *const *v,
			    const union wasm_value *arg)
{
	uint64_t ptrs = arg[0].i32, bytes = arg[1].i32;

	for (; v && *v; v++) {
		size_t len = strlen(*v) + 1;

		if (bytes > UINT32_MAX || ptrs > UINT32_MAX)
			return WASI_EFAULT;
		if (guest_write_u32(c, (uint32_t)ptrs, (uint32_t)bytes) ||
		    !guest_write(c, (uint32_t)bytes, *v, len))
			return WASI_EFAULT;
		ptrs += 4;
		bytes += len;
	}
	return WASI_SUCCESS;
}

uint32_t wasi_args_sizes_get(struct wasi_call *c, const union wasm_value *arg)
{
	return strings_sizes(c, c->w->cfg.args, arg);
}

uint32_t wasi_args_get(struct wasi_call *c, const union wasm_value *arg)
{
	return strings_get(c, c->w->cfg.args, arg);
}

uint32_t wasi_environ_sizes_get(struct wasi_call *c,
				const union wasm_value *arg)
{
	return strings_sizes(c, c->w->cfg.env, arg);
}

uint32_t wasi_environ_get(struct wasi_call *c, const union wasm_value *arg)
{
	return strings_get(c, c->w->cfg.env, arg);
}

/* --- clocks ------------------------------------------------------------ */

static const clockid_t clocks[] = {
	CLOCK_REALTIME,
	CLOCK_MONOTONIC,
	CLOCK_PROCESS_CPUTIME_ID,
	CLOCK_THREAD_CPUTIME_ID,
};

static uint64_t nanoseconds(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint32_t wasi_clock_res_get(struct wasi_call *c, const union wasm_value *arg)
{
	struct timespec ts;

	if (arg[0].i32 >= ARRAY_SIZE(clocks))
		return WASI_EINVAL;
	if (clock_getres(clocks[arg[0].i32], &ts) < 0)
		return wasi_errno(-errno);
	return guest_write_u64(c, arg[1].i32, nanoseconds(ts));
}

uint32_t wasi_clock_time_get(struct wasi_call *c, const union wasm_value *arg)
{
	struct timespec ts;

	if (arg[0].i32 >= ARRAY_SIZE(clocks))
		return WASI_EINVAL;
	if (clock_gettime(clocks[arg[0].i32], &ts) < 0)
		return wasi_errno(-errno);
	return guest_write_u64(c, arg[2].i32, nanoseconds(ts));
}

/* --- the rest ---------------------------------------------------------- */

uint32_t wasi_random_get(struct wasi_call *c, const union wasm_value *arg)
{
	uint32_t len = arg[1].i32, got = 0;
	uint8_t *buf = guest_at(c, arg[0].i32, len);

	if (!buf)
		return WASI_EFAULT;
	while (got < len) {
		/* Above 256 bytes the kernel may be interrupted half way. */
		ssize_t n = getrandom(buf + got, len - got, 0);

		if (n < 0)
			return wasi_errno(-errno);
		got += (uint32_t)n;
	}
	return WASI_SUCCESS;
}

uint32_t wasi_sched_yield(struct wasi_call *c, const union wasm_value *arg)
{
	sched_yield();
	return WASI_SUCCESS;
}

static void end(struct wasi *w, uint32_t code)
{
	w->exited = true;
	w->exit_code = code;
}

uint32_t wasi_proc_exit(struct wasi_call *c, const union wasm_value *arg)
{
	end(c->w, arg[0].i32);
	return WASI_SUCCESS;
}

/* Signals in the order of WASI, from 1, and what each does to a program that
 * has no handler.  WASI has none, so this is all there is to do; the process
 * itself gets no signal, which init of a container could not die of. */
enum action { IGNORE, END, STOP };

static const struct {
	uint8_t host;
	uint8_t action;
} signals[] = {
	{0, IGNORE},        {SIGHUP, END},     {SIGINT, END},
	{SIGQUIT, END},     {SIGILL, END},     {SIGTRAP, END},
	{SIGABRT, END},     {SIGBUS, END},     {SIGFPE, END},
	{SIGKILL, END},     {SIGUSR1, END},    {SIGSEGV, END},
	{SIGUSR2, END},     {SIGPIPE, END},    {SIGALRM, END},
	{SIGTERM, END},     {SIGCHLD, IGNORE}, {SIGCONT, IGNORE},
	{SIGSTOP, STOP},    {SIGTSTP, STOP},   {SIGTTIN, STOP},
	{SIGTTOU, STOP},    {SIGURG, IGNORE},  {SIGXCPU, END},
	{SIGXFSZ, END},     {SIGVTALRM, END},  {SIGPROF, END},
	{SIGWINCH, IGNORE}, {SIGPOLL, END},    {SIGPWR, END},
	{SIGSYS, END},
};

uint32_t wasi_proc_raise(struct wasi_call *c, const union wasm_value *arg)
{
	uint32_t sig = arg[0].i32;

	if (sig >= ARRAY_SIZE(signals))
		return WASI_EINVAL;
	if (signals[sig].action == END)
		end(c->w, 128u + signals[sig].host);
	if (signals[sig].action == STOP)
		raise(SIGSTOP);
	return WASI_SUCCESS;
}
