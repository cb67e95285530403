#include "host/seccomp.h"

#include <errno.h>
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

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

/* Part of every key: a program built by other rules is another program. */
enum { BUILD_VERSION = 2 };

/* MAX_ERRNO is the kernel's: above it, it returns this one instead. */
enum { MAX_ARGS = 6, MAX_ERRNO = 4095 };

void seccomp_prog_free(struct seccomp_prog *prog)
{
	if (prog->map)
		munmap(prog->map, prog->map_len);
	else
		free(prog->filter);
	*prog = (struct seccomp_prog){0};
}

/* --------------------------------------------------------------- check -- */

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
			const char *field, const char *errno_field,
			struct err *err)
{
	uint32_t value;
	uint64_t max;

	if (seccomp_find_action(action, &value) < 0)
		return err_say(err, -EINVAL,
			       "linux.seccomp.%s: unknown action \"%s\"", field,
			       action ? action : "");
	if (!errno_ret->set)
		return 0;
	if (value == SCMP_ACT_ERRNO(0))
		max = MAX_ERRNO;
	else if (value == SCMP_ACT_TRACE(0))
		max = UINT16_MAX;
	else
		return err_say(err, -EINVAL,
			       "linux.seccomp.%s: %s returns no errno",
			       errno_field, action);
	if (errno_ret->v > max)
		return err_say(err, -EINVAL,
			       "linux.seccomp.%s: %llu is above %llu",
			       errno_field, (unsigned long long)errno_ret->v,
			       (unsigned long long)max);
	return 0;
}

static int check_rule(const struct seccomp_rule *rule, size_t i,
		      struct err *err)
{
	char field[64], errno_field[64];
	uint32_t value;
	int rc;

	snprintf(field, sizeof(field), "syscalls[%zu].action", i);
	snprintf(errno_field, sizeof(errno_field), "syscalls[%zu].errnoRet", i);
	rc = check_action(rule->action, &rule->errno_ret, field, errno_field,
			  err);
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
			return err_say(
				err, -EINVAL,
				"linux.seccomp.syscalls[%zu].args[%zu]"
				".op: unknown operator \"%s\"",
				i, a, rule->args[a].op ? rule->args[a].op : "");
	}
	return 0;
}

int seccomp_check(const struct seccomp_profile *p, struct err *err)
{
	int rc;

	rc = check_action(p->default_action, &p->default_errno_ret,
			  "defaultAction", "defaultErrnoRet", err);
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

/* ----------------------------------------------------------------- key -- */

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
	STRV_FOREACH (s, v)
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
	key_string(&b, HULL_VERSION);
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

/* --------------------------------------------------------------- rules -- */

/* The action with its errno: EPERM when the document gives none. */
uint32_t seccomp_action_value(const char *name, const struct opt_u64 *e)
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
		rc = seccomp_rule_add_array(ctx, action, nr,
					    (unsigned int)r->n_args, args);
	for (size_t i = 0; one_by_one && rc == 0 && i < r->n_args; i++)
		rc = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	free(args);
	return rc;
}

static int add_profile(scmp_filter_ctx ctx, const struct seccomp_profile *p,
		       struct err *err)
{
	uint32_t by_default =
		seccomp_action_value(p->default_action, &p->default_errno_ret);

	for (size_t i = 0; i < p->n_syscalls; i++) {
		const struct seccomp_rule *r = &p->syscalls[i];
		uint32_t action =
			seccomp_action_value(r->action, &r->errno_ret);

		/* libseccomp refuses a rule that says what is so anyway. */
		if (action == by_default)
			continue;
		STRV_FOREACH (name, r->names) {
			int nr = seccomp_syscall_resolve_name(*name), rc;

			if (nr == __NR_SCMP_ERROR)
				continue; /* see seccomp_stub.c */
			rc = add_rules(ctx, r, action, nr);
			if (rc == -EEXIST)
				return err_say(err, rc,
					       "linux.seccomp.syscalls[%zu]: "
					       "another rule for %s has the "
					       "same conditions and another "
					       "action",
					       i, *name);
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
	STRV_FOREACH (name, p->architectures) {
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

/* --------------------------------------------------------------- build -- */

static void set_flags(const struct seccomp_profile *p,
		      struct seccomp_prog *prog)
{
	prog->flags = p->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	STRV_FOREACH (name, p->flags) {
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
	else /* says how to wait for a listener, and EINVAL without one */
		prog->flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
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
	seccomp_stub(p, &b);
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
	ctx = seccomp_init(
		seccomp_action_value(p->default_action, &p->default_errno_ret));
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

	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, prog->flags, &fprog);
	if (rc < 0 && errno == EACCES)
		return err_say(err, -EACCES,
			       "linux.seccomp: a filter needs "
			       "process.noNewPrivileges or CAP_SYS_ADMIN");
	if (rc < 0)
		return err_set(err, -errno,
			       "linux.seccomp: install the "
			       "filter");
	return (int)rc;
}
