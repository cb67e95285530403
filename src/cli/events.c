/* cli/events.c: what a container uses, as runc prints it, so that its
 * consumers can read it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"

static void write_u64s(struct json_writer *w, const char *key,
		       const uint64_t *v, size_t n)
{
	if (!n)
		return;
	json_begin_array(w, key);
	for (size_t i = 0; i < n; i++)
		json_uint(w, NULL, v[i]);
	json_end_array(w);
}

static void write_psi(struct json_writer *w, const struct cgroup_psi *psi)
{
	const struct cgroup_psi_line *lines[] = {&psi->some, &psi->full};
	static const char *const names[] = {"some", "full"};

	if (!psi->present)
		return;
	json_begin_object(w, "psi");
	for (size_t i = 0; i < 2; i++) {
		char avg[96];

		snprintf(avg, sizeof(avg),
			 "{\"avg10\":%.2f,\"avg60\":%.2f,\"avg300\":%.2f,"
			 "\"total\":%llu}",
			 lines[i]->avg10, lines[i]->avg60, lines[i]->avg300,
			 (unsigned long long)lines[i]->total);
		json_raw(w, names[i], avg);
	}
	json_end_object(w);
}

static void write_cpu(struct json_writer *w, const struct cgroup_stats *s)
{
	json_begin_object(w, "cpu");
	json_begin_object(w, "usage");
	json_uint(w, "total", s->cpu.usage);
	write_u64s(w, "percpu", s->cpu.percpu, s->cpu.n_percpu);
	write_u64s(w, "percpu_kernel", s->cpu.percpu_kernel, s->cpu.n_percpu);
	write_u64s(w, "percpu_user", s->cpu.percpu_user, s->cpu.n_percpu);
	json_uint(w, "kernel", s->cpu.kernel);
	json_uint(w, "user", s->cpu.user);
	json_end_object(w);
	json_begin_object(w, "throttling");
	json_uint(w, "periods", s->cpu.periods);
	json_uint(w, "throttledPeriods", s->cpu.throttled_periods);
	json_uint(w, "throttledTime", s->cpu.throttled_time);
	json_uint(w, "bursts", s->cpu.bursts);
	json_uint(w, "burstTime", s->cpu.burst_time);
	json_end_object(w);
	write_psi(w, &s->cpu.psi);
	json_end_object(w);
}

static void write_usage(struct json_writer *w, const char *key,
			const struct cgroup_memory_usage *u)
{
	json_begin_object(w, key);
	json_uint(w, "limit", u->limit);
	json_uint(w, "usage", u->usage);
	json_uint(w, "max", u->max);
	json_uint(w, "failcnt", u->failcnt);
	json_end_object(w);
}

static void write_memory(struct json_writer *w, const struct cgroup_stats *s)
{
	json_begin_object(w, "memory");
	json_uint(w, "cache", s->memory.cache);
	write_usage(w, "usage", &s->memory.usage);
	write_usage(w, "swap", &s->memory.swap);
	write_usage(w, "swapOnly", &s->memory.swap_only);
	write_usage(w, "kernel", &s->memory.kernel);
	write_usage(w, "kernelTCP", &s->memory.kernel_tcp);
	if (s->memory.n_raw) {
		json_begin_object(w, "raw");
		for (size_t i = 0; i < s->memory.n_raw; i++)
			json_uint(w, s->memory.raw[i].name,
				  s->memory.raw[i].value);
		json_end_object(w);
	}
	write_psi(w, &s->memory.psi);
	json_end_object(w);
}

static void write_blkio_list(struct json_writer *w, const char *key,
			     const struct cgroup_blkio_list *list)
{
	if (!list->n)
		return;
	json_begin_array(w, key);
	for (size_t i = 0; i < list->n; i++) {
		json_begin_object(w, NULL);
		json_uint(w, "major", list->v[i].major);
		json_uint(w, "minor", list->v[i].minor);
		json_string(w, "op", list->v[i].op);
		json_uint(w, "value", list->v[i].value);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_blkio(struct json_writer *w, const struct cgroup_stats *s)
{
	json_begin_object(w, "blkio");
	write_blkio_list(w, "ioServiceBytesRecursive", &s->blkio.service_bytes);
	write_blkio_list(w, "ioServicedRecursive", &s->blkio.serviced);
	write_blkio_list(w, "ioQueueRecursive", &s->blkio.queued);
	write_blkio_list(w, "ioServiceTimeRecursive", &s->blkio.service_time);
	write_blkio_list(w, "ioWaitTimeRecursive", &s->blkio.wait_time);
	write_blkio_list(w, "ioMergedRecursive", &s->blkio.merged);
	write_blkio_list(w, "ioTimeRecursive", &s->blkio.time);
	write_blkio_list(w, "sectorsRecursive", &s->blkio.sectors);
	write_psi(w, &s->blkio.psi);
	json_end_object(w);
}

static void write_rest(struct json_writer *w, const struct cgroup_stats *s)
{
	json_begin_object(w, "pids");
	json_uint(w, "current", s->pids.current);
	json_uint(w, "limit", s->pids.limit);
	json_end_object(w);
	json_begin_object(w, "hugetlb");
	for (size_t i = 0; i < s->n_hugetlb; i++) {
		json_begin_object(w, s->hugetlb[i].page_size);
		json_uint(w, "usage", s->hugetlb[i].usage);
		json_uint(w, "max", s->hugetlb[i].max);
		json_uint(w, "failcnt", s->hugetlb[i].failcnt);
		json_end_object(w);
	}
	json_end_object(w);
}

static int print_stats(struct cgroup *cg, const char *id, struct err *err)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out};
	struct cgroup_stats stats = {0};
	int rc;

	rc = cgroup_stats(cg, &stats, err);
	if (rc < 0)
		return rc;
	json_begin_object(&w, NULL);
	json_string(&w, "type", "stats");
	json_string(&w, "id", id);
	json_begin_object(&w, "data");
	write_cpu(&w, &stats);
	write_memory(&w, &stats);
	write_rest(&w, &stats);
	write_blkio(&w, &stats);
	json_end_object(&w);
	json_end_object(&w);
	cgroup_stats_free(&stats);
	return cli_print(&out) == 0 ? 0 : -EIO;
}

static void print_oom(const char *id)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out};

	json_begin_object(&w, NULL);
	json_string(&w, "type", "oom");
	json_string(&w, "id", id);
	json_end_object(&w);
	cli_print(&out);
}

/* Until the container is gone. */
static int watch(const struct args *args, struct cgroup *cg, int interval_ms,
		 struct err *err)
{
	const char *id = args->rest[0];
	_cleanup_close_ int oom = cgroup_oom_open(cg, NULL);
	struct timespec next, now;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		struct pollfd p = {.fd = oom, .events = POLLIN | POLLPRI};
		struct container_info info;
		enum container_status status;
		int64_t left;

