/* The options of a mount, by name.  config.md and config-linux.md of the OCI
 * runtime-spec list them; copy-symlink, src-nofollow and dest-nofollow are
 * crun's. */
#include "host/mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum kind {
	IGNORED,
	ATTR, /* set and clear MOUNT_ATTR_* */
	ATTR_REC,
	HOW,         /* set enum mount_how */
	PROPAGATION, /* set is an MS_* */
	SUPER,       /* set or clear an MS_* of the filesystem */
};

struct option {
	const char *name;
	enum kind kind;
	uint64_t set, clr;
};

/* Strictly sorted, for bsearch().  The kernel keeps atime's mode in a field
 * of two bits, so each mode clears the whole field first. */
static const struct option table[] = {
	{"async", SUPER, 0, MS_SYNCHRONOUS},
	{"atime", ATTR, 0, MOUNT_ATTR__ATIME},
	{"bind", HOW, MOUNT_BIND},
	{"copy-symlink", HOW, MOUNT_COPY_SYMLINK | MOUNT_SRC_NOFOLLOW},
	{"defaults", IGNORED},
	{"dest-nofollow", HOW, MOUNT_DEST_NOFOLLOW},
	{"dev", ATTR, 0, MOUNT_ATTR_NODEV},
	{"diratime", ATTR, 0, MOUNT_ATTR_NODIRATIME},
	{"dirsync", SUPER, MS_DIRSYNC},
	{"exec", ATTR, 0, MOUNT_ATTR_NOEXEC},
	{"idmap", HOW, MOUNT_IDMAP},
	{"lazytime", SUPER, MS_LAZYTIME},
	{"loud", IGNORED},
	{"mand", SUPER, MS_MANDLOCK},
	{"noatime", ATTR, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"nodev", ATTR, MOUNT_ATTR_NODEV},
	{"nodiratime", ATTR, MOUNT_ATTR_NODIRATIME},
	{"noexec", ATTR, MOUNT_ATTR_NOEXEC},
	{"nolazytime", SUPER, 0, MS_LAZYTIME},
	{"nomand", SUPER, 0, MS_MANDLOCK},
	{"norelatime", ATTR, 0, MOUNT_ATTR__ATIME},
	{"nostrictatime", ATTR, 0, MOUNT_ATTR__ATIME},
	{"nosuid", ATTR, MOUNT_ATTR_NOSUID},
	{"nosymfollow", ATTR, MOUNT_ATTR_NOSYMFOLLOW},
	{"private", PROPAGATION, MS_PRIVATE},
	{"ratime", ATTR_REC, 0, MOUNT_ATTR__ATIME},
	{"rbind", HOW, MOUNT_BIND | MOUNT_BIND_REC},
	{"rdev", ATTR_REC, 0, MOUNT_ATTR_NODEV},
	{"rdiratime", ATTR_REC, 0, MOUNT_ATTR_NODIRATIME},
	{"relatime", ATTR, 0, MOUNT_ATTR__ATIME},
	{"remount", HOW, MOUNT_REMOUNT},
	{"rexec", ATTR_REC, 0, MOUNT_ATTR_NOEXEC},
	{"ridmap", HOW, MOUNT_IDMAP | MOUNT_IDMAP_REC},
	{"rnoatime", ATTR_REC, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"rnodev", ATTR_REC, MOUNT_ATTR_NODEV},
	{"rnodiratime", ATTR_REC, MOUNT_ATTR_NODIRATIME},
	{"rnoexec", ATTR_REC, MOUNT_ATTR_NOEXEC},
	{"rnorelatime", ATTR_REC, 0, MOUNT_ATTR__ATIME},
	{"rnostrictatime", ATTR_REC, 0, MOUNT_ATTR__ATIME},
	{"rnosuid", ATTR_REC, MOUNT_ATTR_NOSUID},
	{"rnosymfollow", ATTR_REC, MOUNT_ATTR_NOSYMFOLLOW},
	{"ro", ATTR, MOUNT_ATTR_RDONLY},
	{"rprivate", PROPAGATION, MS_PRIVATE | MS_REC},
	{"rrelatime", ATTR_REC, 0, MOUNT_ATTR__ATIME},
	{"rro", ATTR_REC, MOUNT_ATTR_RDONLY},
	{"rrw", ATTR_REC, 0, MOUNT_ATTR_RDONLY},
	{"rshared", PROPAGATION, MS_SHARED | MS_REC},
	{"rslave", PROPAGATION, MS_SLAVE | MS_REC},
	{"rstrictatime", ATTR_REC, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"rsuid", ATTR_REC, 0, MOUNT_ATTR_NOSUID},
	{"rsymfollow", ATTR_REC, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC},
	{"rw", ATTR, 0, MOUNT_ATTR_RDONLY},
	{"shared", PROPAGATION, MS_SHARED},
	{"silent", IGNORED},
	{"slave", PROPAGATION, MS_SLAVE},
	{"src-nofollow", HOW, MOUNT_SRC_NOFOLLOW},
	{"strictatime", ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"suid", ATTR, 0, MOUNT_ATTR_NOSUID},
	{"symfollow", ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW},
	{"sync", SUPER, MS_SYNCHRONOUS},
	{"tmpcopyup", HOW, MOUNT_TMPCOPYUP},
	{"unbindable", PROPAGATION, MS_UNBINDABLE},
};

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct option *)row)->name);
}

/* The later of two contradicting options wins. */
static void change(uint64_t *set, uint64_t *clr, const struct option *o)
{
	*set = (*set & ~o->clr) | o->set;
	*clr = (*clr & ~o->set) | o->clr;
}

static int take(struct mount_opts *opts, const struct option *o,
		struct err *err)
{
	switch (o->kind) {
	case IGNORED:
		break;
	case ATTR:
		change(&opts->set, &opts->clr, o);
		break;
	case ATTR_REC:
		change(&opts->rec_set, &opts->rec_clr, o);
		break;
	case HOW:
		opts->how |= (unsigned int)o->set;
		break;
	case SUPER:
		opts->super = (opts->super & ~o->clr) | o->set;
		break;
	case PROPAGATION:
		if (opts->n_propagation == MOUNT_MAX_PROPAGATION)
			return err_say(err, -E2BIG,
				       "more than %d options change the "
				       "propagation",
				       MOUNT_MAX_PROPAGATION);
		opts->propagation[opts->n_propagation++] = o->set;
		break;
	}
	return 0;
}

int mount_opts_parse(char *const *options, struct mount_opts *ret,
		     struct err *err)
{
	_cleanup_(mount_opts_free) struct mount_opts opts = {0};

	STRV_FOREACH (s, options) {
		const struct option *o = bsearch(*s, table, ARRAY_SIZE(table),
						 sizeof(*table), compare);
		int rc;

		if (!o) {
			opts.data = xrealloc(opts.data, opts.n_data + 1,
					     sizeof(*opts.data));
			opts.data[opts.n_data++] = *s;
			continue;
		}
		rc = take(&opts, o, err);
		if (rc < 0)
			return rc;
	}
	*ret = opts;
	opts = (struct mount_opts){0};
	return 0;
}

void mount_opts_free(struct mount_opts *opts)
{
	free(opts->data);
	opts->data = NULL;
	opts->n_data = 0;
}

const char *const *mount_option_names(void)
{
	static const char *names[ARRAY_SIZE(table) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		names[i] = table[i].name;
	return names;
}
