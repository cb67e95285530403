#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define ANY -1

/* Every container has these (OCI runtime-spec, config-linux.md, "Default
 * Devices", and what mknod(1) in an image needs). */
static const struct dev_rule defaults[] = {
	{true, DEV_CHAR, ANY, ANY, DEV_MKNOD},
	{true, DEV_BLOCK, ANY, ANY, DEV_MKNOD},
	{true, DEV_CHAR, 1, 3, DEV_ALL},     /* null */
	{true, DEV_CHAR, 1, 5, DEV_ALL},     /* zero */
	{true, DEV_CHAR, 1, 7, DEV_ALL},     /* full */
	{true, DEV_CHAR, 1, 8, DEV_ALL},     /* random */
	{true, DEV_CHAR, 1, 9, DEV_ALL},     /* urandom */
	{true, DEV_CHAR, 5, 0, DEV_ALL},     /* tty */
	{true, DEV_CHAR, 5, 1, DEV_ALL},     /* console */
	{true, DEV_CHAR, 5, 2, DEV_ALL},     /* ptmx */
	{true, DEV_CHAR, 136, ANY, DEV_ALL}, /* pts/N */
};

bool dev_rule_is_all(const struct dev_rule *r)
{
	return r->type == 0 && r->major < 0 && r->minor < 0 &&
	       r->access == DEV_ALL;
}

static int parse_access(const char *s, int *ret)
{
	*ret = str_empty(s) ? DEV_ALL : 0;
	for (; s && *s; s++) {
		if (*s == 'r')
			*ret |= DEV_READ;
		else if (*s == 'w')
			*ret |= DEV_WRITE;
		else if (*s == 'm')
			*ret |= DEV_MKNOD;
		else
			return -EINVAL;
	}
	return 0;
}

static int parse_number(const struct opt_i64 *n, int64_t *ret)
{
	*ret = n->set && n->v >= 0 ? n->v : ANY;
	return *ret > INT32_MAX ? -ERANGE : 0;
}

static int parse_rule(const struct cgroup_device_rule *in, size_t i,
		      struct dev_rule *r, struct err *err)
{
	const char *type = str_empty(in->type) ? "a" : in->type;

	r->allow = in->allow;
	if (str_eq(type, "a"))
		r->type = 0;
	else if (str_eq(type, "b"))
		r->type = DEV_BLOCK;
	else if (str_eq(type, "c") || str_eq(type, "u"))
		r->type = DEV_CHAR;
	else
		return err_say(err, -EINVAL,
			       "devices[%zu].type: \"%s\" is none of a, b, c",
			       i, type);
	if (parse_access(in->access, &r->access) < 0)
		return err_say(err, -EINVAL,
			       "devices[%zu].access: \"%s\" has more than r, w "
			       "and m",
			       i, in->access);
	if (parse_number(&in->major, &r->major) < 0 ||
	    parse_number(&in->minor, &r->minor) < 0)
		return err_say(err, -ERANGE,
			       "devices[%zu]: no device has such a number", i);
	return 0;
}

int dev_rules(const struct cgroup_device_rule *in, size_t n,
	      struct dev_rule **ret, size_t *n_ret, struct err *err)
{
	_cleanup_free_ struct dev_rule *v =
		xcalloc(n + ARRAY_SIZE(defaults), sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		int rc = parse_rule(&in[i], i, &v[i], err);

		if (rc < 0)
			return rc;
	}
	memcpy(v + n, defaults, sizeof(defaults));
	*ret = steal_ptr(&v);
	*n_ret = n + ARRAY_SIZE(defaults);
	return 0;
}

/* ------------------------------------------------------------------- v1 -- */

static void number_text(char text[16], int64_t n)
{
	if (n < 0)
		strcpy(text, "*");
	else
		snprintf(text, 16, "%d", (int)n);
}

/* "c 1:3 rwm" */
static void rule_text(char *text, size_t size, const struct dev_rule *r,
		      char type)
{
	char major[16], minor[16];

	number_text(major, r->major);
	number_text(minor, r->minor);
	snprintf(text, size, "%c %s:%s %s%s%s", type, major, minor,
		 r->access & DEV_READ ? "r" : "",
		 r->access & DEV_WRITE ? "w" : "",
		 r->access & DEV_MKNOD ? "m" : "");
}

