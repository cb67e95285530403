/* A piece of a module, or all of it, through LLVM. */
#include "wasmc/compile.h"

#include <errno.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

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

static LLVMTargetMachineRef make_target(const struct compile_job *job,
					unsigned int level)
{
	bool arm = job->gen.cpu >= AOT_ARM64_V8;
	const char *triple =
		arm ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu";
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
		job->gen.cpu == AOT_ARM64_V8_1 ? "+lse" : "", levels[level],
		LLVMRelocPIC, LLVMCodeModelSmall);
}

/* --- one piece ---------------------------------------------------------------------- */

static int optimise(LLVMModuleRef mod, unsigned int level,
		    LLVMTargetMachineRef tm, struct err *err)
{
	LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
	char passes[16];
	LLVMErrorRef e;

	LLVMPassBuilderOptionsSetLoopVectorization(o, level >= 2);
	LLVMPassBuilderOptionsSetSLPVectorization(o, level >= 2);
	LLVMPassBuilderOptionsSetLoopUnrolling(o, level >= 2);
	snprintf(passes, sizeof(passes), "default<O%u>", level);
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
		 LLVMTargetMachineRef tm, const struct piece *p,
		 LLVMModuleRef *ret, struct err *err)
{
	LLVMModuleRef mod = gen_module(lc, job->module, &job->gen, p->from,
				       p->to, p->thunks);
	LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
	char *triple = LLVMGetTargetMachineTriple(tm), *message = NULL;

	LLVMSetModuleDataLayout(mod, layout);
	LLVMSetTarget(mod, triple);
	LLVMDisposeTargetData(layout);
	LLVMDisposeMessage(triple);
	*ret = mod;
	if (LLVMVerifyModule(mod, LLVMReturnStatusAction, &message))
		return err_say(err, -EINVAL, "hull made bad IR: %.200s",
			       message);
	LLVMDisposeMessage(message);
	return optimise(mod, p->level, tm, err);
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

int compile_piece(const struct compile_job *job, const struct piece *p, int fd,
		  struct err *err)
{
	LLVMTargetMachineRef tm = make_target(job, p->level);
	LLVMContextRef lc = LLVMContextCreate();
	LLVMModuleRef mod = NULL;
	LLVMMemoryBufferRef object = NULL;
	char *message = NULL;
	int rc = tm ? build(lc, job, tm, p, &mod, err)
		    : err_say(err, -ENOTSUP,
			      "this LLVM knows no such processor");

	if (rc == 0 && LLVMTargetMachineEmitToMemoryBuffer(
			       tm, mod, LLVMObjectFile, &message, &object))
		rc = err_say(err, -EINVAL, "LLVM: %.200s", message);
	if (rc == 0) {
		struct piece_head head = {p->index, LLVMGetBufferSize(object)};

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
	if (tm)
		LLVMDisposeTargetMachine(tm);
	return rc;
}

/* --- as text ------------------------------------------------------------------ */

int compile_text(const struct compile_job *job, enum compile_emit what, int fd,
		 struct err *err)
{
	LLVMTargetMachineRef tm = make_target(job, job->level);
	LLVMContextRef lc = LLVMContextCreate();
	struct piece all = {.from = job->module->n_imported_funcs,
			    .to = job->module->n_funcs,
			    .level = job->level};
	LLVMModuleRef mod = NULL;
	LLVMMemoryBufferRef text = NULL;
	char *message = NULL;
	int rc;

	if (!tm)
		return err_say(err, -ENOTSUP,
			       "this LLVM knows no such processor");
	rc = build(lc, job, tm, &all, &mod, err);
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
