#include "sandbox/aot_compile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/draft.h"
#include "host/exe.h"
#include "host/pidfd.h"
#include "sandbox/aot_cache_internal.h"
#include "sandbox/aot_jail.h"
#include "wasm/aot.h"

#define PROGRAM "hull-wasmc"

/* --- the program --------------------------------------------------------- */

/* Root runs nobody else's programs. */
static int open_program(const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_say(err, -EPERM,
			       "%s is not run: others may write to it", path);
	return steal_fd(&fd);
}

int aot_compiler_open(struct err *err)
{
	_cleanup_strv_ char **paths = NULL;
	const char *said = getenv("HULL_WASMC");
	_cleanup_free_ char *own = exe_path();
	char *slash = own ? strrchr(own, '/') : NULL;

	if (!str_empty(said)) {
		int fd = open_program(said, err);

		return fd < 0 && fd != -EPERM
			       ? err_set(err, fd, "HULL_WASMC: %s", said)
			       : fd;
	}
	if (slash) {
		*slash = '\0';
		for (int i = 0; i < 2; i++) {
			_cleanup_free_ char *path =
				xasprintf("%s/%s" PROGRAM, own,
					  i == 0 ? "" : "../libexec/hull/");

			strv_add(&paths, path);
		}
	}
	strv_add(&paths, HULL_LIBEXECDIR "/hull/" PROGRAM);
	strv_add(&paths, "/usr/libexec/hull/" PROGRAM);
	STRV_FOREACH (path, paths) {
		int fd = open_program(*path, err);

		if (fd >= 0 || fd == -EPERM)
			return fd;
	}
	return err_say(
		err, -ENOENT,
		PROGRAM
		" is not installed (neither beside hull nor in " HULL_LIBEXECDIR
		"/hull): modules are interpreted");
}

/* --- running it ---------------------------------------------------------- */

