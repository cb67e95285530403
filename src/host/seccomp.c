#include "host/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/str.h"
#include "host/seccomp_internal.h"

/* Part of every key: a program built by other rules is another program. */
enum { BUILD_VERSION = 1 };

enum { MAX_ARGS = 6, X32_BIT = 0x40000000 };

void seccomp_prog_free(struct seccomp_prog *prog)
{
	if (prog->map)
		munmap(prog->map, prog->map_len);
	else
		free(prog->filter);
	*prog = (struct seccomp_prog){0};
}

/* ----------------------------------------------------------------- check -- */

static int check_words(char *const *words,
		       int (*find)(const char *name, uint32_t *ret),
		       const char *field, const char *what, struct err *err)
{
	for (size_t i = 0; words && words[i]; i++) {
		uint32_t value;

		if (find(words[i], &value) < 0)
			return err_say(err, -EINVAL,
				       "linux.seccomp.%s[%zu]: unknown %s "
				       "\"%s\"",
				       field, i, what, words[i]);
	}
	return 0;
}

static int check_action(const char *action, const struct opt_u64 *errno_ret,
			const char *field, struct err *err)
{
	uint32_t value;

	if (seccomp_find_action(action, &value) < 0)
		return err_say(err, -EINVAL,
			       "linux.seccomp.%s: unknown action \"%s\"",
			       field, action ? action : "");
	/* SECCOMP_RET_DATA has 16 bits. */
	if (errno_ret->set && errno_ret->v > 0xffff)
		return err_say(err, -EINVAL,
			       "linux.seccomp.%s: an errno of %llu is too "
			       "large",
			       field, (unsigned long long)errno_ret->v);
	return 0;
}

static int check_rule(const struct seccomp_rule *rule, size_t i,
		      struct err *err)
{
	char field[64];
	uint32_t value;
	int rc;

	snprintf(field, sizeof(field), "syscalls[%zu].action", i);
	rc = check_action(rule->action, &rule->errno_ret, field, err);
	if (rc < 0)
		return rc;
	if (!rule->names || !rule->names[0])
		return err_say(err, -EINVAL,
			       "linux.seccomp.syscalls[%zu].names: is empty",
			       i);
	for (size_t a = 0; a < rule->n_args; a++) {
		if (rule->args[a].index >= MAX_ARGS)
			return err_say(err, -EINVAL,
				       "linux.seccomp.syscalls[%zu].args[%zu]"
				       ".index: %u is not 0 to 5",
				       i, a, rule->args[a].index);
		if (seccomp_find_op(rule->args[a].op, &value) < 0)
			return err_say(err, -EINVAL,
				       "linux.seccomp.syscalls[%zu].args[%zu]"
				       ".op: unknown operator \"%s\"",
				       i, a,
				       rule->args[a].op ? rule->args[a].op
							: "");
	}
	return 0;
}

int seccomp_check(const struct seccomp_profile *p, struct err *err)
{
	int rc;

	rc = check_action(p->default_action, &p->default_errno_ret,
			  "defaultAction", err);
	if (rc == 0 && str_eq(p->default_action, "SCMP_ACT_NOTIFY"))
		rc = err_say(err, -EINVAL,
			     "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY "
			     "would stop the container's own start");
	if (rc == 0)
		rc = check_words(p->architectures, seccomp_find_arch,
				 "architectures", "architecture", err);
	if (rc == 0)
		rc = check_words(p->flags, seccomp_find_flag, "flags", "flag",
				 err);
	for (size_t i = 0; rc == 0 && i < p->n_syscalls; i++)
		rc = check_rule(&p->syscalls[i], i, err);
	return rc;
}

/* ------------------------------------------------------------------- key -- */

/* Lengths in front of everything, so that no two profiles have one text. */
static void key_string(struct buf *b, const char *s)
{
	uint32_t len = s ? (uint32_t)strlen(s) : UINT32_MAX;

	buf_add(b, &len, sizeof(len));
	if (s)
		buf_add(b, s, len);
}

static void key_number(struct buf *b, uint64_t n)
{
	buf_add(b, &n, sizeof(n));
}

static void key_strings(struct buf *b, char *const *v)
{
	key_number(b, v ? strv_len(v) : UINT64_MAX);
	STRV_FOREACH(s, v)
		key_string(b, *s);
}

static void key_errno(struct buf *b, const struct opt_u64 *e)
{
	key_number(b, e->set ? e->v : UINT64_MAX);
}

