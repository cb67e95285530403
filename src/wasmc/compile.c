/* Functions are dealt out in pieces of some 10 KB to as many processes as
 * there are processors.  Processes, not threads: what LLVM leaks or holds is
 * gone with each, and one that a hostile module kills is only that.
 *
 *	parent		fork, wait, map what they wrote
 *	worker		take the next piece, generate, optimise, append the
 *			object to its own memfd: { struct piece_head, bytes } */
#include "wasmc/compile.h"

#include <errno.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

enum { PIECE_BYTES = 48 << 10, MAX_JOBS = 64 };

struct piece {
	uint32_t from, to;
};

struct piece_head {
	uint64_t piece, len;
};

struct plan {
	struct piece *pieces;
	uint32_t n;
};

/* Between processes. */
struct shared {
	uint32_t next, done;
};

/* --- the target ------------------------------------------------------------------ */

static void init_llvm(void)
{
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86Target();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86AsmPrinter();
	LLVMInitializeAArch64TargetInfo();
	LLVMInitializeAArch64Target();
	LLVMInitializeAArch64TargetMC();
	LLVMInitializeAArch64AsmPrinter();
}

static LLVMTargetMachineRef make_target(const struct compile_job *job)
{
	bool arm = job->gen.cpu >= AOT_ARM64_V8;
	const char *triple = arm ? "aarch64-unknown-linux-gnu"
				 : "x86_64-unknown-linux-gnu";
	static const LLVMCodeGenOptLevel levels[] = {
		LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
		LLVMCodeGenLevelDefault, LLVMCodeGenLevelAggressive};
	LLVMTargetRef target;
	char *message = NULL;

	init_llvm();
	if (LLVMGetTargetFromTriple(triple, &target, &message)) {
		LLVMDisposeMessage(message);
		return NULL;
	}
	return LLVMCreateTargetMachine(
		target, triple, arm ? "generic" : aot_cpu_name(job->gen.cpu),
		job->gen.cpu == AOT_ARM64_V8_1 ? "+lse" : "",
		levels[job->level], LLVMRelocPIC, LLVMCodeModelSmall);
}

/* --- one piece ---------------------------------------------------------------------- */

static int optimise(LLVMModuleRef mod, const struct compile_job *job,
		    LLVMTargetMachineRef tm, struct err *err)
{
	LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
	char passes[16];
	LLVMErrorRef e;

	LLVMPassBuilderOptionsSetLoopVectorization(o, job->level >= 2);
	LLVMPassBuilderOptionsSetSLPVectorization(o, job->level >= 2);
	LLVMPassBuilderOptionsSetLoopUnrolling(o, job->level >= 2);
	snprintf(passes, sizeof(passes), "default<O%u>", job->level);
	e = LLVMRunPasses(mod, passes, tm, o);
	LLVMDisposePassBuilderOptions(o);
	if (e) {
		char *message = LLVMGetErrorMessage(e);

		err_say(err, -EINVAL, "LLVM: %s", message);
		LLVMDisposeErrorMessage(message);
		return -EINVAL;
	}
	return 0;
}

static int build(LLVMContextRef lc, const struct compile_job *job,
		 LLVMTargetMachineRef tm, struct piece p, bool thunks,
		 LLVMModuleRef *ret, struct err *err)
{
	LLVMModuleRef mod = gen_module(lc, job->module, &job->gen, p.from, p.to,
				       thunks, err);
	LLVMTargetDataRef layout;
	char *triple, *message = NULL;

	if (!mod)
		return err->code ? -err->code : -EINVAL;
	layout = LLVMCreateTargetDataLayout(tm);
	triple = LLVMGetTargetMachineTriple(tm);
	LLVMSetModuleDataLayout(mod, layout);
	LLVMSetTarget(mod, triple);
	LLVMDisposeTargetData(layout);
	LLVMDisposeMessage(triple);
	*ret = mod;
	if (LLVMVerifyModule(mod, LLVMReturnStatusAction, &message))
		return err_say(err, -EINVAL, "hull made bad IR: %.200s",
			       message);
	LLVMDisposeMessage(message);
	return optimise(mod, job, tm, err);
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int one_piece(const struct compile_job *job, LLVMTargetMachineRef tm,
		     const struct plan *plan, uint32_t i, int fd,
		     struct err *err)
{
	LLVMContextRef lc = LLVMContextCreate();
	LLVMModuleRef mod = NULL;
	LLVMMemoryBufferRef object = NULL;
	char *message = NULL;
	int rc = build(lc, job, tm, plan->pieces[i], i == 0, &mod, err);

	if (rc == 0 &&
	    LLVMTargetMachineEmitToMemoryBuffer(tm, mod, LLVMObjectFile,
						&message, &object))
		rc = err_say(err, -EINVAL, "LLVM: %.200s", message);
	if (rc == 0) {
		struct piece_head head = {i, LLVMGetBufferSize(object)};

		rc = write_all(fd, &head, sizeof(head));
		if (rc == 0)
			rc = write_all(fd, LLVMGetBufferStart(object),
				       head.len);
		if (rc < 0)
			err_set(err, rc, "write an object");
		LLVMDisposeMemoryBuffer(object);
	}
	if (mod)
		LLVMDisposeModule(mod);
	LLVMContextDispose(lc);
	return rc;
}

/* --- processes ------------------------------------------------------------------------ */

static struct plan make_plan(const struct wasm_module *m)
{
	uint32_t first = m->n_imported_funcs, size = 0;
	struct plan plan = {
		xcalloc(m->n_funcs - first + 1, sizeof(struct piece)), 0};

	for (uint32_t i = first; i < m->n_funcs; i++) {
		const struct body *b = &m->bodies[i - first];

		if (size == 0)
			plan.pieces[plan.n++].from = i;
		plan.pieces[plan.n - 1].to = i + 1;
		size += b->end - b->start;
		if (size >= PIECE_BYTES)
			size = 0;
	}
	/* Thunks alone. */
	if (!plan.n)
		plan.pieces[plan.n++] = (struct piece){first, first};
	return plan;
}

static void __attribute__((noreturn))
work(const struct compile_job *job, const struct plan *plan,
     struct shared *shared, int fd)
{
	LLVMTargetMachineRef tm = make_target(job);
	struct err err = {0};
	int rc = tm ? 0
		    : err_say(&err, -ENOTSUP,
			      "this LLVM knows no such processor");

	while (rc == 0) {
		uint32_t i = __atomic_fetch_add(&shared->next, 1,
						__ATOMIC_RELAXED);

		if (i >= plan->n)
			_exit(0);
		rc = one_piece(job, tm, plan, i, fd, &err);
		__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
	}
	fprintf(stderr, "hull-wasmc: %s\n", err.msg);
	_exit(1);
}

static int collect(int fd, struct compile_objects *ret, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	const uint8_t *p;
	size_t pos = 0;

	if (size <= 0)
		return 0;
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "map the objects");
	while (pos < (size_t)size) {
		struct piece_head head;

		memcpy(&head, p + pos, sizeof(head));
		pos += sizeof(head);
		ret->objects[head.piece] =
			(struct link_object){p + pos, head.len};
		pos += head.len;
	}
	return 0;
}