/* The first line that says something: what follows is what came of it. */
static void first_line(const struct buf *said, char *ret, size_t size)
{
	const char *text = said->data ? said->data : "", *line;

	text += strspn(text, " \t\r\n");
	line = str_after(text, PROGRAM ": ") ?: text;
	snprintf(ret, size, "%.*s", (int)strcspn(line, "\r\n"), line);
	for (char *p = ret; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static int judge(int status, const struct buf *said, struct err *err)
{
	char line[200];

	first_line(said, line, sizeof(line));
	if (status == 0)
		return 0;
	if (status == 2)
		return err_say(err, -E2BIG, "%s",
			       *line ? line : "the module is too large");
	if (status > 128)
		return err_say(err, -ENOEXEC, PROGRAM " was ended by %s%s%s",
			       signal_name(status - 128) ?: "a signal",
			       *line ? ": " : "", line);
	return err_say(err, -ENOEXEC, "%s",
		       *line ? line : PROGRAM " failed without a word");
}

/* A share of `memory` for each worker, of which LLVM wants so much; and no
 * more output than a compiler could honestly make. */
static int share(struct aot_jail *jail, uint64_t memory, struct err *err)
{
	const uint64_t least = 1ull << 30, grows = 24, fixed = 16 << 20;
	struct stat st;

	if (fstat(jail->in, &st) < 0)
		return err_set(err, -errno, "read the module");
	while (jail->workers > 1 && memory / jail->workers < least)
		jail->workers--;
	jail->memory = memory / jail->workers;
	jail->output = fixed + grows * (uint64_t)st.st_size;
	return 0;
}

/* What an administrator may want otherwise. */
static int read_limits(struct aot_jail *jail, struct err *err)
{
	const char *text = getenv("HULL_COMPILE_MEMORY"),
		   *seconds = getenv("HULL_COMPILE_SECONDS");
	uint64_t n = 300, memory = 4ull << 30;
	cpu_set_t cpus;

	if (!str_empty(text) &&
	    (parse_size(text, &memory) < 0 || memory < 16 << 20))
		return err_say(err, -EINVAL,
			       "HULL_COMPILE_MEMORY=%s: not a size such as 2G",
			       text);
	if (!str_empty(seconds) &&
	    (parse_u64(seconds, 1000000, &n) < 0 || n == 0))
		return err_say(err, -EINVAL,
			       "HULL_COMPILE_SECONDS=%s: not a number of "
			       "seconds",
			       seconds);
	jail->seconds = (int)n;
	if (!jail->workers)
		jail->workers = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
					? (unsigned int)CPU_COUNT(&cpus)
					: 1;
	return share(jail, memory, err);
}

/* hull-wasmc's own words, and ours. */
static char **make_args(const struct aot_jail *jail, char *const *options)
{
	_cleanup_free_ char *jobs = xasprintf("%u", jail->workers);
	char **args = NULL;

	strv_add(&args, PROGRAM);
	STRV_FOREACH (o, options)
		strv_add(&args, *o);
	strv_add(&args, "--jobs");
	strv_add(&args, jobs);
	strv_add(&args, "--fd");
	strv_add(&args, "0:1");
	return args;
}

int aot_compile(int module, int out, char *const *options, unsigned int jobs,
		bool background, int relay, struct err *err)
{
	_cleanup_close_ int program = aot_compiler_open(err);
	_cleanup_buf_ struct buf said = {0};
	_cleanup_strv_ char **args = NULL;
	struct aot_jail jail = {
		.program = program,
		.in = module,
		.out = out,
		.workers = jobs,
		.background = background,
		.relay = relay,
	};
	int status, rc;

	if (program < 0)
		return program;
	rc = read_limits(&jail, err);
	if (rc < 0)
		return rc;
	jail.args = args = make_args(&jail, options);
	if (lseek(module, 0, SEEK_SET) < 0)
		return err_set(err, -errno, "read the module");
	rc = aot_jail_run(&jail, &said, &status, err);
	return rc < 0 ? rc : judge(status, &said, err);
}

/* The same module would end the same way again. */
static bool is_final(int rc)
{
	return rc == -ENOEXEC || rc == -E2BIG || rc == -ETIMEDOUT;
}

static char **options_of(const struct aot_key *key)
{
	char **options = NULL;

	strv_add(&options, "--cpu");
	strv_add(&options, aot_cpu_name((enum aot_cpu)key->cpu));
	if (key->flags & AOT_STRICT)
		strv_add(&options, "--strict");
	if (key->flags & AOT_FUEL)
		strv_add(&options, "--fuel");
	return options;
}

static bool is_full(const struct aot_cache *c)
{
	struct statvfs fs;

	return fstatvfs(c->dir, &fs) == 0 &&
	       fs.f_bavail * (uint64_t)fs.f_frsize < 4 << 20;
}

static int compile_locked(const struct aot_cache *c, int module,
			  const struct aot_key *key, bool background,
			  struct err *err)
{
	_cleanup_strv_ char **options = options_of(key);
	_cleanup_draft_ struct draft draft;
	int rc = aot_cache_draft(c, &draft, err);

	if (rc < 0)
		return rc;
	rc = aot_compile(module, draft.fd, options, 0, background, -1, err);
	if (rc == 0)
		rc = aot_cache_store(c, key, &draft, err);
	/* A compiler that could not write says so, or crashes: no fault of the
	 * module's. */
	if (is_final(rc) && is_full(c))
		return err_say(err, -ENOSPC,
			       "the cache %s is on a disk that is full",
			       c->path);
	if (is_final(rc))
		aot_cache_mark_failed(c, key, err->msg);
	return rc;
}

/* Into the cache, by us or by whoever was faster. */
static int compile_into_cache(const struct aot_cache *c, int module,
			      const struct aot_key *key, bool background,
			      struct err *err)
{
	const int patience_ms = background ? 0 : 330 * 1000;
	int lock = aot_cache_lock(c, key, patience_ms, err), fd, rc = 0;

	if (lock < 0)
		return lock;
	fd = aot_cache_get(c, key, NULL);
	if (fd < 0 && aot_cache_has_failed(c, key, err))
		rc = -ENOEXEC;
	else if (fd < 0)
		rc = compile_locked(c, module, key, background, err);
	close_keep_errno(fd);
	aot_cache_unlock(c, key, lock);
	return rc;
}

/* --- in the background ---------------------------------------------------- */

/* Nothing of who started us, who may wait for the end of a pipe. */
static void let_go(int *module, int *dir)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int keep[2];

	keep[0] = fcntl(*module, F_DUPFD_CLOEXEC, 16);
	keep[1] = fcntl(*dir, F_DUPFD_CLOEXEC, 16);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int i = 0; i < 2; i++)
		dup3(keep[i], 3 + i, O_CLOEXEC);
	close_range(5, ~0u, 0);
	*module = 3;
	*dir = 4;
	if (chdir("/") < 0)
		_exit(1);
	umask(077);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		signal(sig, SIG_DFL);
	prctl(PR_SET_NAME, "hull-compile", 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

static void __attribute__((noreturn)) work(struct aot_cache *c, int module,
					   const struct aot_key *key)
{
	const struct timespec settle = {2, 100000000};
	struct aot_found found;
	struct err err = {0};
	int rc;

	let_go(&module, &c->dir);
	rc = compile_into_cache(c, module, key, true, &err);
	/* When stamps can be relied on, have them in the index: so the next
	 * start reads neither file. */
	if (rc == 0) {
		nanosleep(&settle, NULL);
		aot_cache_find(c, module, key->flags, &found, NULL);
	}
	_exit(rc < 0);
}

/* Of a child that ends at once, so that it is nobody's to wait for. */
static int compile_meanwhile(struct aot_cache *c, int module,
			     const struct aot_key *key)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			work(c, module, key);
		_exit(pid < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -EAGAIN;
}

/* --- policy --------------------------------------------------------------- */

int aot_policy_parse(const char *word, const char *said_by,
		     enum aot_policy *ret, struct err *err)
{
	static const char *const words[] = {
		[AOT_NEVER] = "never",
		[AOT_BACKGROUND] = "background",
		[AOT_FIRST_RUN] = "first-run",
		[AOT_REQUIRE] = "require",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i], word)) {
			*ret = (enum aot_policy)i;
			return 0;
		}
	return err_say(err, -EINVAL,
		       "%s: \"%s\" is not one of never, background, "
		       "first-run, require",
		       said_by, word);
}