static void make_key(const struct seccomp_profile *p, char key[SHA256_HEX])
{
	const struct scmp_version *v = seccomp_version();
	_cleanup_buf_ struct buf b = {0};

	buf_reserve(&b, 16384);
	key_number(&b, BUILD_VERSION);
	key_number(&b, seccomp_arch_native());
	key_number(&b, v->major);
	key_number(&b, v->minor);
	key_number(&b, v->micro);
	key_string(&b, p->default_action);
	key_errno(&b, &p->default_errno_ret);
	key_strings(&b, p->architectures);
	key_strings(&b, p->flags);
	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct seccomp_rule *r = &p->syscalls[i];

		key_strings(&b, r->names);
		key_string(&b, r->action);
		key_errno(&b, &r->errno_ret);
		key_number(&b, r->n_args);
		for (size_t a = 0; a < r->n_args; a++) {
			key_number(&b, r->args[a].index);
			key_number(&b, r->args[a].value);
			key_number(&b, r->args[a].value_two);
			key_string(&b, r->args[a].op);
		}
	}
	sha256_hex(b.data, b.len, key);
}

/* ----------------------------------------------------------------- rules -- */

/* The action with its errno: EPERM when the document gives none. */
static uint32_t action_value(const char *name, const struct opt_u64 *e)
{
	uint32_t value = 0;
	uint16_t data = e->set ? (uint16_t)e->v : EPERM;

	seccomp_find_action(name, &value);
	if (value == SCMP_ACT_ERRNO(0))
		return SCMP_ACT_ERRNO(data);
	if (value == SCMP_ACT_TRACE(0))
		return SCMP_ACT_TRACE(data);
	return value;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr,
		    const struct scmp_arg_cmp *args, unsigned int n)
{
	int rc = seccomp_rule_add_array(ctx, action, nr, n, args);

	/* A conditional rule that an unconditional one covers already. */
	return rc == -EEXIST ? 0 : rc;
}

static bool repeats_index(const struct seccomp_rule *r)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		if (seen & 1u << r->args[i].index)
			return true;
		seen |= 1u << r->args[i].index;
	}
	return false;
}

/* All conditions of a rule must hold; but libseccomp takes one for each
 * argument, and when a document names an argument twice, runc, and everybody
 * since, reads it as alternatives. */
static int add_rules(scmp_filter_ctx ctx, const struct seccomp_rule *r,
		     uint32_t action, int nr)
{
	struct scmp_arg_cmp *args;
	bool one_by_one = r->n_args > MAX_ARGS || repeats_index(r);
	int rc = 0;

	args = xcalloc(r->n_args, sizeof(*args));
	for (size_t i = 0; i < r->n_args; i++) {
		uint32_t op = 0;

		seccomp_find_op(r->args[i].op, &op);
		args[i] = (struct scmp_arg_cmp){
			.arg = r->args[i].index,
			.op = (enum scmp_compare)op,
			.datum_a = r->args[i].value,
			.datum_b = r->args[i].value_two,
		};
	}
	if (!one_by_one)
		rc = add_rule(ctx, action, nr, args, (unsigned int)r->n_args);
	for (size_t i = 0; one_by_one && rc == 0 && i < r->n_args; i++)
		rc = add_rule(ctx, action, nr, &args[i], 1);
	free(args);
	return rc;
}

static int add_profile(scmp_filter_ctx ctx, const struct seccomp_profile *p,
		       struct err *err)
{
	uint32_t by_default = action_value(p->default_action,
					   &p->default_errno_ret);

	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct seccomp_rule *r = &p->syscalls[i];
		uint32_t action = action_value(r->action, &r->errno_ret);

		/* libseccomp refuses a rule that says what is so anyway. */
		if (action == by_default)
			continue;
		STRV_FOREACH(name, r->names) {
			int nr = seccomp_syscall_resolve_name(*name), rc;

			if (nr == __NR_SCMP_ERROR)
				continue;
			rc = add_rules(ctx, r, action, nr);
			if (rc < 0)
				return err_set(err, rc,
					       "linux.seccomp.syscalls[%zu]: "
					       "rule for %s",
					       i, *name);
		}
	}
	return 0;
}

static int add_arches(scmp_filter_ctx ctx, const struct seccomp_profile *p,
		      struct err *err)
{
	STRV_FOREACH(name, p->architectures) {
		uint32_t token = 0;
		int rc;

		seccomp_find_arch(*name, &token);
		rc = seccomp_arch_add(ctx, token);
		if (rc < 0 && rc != -EEXIST)
			return err_set(err, rc,
				       "linux.seccomp.architectures: %s",
				       *name);
	}
	return 0;
}

/* libseccomp 2.5 writes programs to descriptors only. */
static int export_program(scmp_filter_ctx ctx, struct buf *ret)
{
	_cleanup_close_ int fd = memfd_create("hull-bpf", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = seccomp_export_bpf(ctx, fd);
	if (rc < 0)
		return rc;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return buf_read_fd(ret, fd, 1 << 20);
}

/* ---------------------------------------------------------------- ENOSYS -- */

/* The highest number that the profile names on an architecture, -1 if it
 * names none there. */
static int newest_syscall(const struct seccomp_profile *p, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < p->n_syscalls; i++)
		STRV_FOREACH(name, p->syscalls[i].names) {
			int nr = seccomp_syscall_resolve_name_arch(arch,
								   *name);

			if (nr > newest)
				newest = nr;
		}
	return newest;
}

