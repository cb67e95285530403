/* cli/state.c: state and list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "host/user.h"
#include "oci/spec.h"

#include <fcntl.h>

/* The name of who owns the container, or the number. */
static char *owner_name(uid_t uid)
{
	_cleanup_close_ int root = open("/", O_PATH | O_CLOEXEC);
	struct passwd_line line;
	char *name;

	if (root < 0 || user_lookup(root, uid, &line) < 0)
		return xasprintf("%u", uid);
	name = xstrdup(line.name);
	passwd_line_free(&line);
	return name;
}

static void write_info(struct json_writer *w, const struct container_info *info)
{
	_cleanup_free_ char *owner = owner_name(info->owner);

	json_begin_object(w, NULL);
	json_string(w, "ociVersion", OCI_VERSION);
	json_string(w, "id", info->id);
	json_int(w, "pid", info->pid);
	json_string(w, "status", container_status_name(info->status));
	json_string(w, "bundle", info->bundle);
	json_string(w, "rootfs", info->rootfs);
	json_string(w, "created", info->created);
	if (info->n_annotations) {
		json_begin_object(w, "annotations");
		for (size_t i = 0; i < info->n_annotations; i++)
			json_string(w, info->annotations[i].key,
				    info->annotations[i].value);
		json_end_object(w);
	}
	json_string(w, "owner", owner);
	json_string(w, "sandbox", info->sandbox);
	json_end_object(w);
}

int cmd_state(const struct args *args)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out, .indent = "  "};
	struct container_info info;
	struct err err = {0};

	if (container_info(&args->rt, args->rest[0], &info, &err) < 0)
		return cli_fail(&err, 1);
	write_info(&w, &info);
	container_info_free(&info);
	return cli_print(&out);
}

static void print_table(const struct container_info *list, size_t n,
			struct buf *out)
{
	size_t id_width = 2, bundle_width = 6;

	for (size_t i = 0; i < n; i++) {
		size_t id = strlen(list[i].id);
		size_t bundle = list[i].bundle ? strlen(list[i].bundle) : 0;

		if (id > id_width)
			id_width = id;
		if (bundle > bundle_width)
			bundle_width = bundle;
	}
	buf_printf(out, "%-*s  %-8s  %-8s  %-10s  %-*s  %-20s  %s\n",
		   (int)id_width, "ID", "PID", "STATUS", "SANDBOX",
		   (int)bundle_width, "BUNDLE", "CREATED", "OWNER");
	for (size_t i = 0; i < n; i++) {
		const struct container_info *c = &list[i];
		_cleanup_free_ char *owner = owner_name(c->owner);

		/* Seconds are enough for the eye. */
		buf_printf(out, "%-*s  %-8d  %-8s  %-10s  %-*s  %.19sZ  %s\n",
			   (int)id_width, c->id, (int)c->pid,
			   container_status_name(c->status),
			   c->sandbox ? c->sandbox : "-", (int)bundle_width,
			   c->bundle ? c->bundle : "-",
			   c->created ? c->created : "", owner);
	}
}

int cmd_list(const struct args *args)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out};
	const char *format = args_get(args, "format");
	struct container_info *list;
	struct err err = {0};
	size_t n;

	if (container_list(&args->rt, &list, &n, &err) < 0)
		return cli_fail(&err, 1);
	if (args_has(args, "quiet")) {
		for (size_t i = 0; i < n; i++)
			buf_printf(&out, "%s\n", list[i].id);
	} else if (format && str_eq(format, "json")) {
		json_begin_array(&w, NULL);
		for (size_t i = 0; i < n; i++)
			write_info(&w, &list[i]);
		json_end_array(&w);
	} else {
		print_table(list, n, &out);
	}
	for (size_t i = 0; i < n; i++)
		container_info_free(&list[i]);
	free(list);
	return out.len ? cli_print(&out) : 0;
}