static int write_text(int fd, const struct cgroup_node *node, bool allow,
		      const char *text, struct err *err)
{
	if (write(fd, text, strlen(text)) >= 0)
		return 0;
	if (errno == EPERM && allow)
		return err_say(err, -EPERM,
			       "devices: \"%s\" cannot be allowed in %s, "
			       "because its parent cgroup does not allow it",
			       text, node->dir);
	if (errno == EINVAL && *text == 'a')
		return err_say(err, -EINVAL,
			       "devices: cannot change all devices of %s while "
			       "there are cgroups below it",
			       node->dir);
	return err_set(err, -errno, "devices: write \"%s\" to %s/devices.%s",
		       text, node->dir, allow ? "allow" : "deny");
}

/* The kernel's "a" means every device and access, whatever else it says, so
 * one for less is written for both types. */
static int write_rule(int fd, const struct cgroup_node *node,
		      const struct dev_rule *r, struct err *err)
{
	char text[64];
	int rc = 0;

	if (r->type == 0 && dev_rule_is_all(r))
		return write_text(fd, node, r->allow, "a", err);
	if (r->type != DEV_BLOCK) {
		rule_text(text, sizeof(text), r, 'c');
		rc = write_text(fd, node, r->allow, text, err);
	}
	if (rc == 0 && r->type != DEV_CHAR) {
		rule_text(text, sizeof(text), r, 'b');
		rc = write_text(fd, node, r->allow, text, err);
	}
	return rc;
}

static int v1_devices(const struct cgroup_node *node, const struct dev_rule *v,
		      size_t n, struct err *err)
{
	const struct dev_rule none = {false, 0, ANY, ANY, DEV_ALL};
	_cleanup_close_ int allow = -1, deny = -1;
	int rc = 0;

	allow = cgroup_open_file(node->dir, "devices.allow", O_WRONLY);
	deny = cgroup_open_file(node->dir, "devices.deny", O_WRONLY);
	if (allow < 0 || deny < 0)
		return err_set(err, allow < 0 ? allow : deny,
			       "open %s/devices.%s", node->dir,
			       allow < 0 ? "allow" : "deny");
	if (!dev_rule_is_all(&v[0]))
		rc = write_rule(deny, node, &none, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = write_rule(v[i].allow ? allow : deny, node, &v[i], err);
	return rc;
}

/* ------------------------------------------------------------------- v2 -- */

/* Is nothing forbidden?  Then a fresh cgroup needs no program. */
static bool allows_all(const struct dev_rule *v, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		if (!v[i - 1].allow)
			return false;
		if (dev_rule_is_all(&v[i - 1]))
			return true;
	}
	return false;
}

static int v2_devices(const struct cgroup_node *node, const struct dev_rule *v,
		      size_t n, struct err *err)
{
	_cleanup_free_ struct bpf_insn *prog = NULL;
	_cleanup_close_ int opened = -1;
	bool fresh = cgroup_node_is_new(node);
	size_t n_prog;
	int fd = node->fd, rc;

	if (fresh && allows_all(v, n))
		return 0;
	if (fd < 0)
		fd = opened =
			open(node->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open cgroup %s", node->dir);
	dev_program(v, n, &prog, &n_prog);
	rc = dev_attach(fd, prog, n_prog, fresh, err);
	return rc < 0 ? err_wrap(err, "devices of cgroup %s", node->dir) : 0;
}

int cgroup_apply_devices(struct cgroup *cg,
			 const struct cgroup_device_rule *rules, size_t n,
			 struct err *err)
{
	struct cgroup_node *v1 = cgroup_node(cg, "devices");
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	_cleanup_free_ struct dev_rule *v = NULL;
	size_t n_rules;
	int rc;

	rc = dev_rules(rules, n, &v, &n_rules, err);
	if (rc < 0 || cgroup_is_none(cg))
		return rc;
	if (v1)
		rc = v1_devices(v1, v, n_rules, err);
	else if (v2)
		rc = v2_devices(v2, v, n_rules, err);
	else
		rc = err_say(err, -ENOTSUP,
			     "devices: this host has no cgroup that could "
			     "forbid devices");
	/* In a user namespace the kernel leaves devices to who made it: the
	 * nodes themselves cannot be made or mounted there. */
	return cg->best_effort && (rc == -EPERM || rc == -EACCES) ? 0 : rc;
}