		clock_gettime(CLOCK_MONOTONIC, &now);
		left = (next.tv_sec - now.tv_sec) * 1000 +
		       (next.tv_nsec - now.tv_nsec) / 1000000;
		if (left > 0 && poll(&p, 1, (int)left) > 0) {
			uint64_t kills = 0;
			bool gone = false;

			if (cgroup_oom_read(cg, oom, &kills, &gone) < 0 || gone)
				return 0;
			if (kills)
				print_oom(id);
			continue;
		}
		if (left > 0)
			continue;
		if (container_info(&args->rt, id, &info, NULL) < 0)
			return 0;
		status = info.status;
		container_info_free(&info);
		if (status == CONTAINER_STOPPED)
			return 0;
		if (print_stats(cg, id, err) < 0)
			return err->code ? -err->code : -EIO;
		next.tv_sec = now.tv_sec + interval_ms / 1000;
		next.tv_nsec = now.tv_nsec + interval_ms % 1000 * 1000000L;
	}
}

int cmd_events(const struct args *args)
{
	struct container_info info;
	struct cgroup *cg = NULL;
	struct err err = {0};
	int ms, rc;

	rc = args_ms(args, "interval", &ms, &err);
	if (!ms)
		ms = 5000;
	if (rc == 0)
		rc = container_info(&args->rt, args->rest[0], &info, &err);
	if (rc < 0)
		return cli_fail(&err, 1);
	if (info.status == CONTAINER_STOPPED)
		rc = err_say(&err, -EINVAL, "container %s is stopped",
			     args->rest[0]);
	container_info_free(&info);
	if (rc == 0)
		rc = container_cgroup(&args->rt, args->rest[0], &cg, &err);
	if (rc == 0 && cgroup_is_none(cg))
		rc = err_say(&err, -ENOTSUP,
			     "container %s has no cgroup to measure",
			     args->rest[0]);
	if (rc == 0 && args_has(args, "stats"))
		rc = print_stats(cg, args->rest[0], &err);
	else if (rc == 0)
		rc = watch(args, cg, ms, &err);
	cgroup_free(cg);
	return rc < 0 ? cli_fail(&err, 1) : 0;
}
