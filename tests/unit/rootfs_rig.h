/* tests/unit/rootfs_rig.h
 * An image and a spec, as small as a test can have them. */
#pragma once

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/rootfs.h"

enum { RIG_MAX = 24 };

#define OPTIONS(...) ((char **)(const char *[]){__VA_ARGS__, NULL})

struct rig {
	struct oci_spec spec;
	struct oci_mount mounts[RIG_MAX];
	struct oci_device devices[RIG_MAX];
	struct rootfs_plan plan;
	struct rootfs *r;
	struct err err;
	int image; /* the image as the host sees it: below ./rootfs */
};

/* An image with dev, etc, proc, sys and tmp, in a sealed namespace. */
void rig_setup(struct rig *g);
/* The mounts of "hull spec" but for cgroup; masked and read-only paths. */
void rig_add_defaults(struct rig *g);
void rig_mount(struct rig *g, const char *type, const char *source,
	       const char *destination, char **options);
/* A bind mount of `source`. */
void rig_bind(struct rig *g, const char *source, const char *destination);

/* rootfs_open and rootfs_mount: 0 or the error. */
int rig_build(struct rig *g);
/* All up to rootfs_enter, or the test fails with the sentence. */
void rig_enter(struct rig *g);
/* Where a step should have worked. */
void rig_ok(struct rig *g, int rc, const char *file, int line);
#define RIG_OK(g, rc) rig_ok(g, rc, __FILE__, __LINE__)

void rig_write(const char *path, const char *text);
/* Up to 4095 bytes, without the last \n. */
const char *rig_read(const char *path);
