#include "runtime/rdt.h"

#include <errno.h>

#include "base/err.h"
#include "host/rdt.h"
#include "oci/spec.h"
#include "runtime/store.h"

static int no_resctrl(struct err *err)
{
	return err_say(err, -ENOTSUP,
		       "linux.intelRdt: this host has no resctrl filesystem "
		       "mounted at /sys/fs/resctrl");
}

int container_apply_rdt(struct container *c, struct err *err)
{
	const char *root = rdt_root();

	if (!root)
		return no_resctrl(err);
	return rdt_apply(root, c->spec->linux.intel_rdt, c->state.id,
			 c->state.pid, &c->state.rdt, err);
}

int container_update_rdt(struct container *c, const struct rdt_change *change,
			 struct err *err)
{
	const char *root = rdt_root();
	struct intel_rdt rdt = {0};
	int rc;

	if (!change || (!change->l3_cache_schema && !change->mem_bw_schema))
		return 0;
	rc = store_load_spec(c, err);
	if (rc < 0)
		return rc;
	if (!root)
		return no_resctrl(err);
	if (!c->spec->linux.intel_rdt)
		return err_say(err, -EINVAL,
			       "container %s was created without "
			       "linux.intelRdt",
			       c->state.id);
	rdt = *c->spec->linux.intel_rdt;
	rdt.schemata = NULL;
	rdt.l3_cache_schema = (char *)change->l3_cache_schema;
	rdt.mem_bw_schema = (char *)change->mem_bw_schema;
	return rdt_update(root, &rdt, c->state.id, err);
}

int container_remove_rdt(struct container *c, struct err *err)
{
	const char *root = rdt_root();

	if (!c->state.rdt.group_made && !c->state.rdt.monitor_made)
		return 0;
	if (!root || !c->spec || !c->spec->linux.intel_rdt)
		return 0;
	return rdt_remove(root, c->spec->linux.intel_rdt, c->state.id,
			  &c->state.rdt, err);
}
