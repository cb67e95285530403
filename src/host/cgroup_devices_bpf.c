/* Devices on cgroup v2 are the decision of a BPF program, which the kernel
 * asks at each open() and mknod() of a device.
 *
 * It walks the rules from the last to the first.  r2 holds the type, r3 the
 * accesses that no rule has decided yet, r4 and r5 the numbers.  A rule that
 * matches the device and forbids an undecided access ends it with 0; one that
 * allows takes its accesses off r3, and ends it with 1 when none is left. */
#include "host/cgroup_internal.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

/* At most this many instructions for one rule, and around all of them. */
enum { INSNS_PER_RULE = 8, INSNS_AROUND = 8 };

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void emit(struct program *p, uint8_t code, uint8_t dst, uint8_t src,
		 int16_t off, int32_t imm)
{
	p->v[p->n++] = (struct bpf_insn){
		.code = code,
		.dst_reg = dst,
		.src_reg = src,
		.off = off,
		.imm = imm,
	};
}

static void emit_load(struct program *p, uint8_t dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, (int16_t)offset, 0);
}

static void emit_return(struct program *p, int verdict)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* "to the next rule unless REG == VALUE"; the distance is filled in later. */
static void emit_match(struct program *p, uint8_t reg, int64_t value)
{
	emit(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, (int32_t)value);
}

static void emit_rule(struct program *p, const struct dev_rule *r)
{
	size_t start = p->n;

	if (r->type)
		emit_match(p, BPF_REG_2, r->type);
	if (r->major >= 0)
		emit_match(p, BPF_REG_4, r->major);
	if (r->minor >= 0)
		emit_match(p, BPF_REG_5, r->minor);
	if (r->access != DEV_ALL && r->allow) {
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0,
		     DEV_ALL & ~r->access);
		emit_match(p, BPF_REG_3, 0);
	} else if (r->access != DEV_ALL) {
		/* Over the jump that leads to the next rule. */
		emit(p, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, r->access);
		emit(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	emit_return(p, r->allow);
	for (size_t i = start; i < p->n; i++) {
		uint8_t code = p->v[i].code;

		if (code == (BPF_JMP | BPF_JNE | BPF_K) ||
		    code == (BPF_JMP | BPF_JA))
			p->v[i].off = (int16_t)(p->n - i - 1);
	}
}

void dev_program(const struct dev_rule *rules, size_t n, struct bpf_insn **ret,
		 size_t *n_ret)
{
	struct program p = {
		.v = xcalloc(n * INSNS_PER_RULE + INSNS_AROUND, sizeof(*p.v)),
	};
	bool decided = false;

	/* access_type is (access << 16) | type. */
	emit_load(&p, BPF_REG_2,
		  offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	emit(&p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	emit(&p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	emit_load(&p, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&p, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The verifier refuses code that is never reached, so what comes
	 * before a rule for everything is left out. */
	for (size_t i = n; i > 0 && !decided; i--) {
		emit_rule(&p, &rules[i - 1]);
		decided = dev_rule_is_all(&rules[i - 1]);
	}
	if (!decided)
		emit_return(&p, 0);
	*ret = p.v;
	*n_ret = p.n;
}

/* --------------------------------------------------------------- kernel -- */

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Kernels before 5.11 charge programs to RLIMIT_MEMLOCK. */
static int load(const struct bpf_insn *prog, size_t n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)prog,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t)"Apache-2.0",
	};
	struct rlimit old, none = {RLIM_INFINITY, RLIM_INFINITY};
	int fd = (int)bpf(BPF_PROG_LOAD, &attr);

	if (fd >= 0 || errno != EPERM)
		return fd < 0 ? -errno : fd;
	if (getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return -EPERM;
	fd = (int)bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		fd = -errno;
	setrlimit(RLIMIT_MEMLOCK, &old);
	return fd;
}

enum { MAX_ATTACHED = 64 };

/* The programs that are attached now, by id. */
static int query(int cgroup_fd, uint32_t ids[MAX_ATTACHED], uint32_t *n)
{
	union bpf_attr attr = {
		.query.target_fd = (uint32_t)cgroup_fd,
		.query.attach_type = BPF_CGROUP_DEVICE,
		.query.prog_ids = (uintptr_t)ids,
		.query.prog_cnt = MAX_ATTACHED,
	};

	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -errno;
	*n = attr.query.prog_cnt;
	return 0;
}

static int open_by_id(uint32_t id)
{
	union bpf_attr attr = {.prog_id = id};
	int fd = (int)bpf(BPF_PROG_GET_FD_BY_ID, &attr);

	return fd < 0 ? -errno : fd;
}

static int attach(int cgroup_fd, int prog, int replaces)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)prog,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (replaces >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaces;
	}
	return bpf(BPF_PROG_ATTACH, &attr) < 0 ? -errno : 0;
}

static int detach(int cgroup_fd, int prog)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)prog,
		.attach_type = BPF_CGROUP_DEVICE,
	};

	return bpf(BPF_PROG_DETACH, &attr) < 0 ? -errno : 0;
}

/* All attached programs must agree, so old ones have to go: the first is
 * replaced in one step, and others (from before BPF_F_REPLACE of Linux 5.6,
 * say) are taken off after the new one holds. */
static int replace(int cgroup_fd, int prog, const uint32_t *ids, uint32_t n)
{
	bool replaced = false;
	int rc = -ENOENT;

	if (n > 0) {
		_cleanup_close_ int old = open_by_id(ids[0]);

		rc = old < 0 ? old : attach(cgroup_fd, prog, old);
		replaced = rc == 0;
	}
	if (!replaced)
		rc = attach(cgroup_fd, prog, -1);
	for (uint32_t i = replaced; rc == 0 && i < n; i++) {
		_cleanup_close_ int old = open_by_id(ids[i]);

		rc = old < 0 ? old : detach(cgroup_fd, old);
	}
	return rc;
}

int dev_attach(int cgroup_fd, const struct bpf_insn *insns, size_t n,
	       bool fresh, struct err *err)
{
	_cleanup_close_ int prog = load(insns, n);
	uint32_t ids[MAX_ATTACHED], n_ids = 0;
	int rc = 0;

	if (prog < 0)
		return err_set(err, prog, "load the BPF program");
	if (!fresh)
		rc = query(cgroup_fd, ids, &n_ids);
	if (rc < 0)
		return err_set(err, rc, "ask for attached BPF programs");
	rc = replace(cgroup_fd, prog, ids, n_ids);
	return rc < 0 ? err_set(err, rc, "attach the BPF program") : 0;
}