int aot_policy_default(enum aot_policy *ret, struct err *err)
{
	const char *word = getenv("HULL_WASM_COMPILE");

	*ret = AOT_BACKGROUND;
	return str_empty(word)
		       ? 0
		       : aot_policy_parse(word, "HULL_WASM_COMPILE", ret, err);
}

/* Without a place on disk; only for this once. */
static int compile_to_memory(int module, uint32_t flags, int *ret,
			     struct err *err)
{
	_cleanup_close_ int fd =
		memfd_create("hull-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct aot_key key = {.cpu = aot_cpu_native(), .flags = flags};
	_cleanup_strv_ char **options = options_of(&key);
	const int seals =
		F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct stamp stamp;
	int rc;

	if (fd < 0 || fchmod(fd, 0600) < 0)
		return err_set(err, -errno, "memfd_create");
	rc = aot_hash_module(module, key.module, &stamp, err);
	if (rc == 0)
		rc = aot_compile(module, fd, options, 0, false, -1, err);
	if (rc == 0)
		rc = aot_image_check(fd, &key, err);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		rc = err_set(err, -errno, "seal the image");
	if (rc == 0)
		*ret = steal_fd(&fd);
	return rc;
}

/* With a cache that works. */
static int obtain(struct aot_cache *c, int module, enum aot_policy policy,
		  uint32_t flags, struct aot_offer *offer, struct err *err)
{
	struct aot_found found;
	int rc = aot_cache_find(c, module, flags, &found, err);

	if (rc < 0)
		return rc;
	offer->image = found.fd;
	if (offer->image >= 0)
		return 0;
	if (aot_cache_has_failed(c, &found.key, err))
		return -ENOEXEC;
	if (policy == AOT_BACKGROUND) {
		rc = aot_compiler_open(err);
		if (rc < 0)
			return rc;
		close(rc);
		rc = compile_meanwhile(c, module, &found.key);
		return rc < 0 ? err_set(err, rc, "start the compiler")
			      : err_say(err, -EINPROGRESS,
					"it is being compiled");
	}
	rc = compile_into_cache(c, module, &found.key, false, err);
	if (rc < 0)
		return rc;
	offer->image = aot_cache_get(c, &found.key, err);
	return offer->image < 0 ? offer->image : 0;
}

int aot_obtain(int module, enum aot_policy policy, uint32_t flags,
	       struct aot_offer *ret, struct err *err)
{
	struct aot_cache cache;
	int rc;

	*ret = (struct aot_offer){
		.image = -1,
		.required = policy == AOT_REQUIRE,
	};
	if (policy == AOT_NEVER || !aot_cpu_native())
		return 0;
	rc = stamp_of(module, &ret->module);
	if (rc < 0)
		return err_set(err, rc, "read the module");
	rc = aot_cache_open(&cache, &ret->why);
	if (rc == 0)
		rc = obtain(&cache, module, policy, flags, ret, &ret->why);
	aot_cache_close(&cache);
	/* Is the cache in the way, and not the module? */
	if (rc < 0 && policy >= AOT_FIRST_RUN && !is_final(rc) && rc != -EFBIG)
		rc = compile_to_memory(module, flags, &ret->image, &ret->why);
	if (rc < 0)
		ret->image = -1;
	else
		ret->why = (struct err){0};
	if (rc == 0 || policy != AOT_REQUIRE)
		return 0;
	*err = ret->why;
	return err_wrap(err, "compiled code is required");
}

void aot_offer_close(struct aot_offer *offer)
{
	close_keep_errno(offer->image);
	offer->image = -1;
}