static void show_progress(const struct shared *shared, uint32_t n)
{
	fprintf(stderr, "\rcompiling: %3u%%",
		__atomic_load_n(&shared->done, __ATOMIC_RELAXED) * 100 / n);
	fflush(stderr);
}

/* All of them, also after a failure.  The first that failed counts. */
static int wait_for(const struct compile_job *job, pid_t *pids, unsigned int n,
		    const struct shared *shared, uint32_t pieces,
		    struct err *err)
{
	int rc = 0, left = (int)n;

	while (left) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, job->progress ? WNOHANG : 0);

		if (pid == 0) {
			show_progress(shared, pieces);
			usleep(50000);
			continue;
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		left--;
		if (status == 0 || rc)
			continue;
		rc = WIFSIGNALED(status)
			     ? err_say(err, -E2BIG,
				       "a compiler process was killed by signal "
				       "%d: out of memory or time",
				       WTERMSIG(status))
			     : err_say(err, -EINVAL, "the compiler failed");
		for (unsigned int i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
	}
	if (job->progress)
		fprintf(stderr, "\r                 \r");
	return rc;
}

int compile_objects(const struct compile_job *job, struct compile_objects *ret,
		    struct err *err)
{
	struct plan plan = make_plan(job->module);
	unsigned int n = job->jobs < plan.n ? job->jobs : plan.n, started = 0;
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[MAX_JOBS];
	int fds[MAX_JOBS], rc = 0;

	if (shared == MAP_FAILED)
		return err_set(err, -errno, "mmap");
	if (n > MAX_JOBS)
		n = MAX_JOBS;
	fflush(NULL);
	for (; started < n; started++) {
		fds[started] = memfd_create("objects", MFD_CLOEXEC);
		pids[started] = fds[started] < 0 ? -1 : fork();
		if (pids[started] < 0)
			break;
		if (pids[started] == 0)
			work(job, &plan, shared, fds[started]);
	}
	if (!started)
		rc = err_set(err, -errno, "start a process");
	ret->objects = xcalloc(plan.n, sizeof(*ret->objects));
	ret->n = plan.n;
	if (rc == 0)
		rc = wait_for(job, pids, started, shared, plan.n, err);
	for (unsigned int i = 0; i < started && rc == 0; i++)
		rc = collect(fds[i], ret, err);
	for (unsigned int i = 0; i < started; i++)
		close(fds[i]);
	munmap(shared, sizeof(*shared));
	free(plan.pieces);
	return rc;
}

int compile_text(const struct compile_job *job, enum compile_emit what, int fd,
		 struct err *err)
{
	LLVMTargetMachineRef tm = make_target(job);
	LLVMContextRef lc = LLVMContextCreate();
	struct piece all = {job->module->n_imported_funcs,
			    job->module->n_funcs};
	LLVMModuleRef mod = NULL;
	LLVMMemoryBufferRef text = NULL;
	char *message = NULL;
	int rc;

	if (!tm)
		return err_say(err, -ENOTSUP,
			       "this LLVM knows no such processor");
	rc = build(lc, job, tm, all, false, &mod, err);
	if (mod && what == COMPILE_LLVM) {
		message = LLVMPrintModuleToString(mod);
		if (write_all(fd, message, strlen(message)) < 0)
			rc = err_set(err, -EIO, "write");
		LLVMDisposeMessage(message);
	} else if (rc == 0) {
		if (LLVMTargetMachineEmitToMemoryBuffer(
			    tm, mod, LLVMAssemblyFile, &message, &text))
			return err_say(err, -EINVAL, "LLVM: %.200s", message);
		if (write_all(fd, LLVMGetBufferStart(text),
			      LLVMGetBufferSize(text)) < 0)
			rc = err_set(err, -EIO, "write");
	}
	return rc;
}
