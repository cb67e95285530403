#include "runtime/rootless.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"

/* The usual devpts belongs to group 5, tty, which an ordinary user's mapping
 * rarely has; the kernel then refuses the mount. */
static void drop_unmapped_gid(struct oci_linux *l, struct oci_mount *m)
{
	char **out = m->options;

	STRV_FOREACH (o, m->options) {
		const char *text = str_after(*o, "gid=");
		uint64_t gid;
		uint32_t host;

		if (text && parse_u64(text, UINT32_MAX, &gid) == 0 &&
		    idmap_to_host(l->gid_mappings, l->n_gid_mappings,
				  (uint32_t)gid, &host) < 0)
			continue;
		*out++ = *o;
	}
	if (out)
		*out = NULL;
}

int rootless_adapt(struct oci_spec *spec, struct err *err)
{
	_cleanup_free_ struct idmap *uids = NULL, *gids = NULL;
	struct oci_linux *l = &spec->linux;
	struct oci_namespace *list;
	size_t n_uids, n_gids;
	int rc;

	/* Root of a user namespace that somebody else made, such as Podman's,
	 * needs no other. */
	if (oci_has_namespace(l, CLONE_NEWUSER) || geteuid() == 0)
		return 0;
	rc = userns_auto_maps(geteuid(), getegid(), &uids, &n_uids, &gids,
			      &n_gids, err);
	if (rc < 0)
		return rc;
	list = arena_alloc(spec->arena, l->n_namespaces + 1, sizeof(*list));
	if (l->n_namespaces)
		memcpy(list, l->namespaces, l->n_namespaces * sizeof(*list));
	list[l->n_namespaces++].type = CLONE_NEWUSER;
	l->namespaces = list;
	l->uid_mappings =
		arena_memdup(spec->arena, uids, n_uids * sizeof(*uids));
	l->n_uid_mappings = n_uids;
	l->gid_mappings =
		arena_memdup(spec->arena, gids, n_gids * sizeof(*gids));
	l->n_gid_mappings = n_gids;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].type &&
		    str_eq(spec->mounts[i].type, "devpts"))
			drop_unmapped_gid(l, &spec->mounts[i]);
	return 0;
}
