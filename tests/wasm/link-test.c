/* Makes images of objects and looks at them, for test_link.py:
 *
 *	link-test make IMAGE CPU IMPORTED FUNCS TYPES OBJECT...
 *	link-test show IMAGE
 *	link-test call IMAGE FUNC NUMBER
 *	link-test throw IMAGE FUNC NUMBER
 *	link-test step IMAGE FUNC NUMBER
 *
 * `call` calls a C function; `throw` one of the compiler's calling convention
 * through enter0(instance, code, NUMBER), where *instance is aot_throw();
 * `step` is `call`, instruction by instruction, and walks the stack at each. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "wasmc/link.h"

static const uint8_t module[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

static int fail(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->msg);
	return 1;
}

static const char *func_name(void *ctx, uint32_t func, char *buf)
{
	snprintf(buf, 256, "name of\n%u", func);
	return buf;
}

static int make(char **argv, int n_objects)
{
	struct link_object *objects =
		xcalloc((size_t)n_objects, sizeof(*objects));
	struct link_job job = {
		.module = module,
		.module_len = sizeof(module),
		.objects = objects,
		.n_objects = (size_t)n_objects,
		.cpu = (enum aot_cpu)aot_cpu_find(argv[1]),
		.n_imported = (uint32_t)atoi(argv[2]),
		.n_funcs = (uint32_t)atoi(argv[3]),
		.n_types = (uint32_t)atoi(argv[4]),
		.func_name = func_name,
	};
	_cleanup_close_ int out = -1;
	struct err err = {0};
	int rc;

	for (int i = 0; i < n_objects; i++) {
		_cleanup_close_ int fd =
			open(argv[5 + i], O_RDONLY | O_CLOEXEC);
		struct buf b = {0};

		if (fd < 0 || buf_read_fd(&b, fd, 1 << 30) < 0)
			return 2;
		objects[i].bytes = (uint8_t *)b.data;
		objects[i].len = b.len;
	}
	out = open(argv[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return 2;
	rc = link_image(&job, out, &err);
	for (int i = 0; i < n_objects; i++)
		free((void *)objects[i].bytes);
	free(objects);
	return rc < 0 ? fail("link", &err) : 0;
}

static struct aot_image *open_image(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct aot_image *image = NULL;
	struct err err = {0};

	if (aot_image_open(fd, AOT_CHECK_ALL, &image, &err) < 0)
		exit(fail(path, &err));
	return image;
}

static int show(const char *path)
{
	struct aot_image *image = open_image(path);
	const struct aot_header *h = image->h;

	for (uint32_t i = 0; i < h->n_funcs - h->n_imported; i++)
		printf("f%u %u\n", i + h->n_imported, image->func_entry[i]);
	for (uint32_t i = 0; i < h->n_types; i++)
		printf("enter%u %u\n", i, image->type_entry[i]);
	for (uint32_t i = 0; i < image->n_func; i++) {
		const struct aot_func *f = &image->func[i];

		printf("code %u %u %d %d %d\n", f->code, f->size, (int)f->func,
		       (int)f->fde, (int)f->lsda);
	}
	for (uint32_t i = 0; i < h->n_lines; i++)
		printf("line %u %u\n", image->line[i].code,
		       image->line[i].offset);
	aot_image_close(image);
	return 0;
}

static int call(char **argv)
{
	struct aot_image *image = open_image(argv[0]);
	uint32_t i = (uint32_t)atoi(argv[1]) - image->h->n_imported;
	uint64_t (*f)(uint64_t) =
		(uint64_t (*)(uint64_t))(image->text + image->func_entry[i]);

	printf("%llu\n", (unsigned long long)f(strtoull(argv[2], NULL, 0)));
	aot_image_close(image);
	return 0;
}

/* What the engine would do: to the next frame that catches. */
static jmp_buf uncaught;
static unsigned int frames;

void aot_throw_from(struct aot_regs *regs, struct wasm_instance *inst)
{
	do {
		if (aot_landing_pad(regs)) {
			regs->reg[0] = 7; /* rax, x0 */
			regs->reg[1] = 9; /* rdx, x1 */
			aot_resume(regs);
		}
	} while (aot_unwind(regs, false) && ++frames);
	longjmp(uncaught, 1);
}

static int throw(char **argv)
{
	struct aot_image *image = open_image(argv[0]);
	uint32_t i = (uint32_t)atoi(argv[1]) - image->h->n_imported;
	void (*instance)(struct wasm_instance *) = aot_throw;
	const uint8_t *entry = image->text + image->type_entry[0];
	uint64_t (*enter)(void *, const void *, uint64_t) =
		(uint64_t (*)(void *, const void *, uint64_t))entry;

	if (setjmp(uncaught) == 0) {
		uint64_t v =
			enter(&instance, image->text + image->func_entry[i],
			      strtoull(argv[2], NULL, 0));

		printf("%llu after %u frames\n", (unsigned long long)v, frames);
	} else {
		printf("not caught in %u frames\n", frames);
	}
	aot_image_close(image);
	return 0;
}

#if defined(__x86_64__)

/* The caller of the first instruction in the image, as all others must find
 * it, and how many did not. */
static struct aot_regs caller;
static unsigned int steps, lost;

static void from_context(const ucontext_t *uc, struct aot_regs *regs)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	*regs = (struct aot_regs){
		.pc = (uintptr_t)g[REG_RIP],
		.sp = (uintptr_t)g[REG_RSP],
		.reg[3] = (uintptr_t)g[REG_RBX],
		.reg[6] = (uintptr_t)g[REG_RBP],
		.reg[12] = (uintptr_t)g[REG_R12],
		.reg[13] = (uintptr_t)g[REG_R13],
		.reg[14] = (uintptr_t)g[REG_R14],
		.reg[15] = (uintptr_t)g[REG_R15],
	};
}

static void on_step(int sig, siginfo_t *si, void *uc)
{
	struct aot_regs regs;
	bool exact = true;

	from_context(uc, &regs);
	if (!aot_image_at(regs.pc))
		return;
	while (aot_image_at(regs.pc - !exact)) {
		if (!aot_unwind(&regs, exact)) {
			lost++;
			return;
		}
		exact = false;
	}
	if (steps++ == 0)
		caller = regs;
	if (memcmp(&regs, &caller, sizeof(regs)) != 0)
		lost++;
}

enum { TRAP_FLAG = 0x100 };

static int step(char **argv)
{
	struct sigaction sa = {.sa_sigaction = on_step,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static uint8_t stack[64 << 10];
	struct aot_image *image = open_image(argv[0]);
	uint32_t i = (uint32_t)atoi(argv[1]) - image->h->n_imported;
	uint64_t (*f)(uint64_t) =
		(uint64_t (*)(uint64_t))(image->text + image->func_entry[i]);
	uint64_t x = strtoull(argv[2], NULL, 0);

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() |
				       TRAP_FLAG);
	f(x);
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() &
				       ~(unsigned long long)TRAP_FLAG);
	printf("%u instructions, %u lost\n", steps, lost);
	aot_image_close(image);
	return 0;
}

#else

static int step(char **argv)
{
	return 2;
}

#endif

int main(int argc, char **argv)
{
	if (argc > 7 && strcmp(argv[1], "make") == 0)
		return make(argv + 2, argc - 7);
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show(argv[2]);
	if (argc == 5 && strcmp(argv[1], "call") == 0)
		return call(argv + 2);
	if (argc == 5 && strcmp(argv[1], "throw") == 0)
		return throw(argv + 2);
	if (argc == 5 && strcmp(argv[1], "step") == 0)
		return step(argv + 2);
	return 2;
}
