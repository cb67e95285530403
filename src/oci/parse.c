#include "oci/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/* The structs of a document are about as large as its text. */
static struct oci_spec *spec_new(size_t text_len)
{
	struct arena *arena = arena_new(sizeof(struct oci_spec) + text_len);
	struct oci_spec *spec = arena_alloc(arena, 1, sizeof(*spec));

	spec->arena = arena;
	return spec;
}

void oci_spec_free(struct oci_spec *spec)
{
	if (spec)
		arena_free(spec->arena);
}

int oci_spec_parse(struct oci_spec **ret, const char *text, size_t len,
		   struct err *err)
{
	_cleanup_oci_spec_ struct oci_spec *spec =
		spec_new(len < JSON_MAX_SIZE ? len : 0);
	struct arena *arena = spec->arena;
	int rc;

	rc = json_decode(&oci_spec_json, spec, arena, text, len, err);
	spec->arena = arena; /* the decoder zeroed it with the rest */
	if (rc == 0)
		rc = oci_spec_validate(spec, err);
	if (rc < 0)
		return rc;
	*ret = steal_ptr(&spec);
	return 0;
}

int oci_spec_load(struct oci_spec **ret, int dir, const char *path,
		  struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = -1;
	struct stat st;
	int rc;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, -errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_say(err, -EINVAL, "%s: not a regular file", path);
	if (st.st_size <= JSON_MAX_SIZE)
		buf_reserve(&text, (size_t)st.st_size + 1);
	rc = buf_read_fd(&text, fd, JSON_MAX_SIZE);
	if (rc < 0)
		return err_set(err, rc, "read %s", path);
	rc = oci_spec_parse(ret, text.data, text.len, err);
	return rc < 0 ? err_wrap(err, "%s", path) : 0;
}

const char *oci_annotation_get(const struct oci_annotation *a, size_t n,
			       const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(a[i].key, key))
			return a[i].value;
	return NULL;
}

const struct oci_namespace *oci_namespace_find(const struct oci_linux *l,
					       uint32_t type)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		if (l->namespaces[i].type == type)
			return &l->namespaces[i];
	return NULL;
}