static void emit(struct buf *b, uint16_t code, uint8_t jt, uint8_t jf,
		 uint32_t k)
{
	struct sock_filter f = {code, jt, jf, k};

	buf_add(b, &f, sizeof(f));
}

/* Four instructions that answer ENOSYS above `newest` on `arch`, and fall
 * through otherwise.  x32 has the number of x86-64 and a bit in the system
 * call's number. */
static void emit_stub(struct buf *b, uint32_t arch, int newest)
{
	uint32_t audit = arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
	bool split = audit == AUDIT_ARCH_X86_64;
	uint8_t skip = split ? 4 : 3;

	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, audit);
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     offsetof(struct seccomp_data, nr));
	if (split && arch == SCMP_ARCH_X32)
		emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32_BIT);
	else if (split)
		emit(b, BPF_JMP | BPF_JGE | BPF_K, 2, 0, X32_BIT);
	emit(b, BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)newest);
	emit(b, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
}

static bool denies(const struct seccomp_profile *p)
{
	static const char *const lenient[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG",
					      "SCMP_ACT_TRACE", NULL};

	return !strv_has((char *const *)lenient, p->default_action);
}

/* A system call that is newer than the profile gets ENOSYS instead of the
 * default action: a C library then tries the older one, which the profile
 * may well allow, where EPERM would be final. */
static void emit_stubs(struct buf *b, scmp_filter_ctx ctx,
		       const struct seccomp_profile *p)
{
	if (!denies(p))
		return;
	for (size_t i = 0; seccomp_arch_names[i]; i++) {
		uint32_t arch = 0;
		int newest;

		seccomp_find_arch(seccomp_arch_names[i], &arch);
		if (seccomp_arch_exist(ctx, arch) < 0)
			continue;
		newest = newest_syscall(p, arch);
		if (newest >= 0)
			emit_stub(b, arch, newest);
	}
}

/* ----------------------------------------------------------------- build -- */

static void set_flags(const struct seccomp_profile *p,
		      struct seccomp_prog *prog)
{
	prog->flags = p->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	STRV_FOREACH(name, p->flags) {
		uint32_t bit = 0;

		seccomp_find_flag(*name, &bit);
		prog->flags |= bit;
	}
	/* There is one thread, and TSYNC would reach the one that carries
	 * the listener away. */
	prog->flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_TSYNC;
	for (size_t i = 0; i < p->n_syscalls; i++)
		if (str_eq(p->syscalls[i].action, "SCMP_ACT_NOTIFY"))
			prog->notify = true;
	if (prog->notify)
		prog->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

static int compile(scmp_filter_ctx ctx, const struct seccomp_profile *p,
		   struct seccomp_prog *ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	size_t n;
	int rc;

	/* A binary tree: a handful of compares for a system call instead of
	 * hundreds.  Not in libseccomp before 2.5. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = add_arches(ctx, p, err);
	if (rc == 0)
		rc = add_profile(ctx, p, err);
	if (rc < 0)
		return rc;
	emit_stubs(&b, ctx, p);
	rc = export_program(ctx, &b);
	if (rc < 0)
		return err_set(err, rc, "linux.seccomp: compile the filter");
	n = b.len / sizeof(struct sock_filter);
	if (n > BPF_MAXINSNS)
		return err_say(err, -E2BIG,
			       "linux.seccomp: the filter has %zu "
			       "instructions, and the kernel takes %d",
			       n, BPF_MAXINSNS);
	*ret = (struct seccomp_prog){
		.filter = (struct sock_filter *)(void *)buf_steal(&b),
		.len = (unsigned short)n,
	};
	set_flags(p, ret);
	return 0;
}

int seccomp_build(const struct seccomp_profile *p, int cache_dir,
		  struct seccomp_prog *ret, struct err *err)
{
	char key[SHA256_HEX];
	scmp_filter_ctx ctx;
	int rc;

	rc = seccomp_check(p, err);
	if (rc < 0)
		return rc;
	if (cache_dir >= 0) {
		make_key(p, key);
		if (seccomp_cache_get(cache_dir, key, ret) == 0)
			return 0;
	}
	ctx = seccomp_init(action_value(p->default_action,
					&p->default_errno_ret));
	if (!ctx)
		return err_say(err, -EINVAL,
			       "linux.seccomp.defaultAction: libseccomp "
			       "cannot do %s on this kernel",
			       p->default_action);
	rc = compile(ctx, p, ret, err);
	seccomp_release(ctx);
	if (rc == 0 && cache_dir >= 0)
		seccomp_cache_put(cache_dir, key, ret);
	return rc;
}

int seccomp_install(const struct seccomp_prog *prog, struct err *err)
{
	struct sock_fprog fprog = {.len = prog->len, .filter = prog->filter};
	long rc;

	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, prog->flags,
		     &fprog);
	if (rc < 0)
		return err_set(err, -errno, "linux.seccomp: install the "
					    "filter");
	return (int)rc;
}
