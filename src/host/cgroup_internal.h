/* host/cgroup_internal.h
 * What the cgroup_*.c files share and nobody else sees, except their tests,
 * which point them at a tree of plain files with cgroup_look_at(). */
#pragma once

#include <limits.h>

#include "base/buf.h"
#include "host/cgroup.h"

/* ----------------------------------------------------- cgroup_detect.c -- */

/* One hierarchy as the host mounts it. */
struct cgroup_mount {
	char *name; /* "cpu,cpuacct", "name=systemd"; "unified" is v2 */
	char *dir;  /* where it is mounted; NULL if it is not */
	char *root; /* which cgroup is mounted there, mostly "/" */
	char *own;  /* our own cgroup, as /proc/self/cgroup shows it */
};

struct cgroup_layout {
	enum cgroup_mode mode;
	struct cgroup_mount *v;
	size_t n;
	bool exact; /* mountinfo was read; before that `dir` is a good guess */
};

/* Found out on the first call, then kept.  -ENOENT when no cgroup filesystem
 * is mounted. */
int cgroup_layout(const struct cgroup_layout **ret, struct err *err);
/* Read mountinfo, for hosts that mount cgroups in unusual places and for our
 * own cgroup as seen from below its mount.  Changes the layout in place. */
int cgroup_layout_exact(struct err *err);

struct cgroup_view {
	const char *root;        /* /sys/fs/cgroup */
	const char *proc_cgroup; /* /proc/self/cgroup */
	const char *mountinfo;   /* /proc/self/mountinfo */
	enum cgroup_mode mode;   /* CGROUP_NONE: find out */
};

/* For tests: forget what was found and look here; NULL is the real host. */
void cgroup_look_at(const struct cgroup_view *view);

/* ------------------------------------------------------- cgroup_path.c -- */

char *cgroup_path_clean(const char *path);
int cgroup_path_below(const struct cgroup_mount *m, const char *path,
		      char **ret, struct err *err);
int cgroup_path_for(const struct cgroup_layout *l, const struct cgroup_mount *m,
		    const struct cgroup_request *req, char **ret,
		    struct err *err);

/* ------------------------------------------------------- cgroup_file.c -- */

/* All work on "dir/file" and return a negative errno on failure. */
int cgroup_write(const char *dir, const char *file, const char *text);
/* One read() of a file that shows a single record; NUL-terminated. */
int cgroup_read(const char *dir, const char *file, char *buf, size_t size);
/* The whole of a file with many records. */
int cgroup_slurp(const char *dir, const char *file, struct buf *b);
int cgroup_open_file(const char *dir, const char *file, int flags);
bool cgroup_has_file(const char *dir, const char *file);
/* A lone number; "max" and what is above int64 is UINT64_MAX. */
int cgroup_read_u64(const char *dir, const char *file, uint64_t *ret);
/* The numbers behind keys, in lines of "key value"; times `scale`.  What is
 * not there stays as it was. */
struct cgroup_key {
	const char *key;
	uint64_t *to;
	uint64_t scale;
};
int cgroup_read_keys(const char *dir, const char *file,
		     const struct cgroup_key *keys, size_t n);
/* One of them, or -ENODATA. */
int cgroup_read_key(const char *dir, const char *file, const char *key,
		    uint64_t *ret);
/* Append the pids in dir/cgroup.procs to *v. */
int cgroup_read_pids(const char *dir, pid_t **v, size_t *n);

/* Visit `dir` and all below it, children before their parents, however deep:
 * `visit` gets a descriptor of the directory, or for a child that has been
 * walked (parent descriptor, name).  Stops at the first negative return. */
struct cgroup_walk {
	int (*enter)(int fd, void *arg);
	int (*leave)(int parent, const char *name, void *arg);
	void *arg;
};
int cgroup_walk(const char *dir, const struct cgroup_walk *w);
void cgroup_sleep_ms(unsigned int ms);

/* ------------------------------------------------------------- cgroup.c -- */

struct cgroup_node {
	char *name; /* as in cgroup_mount */
	char *dir;
	/* The part of `dir` that was there before us; strlen(dir) when all
	 * was, 0 when we know nothing about it. */
	size_t old_len;
	size_t mount_len; /* the part of `dir` that is the mount point */
	int fd;           /* to enter by; v2: the directory, v1: "tasks"; -1 */
};

struct cgroup {
	enum cgroup_mode mode; /* CGROUP_NONE: without cgroup */
	bool best_effort;
	bool disabled; /* wished, not suffered */
	bool locked;   /* v[0].fd holds the lock of cgroup_create() */
	struct cgroup_node *v;
	size_t n;
	uint64_t oom_seen; /* kills that cgroup_oom_read() has told */
};

#define CGROUP_UNIFIED "unified"

bool cgroup_name_has(const char *name, const char *controller);
struct cgroup_node *cgroup_node(const struct cgroup *cg,
				const char *controller);
/* True when `node` was made by this cgroup_create(), so it is blank. */
bool cgroup_node_is_new(const struct cgroup_node *node);

/* ------------------------------------------------ limits, both layouts -- */

