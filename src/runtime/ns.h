/* runtime/ns.h
 * Namespaces: which are made, which are joined, and the child that is in
 * them.
 *
 * Most containers make all theirs, and one clone3() does it.  Where that
 * cannot work a stage stands between hull and init, which does these in
 * order and then makes init as hull's own child (CLONE_PARENT):
 *
 *	1. join what the present privileges can join
 *	2. join the user namespace, or make one and have its maps written
 *	3. join the rest (those that the user namespace owns)
 *	4. make the time namespace and set its offsets, which the kernel
 *	   takes only before anybody is in it (time_namespaces(7))
 *	5. clone3() with all that is left, the pid namespace among it
 *
 * So hull itself never changes a namespace of its own, but for the pid
 * namespace of the one child that "exec" has. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct oci_spec;
struct cgroup;

enum { NS_KINDS = 8 };

struct ns_plan {
	uint64_t create; /* CLONE_NEW* */
	struct {
		uint64_t flag;
		int fd;
	} join[NS_KINDS];
	unsigned int n_join;
	bool staged;
	/* "exec": all of a process's namespaces at once, by its pidfd. */
	int pidfd; /* -1: none */
	uint64_t join_all;
	const struct oci_spec *spec; /* mappings and time offsets */
};

/* Opens what is joined and checks that each is of its kind. */
int ns_plan_open(const struct oci_spec *spec, struct ns_plan *ret,
		 struct err *err);
/* To join a process.  `own` are the namespaces that it does not share with
 * the host: the others need no joining, and joining them takes privileges
 * that an ordinary user does not have.  Takes over `pidfd`; a negative one is
 * the error that opening it gave. */
int ns_plan_of(int pidfd, uint64_t own, struct ns_plan *ret, struct err *err);
void ns_plan_close(struct ns_plan *plan);
/* Is it joined by path, rather than made? */
bool ns_plan_joins(const struct ns_plan *plan, uint64_t flag);
bool ns_plan_has(const struct ns_plan *plan, uint64_t flag);

/* Everything the child needs to be born. */
struct ns_birth {
	const struct ns_plan *plan;
	struct cgroup *cgroup; /* entered first; NULL: none */
	int sync[2];           /* [0] hull's end, [1] the child's */
	/* Runs in the child before it is in any namespace. */
	int (*before)(void *data, struct err *err);
	/* Runs in init and never returns. */
	void (*run)(void *data) __attribute__((noreturn));
	void *data;
};

/* Make init.  The caller then holds its pid, and a pidfd that says when it
 * ends.  The maps of a new user namespace are written on the way; `maps`
 * does it, given the pid of the process that waits for them. */
int ns_spawn(const struct ns_birth *birth,
	     int (*maps)(pid_t pid, void *data, struct err *err), pid_t *pid,
	     int *pidfd, int *exit_status, struct err *err);

/* Names for errors: "pid" for CLONE_NEWPID. */
const char *ns_name(uint64_t flag);
