#include "host/cgroup_internal.h"

#include <errno.h>

#include "base/err.h"

/* CFQ's weights were renamed when BFQ replaced it in Linux 5.0. */
static const char *weight_file(const struct cgroup_limits *l, bool device)
{
	const char *cfq = device ? "blkio.weight_device" : "blkio.weight";
	const char *bfq =
		device ? "blkio.bfq.weight_device" : "blkio.bfq.weight";

	return cgroup_has_file(l->dir, cfq) ? cfq : bfq;
}

static int set_weights(const struct cgroup_limits *l,
		       const struct cgroup_block_io *io)
{
	int rc = 0;

	if (io->weight)
		rc = cgroup_limit(l, "blockIO.weight", weight_file(l, false),
				  "%u", io->weight);
	if (rc == 0 && io->leaf_weight)
		rc = cgroup_limit(l, "blockIO.leafWeight", "blkio.leaf_weight",
				  "%u", io->leaf_weight);
	for (size_t i = 0; rc == 0 && i < io->n_weight_device; i++) {
		const struct cgroup_weight_device *d = &io->weight_device[i];
		long long major = d->major, minor = d->minor;

		if (d->weight)
			rc = cgroup_limit(l, "blockIO.weightDevice",
					  weight_file(l, true), "%lld:%lld %u",
					  major, minor, d->weight);
		if (rc == 0 && d->leaf_weight)
			rc = cgroup_limit(l, "blockIO.weightDevice",
					  "blkio.leaf_weight_device",
					  "%lld:%lld %u", major, minor,
					  d->leaf_weight);
	}
	return rc;
}

static int set_throttle(const struct cgroup_limits *l, const char *field,
			const char *file,
			const struct cgroup_throttle_device *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = cgroup_limit(l, field, file, "%lld:%lld %llu",
				  (long long)v[i].major, (long long)v[i].minor,
				  (unsigned long long)v[i].rate);
	return rc;
}

int cgroup_v1_blkio(const struct cgroup_limits *l,
		    const struct cgroup_block_io *io)
{
	const struct {
		const char *field, *file;
		const struct cgroup_throttle_device *v;
		size_t n;
	} throttles[] = {
		{"blockIO.throttleReadBpsDevice",
		 "blkio.throttle.read_bps_device", io->throttle_read_bps_device,
		 io->n_throttle_read_bps_device},
		{"blockIO.throttleWriteBpsDevice",
		 "blkio.throttle.write_bps_device",
		 io->throttle_write_bps_device,
		 io->n_throttle_write_bps_device},
		{"blockIO.throttleReadIOPSDevice",
		 "blkio.throttle.read_iops_device",
		 io->throttle_read_iops_device,
		 io->n_throttle_read_iops_device},
		{"blockIO.throttleWriteIOPSDevice",
		 "blkio.throttle.write_iops_device",
		 io->throttle_write_iops_device,
		 io->n_throttle_write_iops_device},
	};
	int rc = set_weights(l, io);

	for (size_t i = 0; rc == 0 && i < 4; i++)
		rc = set_throttle(l, throttles[i].field, throttles[i].file,
				  throttles[i].v, throttles[i].n);
	return rc;
}