/* One bit each, in the order of cgroup_controllers[]. */
enum cgroup_controller {
	CG_CPU,
	CG_CPUSET,
	CG_MEMORY,
	CG_PIDS,
	CG_IO,
	CG_HUGETLB,
	CG_RDMA,
	CG_MISC,
	CG_NET_CLS,
	CG_NET_PRIO,
	CG_N_CONTROLLERS,
};

struct cgroup_controller_names {
	const char *v1; /* NULL: not on that layout */
	const char *v2;
};
extern const struct cgroup_controller_names
	cgroup_controllers[CG_N_CONTROLLERS];

/* The controllers that `res` cannot be honoured without, as bits. */
unsigned int cgroup_needs(const struct cgroup_resources *res, bool v2);

/* A place to write limits to; remembers the sentence of the first failure. */
struct cgroup_limits {
	const char *dir;
	struct err *err;
};

/* Write to dir/file; `field` is the name below linux.resources, for the
 * sentence.  cgroup_limit_say() only makes that sentence, from `rc`. */
int cgroup_limit(const struct cgroup_limits *l, const char *field,
		 const char *file, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int cgroup_limit_say(const struct cgroup_limits *l, int rc, const char *field,
		     const char *file, const char *value);
/* Two values that bound each other: whichever order the kernel takes. */
struct cgroup_limit_pair {
	const char *field, *file;
	int64_t value;
};
int cgroup_limit_two(const struct cgroup_limits *l,
		     const struct cgroup_limit_pair *a,
		     const struct cgroup_limit_pair *b);
/* -EINVAL unless usage is below what is about to be set. */
int cgroup_limit_check(const struct cgroup_limits *l, const char *field,
		       const char *usage_file, int64_t limit);
/* The entries of rdma.max, the same on both layouts. */
int cgroup_limit_rdma(const struct cgroup_limits *l,
		      const struct cgroup_resources *res);
/* hugetlb.SIZE.<suffix> and hugetlb.SIZE.rsvd.<suffix>. */
int cgroup_limit_hugetlb(const struct cgroup_limits *l,
			 const struct cgroup_resources *res,
			 const char *suffix);

/* "1.2 MiB" */
void cgroup_human_size(char *buf, size_t size, uint64_t bytes);
uint64_t cgroup_weight_from_shares(uint64_t shares);
uint64_t cgroup_io_weight(uint32_t blkio_weight);
int cgroup_swap_max(int64_t limit, int64_t swap, int64_t *ret, struct err *err);

int cgroup_v1_apply(struct cgroup *cg, const struct cgroup_resources *res,
		    struct err *err);
int cgroup_v1_blkio(const struct cgroup_limits *l,
		    const struct cgroup_block_io *io);
/* Give a new cpuset the processors and memory nodes of its parent. */
int cgroup_v1_fill_cpuset(const struct cgroup_node *node, struct err *err);

int cgroup_v2_apply(struct cgroup *cg, const struct cgroup_resources *res,
		    struct err *err);
int cgroup_v2_hugetlb(struct cgroup *cg, const struct cgroup_resources *res,
		      struct err *err);
/* Let `node` have every controller its host offers; `needs` are those whose
 * absence is an error. */
int cgroup_v2_enable(const struct cgroup_node *node, unsigned int needs,
		     struct err *err);

/* -------------------------------------------------- cgroup_devices*.c -- */

enum { DEV_BLOCK = 1, DEV_CHAR = 2 }; /* BPF_DEVCG_DEV_* */
enum { DEV_MKNOD = 1, DEV_READ = 2, DEV_WRITE = 4, DEV_ALL = 7 };

/* A rule that was checked; -1 matches every number. */
struct dev_rule {
	bool allow;
	int type; /* DEV_BLOCK, DEV_CHAR; 0 is both */
	int64_t major, minor;
	int access;
};

/* The given rules and the defaults of every container.  Free *ret. */
int dev_rules(const struct cgroup_device_rule *in, size_t n,
	      struct dev_rule **ret, size_t *n_ret, struct err *err);
bool dev_rule_is_all(const struct dev_rule *r);

struct bpf_insn;
/* The program for BPF_PROG_TYPE_CGROUP_DEVICE.  The last rule that speaks of
 * an access decides it; begins with all forbidden.  Free *ret. */
void dev_program(const struct dev_rule *rules, size_t n, struct bpf_insn **ret,
		 size_t *n_ret);
/* Load it and make it the one program of the cgroup.  `fresh`: there is none
 * yet. */
int dev_attach(int cgroup_fd, const struct bpf_insn *prog, size_t n, bool fresh,
	       struct err *err);

/* ---------------------------------------------------- cgroup_stats*.c -- */

void cgroup_v1_stats(struct cgroup *cg, struct cgroup_stats *st);
void cgroup_v2_stats(const char *dir, struct cgroup_stats *st);
void cgroup_read_psi(const char *dir, const char *file, struct cgroup_psi *p);
void cgroup_read_raw(const char *dir, struct cgroup_stats *st);
uint64_t cgroup_raw(const struct cgroup_stats *st, const char *name);
/* hugetlb.SIZE.* of `dir`; names are the v1 or v2 file endings. */
void cgroup_read_hugetlb(const char *dir, bool v2, struct cgroup_stats *st);
void cgroup_blkio_add(struct cgroup_blkio_list *list, uint64_t major,
		      uint64_t minor, const char *op, uint64_t value);
